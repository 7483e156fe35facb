/** Names that the example tabs can use as they stand: the sandbox's. With a real account they are left to fill in. */
export interface Example {
  readonly userName: string
  readonly certificateId: string
  readonly uploadUserName: string
  readonly uploadCertificateBody: string
}

export function exampleTabs(example: Example | undefined): { query: string; variables?: string }[] {
  const { userName = '', certificateId = '', uploadUserName = '', uploadCertificateBody = '' } = example ?? {}
  const input = (value: object) => JSON.stringify(value, null, 2)
  const filledIn = (query: string) => (example ? query : `# Fill in the variables below.\n${query}`)
  return [
    { query: explore },
    {
      query: filledIn(upload),
      variables: input({ input: { userName: uploadUserName, certificateBody: uploadCertificateBody } }),
    },
    { query: filledIn(disable), variables: input({ input: { userName, certificateId, status: 'INACTIVE' } }) },
    { query: watch, variables: input({ userName: example ? userName : null }) },
  ]
}

const explore = `# Users with their certificates and credentials.
# Run it with the button, or Ctrl-Enter.
# The other tabs upload, disable, and watch.
query Explore($after: String) {
  viewer {
    userName
    arn
  }
  users(first: 20, after: $after) {
    nodes {
      userName
      path
      signingCertificates {
        nodes {
          certificateId
          status
          x509 {
            subject
            notAfter
            daysUntilExpiry
            publicKeyAlgorithm
            publicKeySize
          }
        }
      }
      serviceSpecificCredentials {
        serviceName
        serviceUserName
        status
        expirationDate
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`

const upload = `# Uploads a certificate.
# What IAM refuses is data: a type of the union.
mutation Upload($input: UploadSigningCertificateInput!) {
  uploadSigningCertificate(input: $input) {
    __typename
    ... on UploadSigningCertificatePayload {
      signingCertificate {
        certificateId
        userName
        status
        uploadDate
      }
    }
    ... on IamError {
      code
      message
    }
  }
}
`

const disable = `# Disables a certificate; ACTIVE enables it again.
# A status that it has already is no change, and
# the Watch tab of a second window shows none.
mutation Disable($input: SetSigningCertificateStatusInput!) {
  setSigningCertificateStatus(input: $input) {
    __typename
    ... on SetSigningCertificateStatusPayload {
      signingCertificate {
        certificateId
        status
      }
    }
    ... on IamError {
      code
      message
    }
  }
}
`

const watch = `# Shows each change of a certificate's status.
# Leaving the tab ends it: make the change in a
# second window. A userName of null: anyone's.
subscription Watch($userName: String) {
  signingCertificateStatusChanged(userName: $userName) {
    id
    userName
    certificateId
    previousStatus
    status
    changedAt
    source
  }
}
`
