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
      page ??= renderGraphiQL(options).replace('</head>', `${tabsStayInPlace}</head>`)
      return page
    },
  }
}

/**
 * GraphiQL lets a tab move as soon as it has the focus, and thinks of every default tab but the last as moved: the first
 * click on one made it jump away from under the pointer, and did nothing (seen in Chromium).
 */
const tabsStayInPlace = '<style>.graphiql-tab { transform: none !important }</style>'

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

const disable = `# Disables a certificate. To see it arrive, run the
# Watch tab in a second window first.
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
