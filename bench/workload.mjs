/**
 * What is asked of everybody, and how few IAM calls can answer it: there is no batch call for certificates, AllUsers
 * lists credentials by the thousand, and a status is set without learning the rest of the certificate.
 */
export const workloads = {
  oneUser: {
    title: 'one user',
    least: 3,
    query: `query OneUser {
      user(userName: "alice") {
        id
        userName
        signingCertificates { nodes { id status } }
        serviceSpecificCredentials { id serviceName status expirationDate }
      }
    }`,
  },
  dashboard: {
    title: 'dashboard of 100 users',
    least: 102,
    query: dashboard('id status'),
  },
  dashboardX509: {
    title: 'the same with x509',
    least: 102,
    query: dashboard('id status x509 { notAfter daysUntilExpiry }'),
  },
  mutation: {
    title: 'one mutation',
    least: 2,
    query: `mutation SetStatus($input: SetSigningCertificateStatusInput!) {
      setSigningCertificateStatus(input: $input) {
        ... on SetSigningCertificateStatusPayload { signingCertificate { id status } }
      }
    }`,
  },
  account: {
    title: 'the whole account',
    query: dashboard('id status x509 { notAfter daysUntilExpiry }', '$first'),
  },
  sweep: {
    title: 'certificates of many users',
    query: `query Sweep($first: Int!, $after: String) {
      users(first: $first, after: $after) {
        nodes { userName signingCertificates { nodes { certificateId status } } }
        pageInfo { hasNextPage endCursor }
      }
    }`,
  },
}

/** The README's, with what is wanted of each certificate. */
function dashboard(certificate, first = '100') {
  return `query Dashboard($after: String${first === '$first' ? ', $first: Int!' : ''}) {
    users(first: ${first}, after: $after) {
      nodes {
        id
        userName
        signingCertificates { nodes { ${certificate} } }
        serviceSpecificCredentials { id serviceName status expirationDate }
      }
      pageInfo { hasNextPage endCursor }
    }
  }`
}

/** Each time the other status, or there would be nothing to change. */
export function variablesOf(workload, example, turn) {
  if (workload !== 'mutation') return {}
  const { userName, certificateId } = example
  return { input: { userName, certificateId, status: turn % 2 === 0 ? 'INACTIVE' : 'ACTIVE' } }
}

export function capitalised(text) {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** What has to be equal whoever answers: all but cursors, which are opaque, and days, which pass. */
export function comparable(data) {
  return JSON.stringify(data, (key, value) => {
    if (key === 'endCursor') return undefined
    return key === 'daysUntilExpiry' ? typeof value : value
  })
}
