import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import type { GraphiQLOptions } from 'graphql-yoga'

/** Names that the example tabs can use as they stand: the sandbox's. With a real account they are left to fill in. */
export interface Example {
  readonly userName: string
  readonly certificateId: string
  readonly uploadUserName: string
  readonly uploadCertificateBody: string
}

/** One page with everything in it: no other host is asked for anything. Nine megabytes, so it is put together once. */
export function createGraphiQL(example: Example | undefined): {
  options: GraphiQLOptions
  render: (options?: GraphiQLOptions) => string
} {
  let page: string | undefined
  return {
    options: {
      title: 'iam-graphql-gateway',
      subscriptionsProtocol: 'WS',
      defaultTabs: exampleTabs(example),
    },
    render: options => {
      page ??= renderGraphiQL(options)
      return page
    },
  }
}

export function exampleTabs(example: Example | undefined): { query: string; variables?: string }[] {
  const { userName = '', certificateId = '', uploadUserName = '', uploadCertificateBody = '' } = example ?? {}
  const input = (value: object) => JSON.stringify(value, null, 2)
  return [
    { query: explore },
    {
      query: upload,
      variables: input({ input: { userName: uploadUserName, certificateBody: uploadCertificateBody } }),
    },
    { query: disable, variables: input({ input: { userName, certificateId, status: 'INACTIVE' } }) },
    { query: watch, variables: input({ userName: example ? userName : null }) },
  ]
}

const explore = `# Users, their signing certificates and service-specific credentials.
# Run it with the button, or Ctrl-Enter. The other tabs upload, disable, and watch.
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

const upload = `# Uploads a certificate. What IAM refuses is data: a type of the union.
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

const disable = `# Disables a certificate. Start the Watch tab first to see the change arrive there.
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

const watch = `# Shows each change of a certificate's status as it happens. Leave userName null to watch everyone.
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
