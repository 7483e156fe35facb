import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import type { GraphiQLOptions } from 'graphql-yoga'

/** Names that the example tabs can use as they stand: the sandbox's. With a real account they are left to fill in. */
export interface Example {
  readonly userName: string
  readonly certificateId: string
  readonly uploadUserName: string
  readonly uploadCertificateBody: string
}

export interface GraphiQLSettings {
  /** Says in the page, in a few words, whom its mutations act on. */
  readonly title: string
  /** Tells targets apart: what the browser keeps the page's tabs under. */
  readonly target: string
  readonly example: Example | undefined
}

/** One page with everything in it: no other host is asked for anything. Nine megabytes, so it is put together once. */
export function createGraphiQL({ title, target, example }: GraphiQLSettings): {
  options: GraphiQLOptions
  render: (options?: GraphiQLOptions) => string
} {
  let page: string | undefined
  return {
    options: {
      title,
      subscriptionsProtocol: 'WS',
      defaultTabs: exampleTabs(example),
    },
    render: options => {
      page ??= renderGraphiQL(options).replace('</head>', () => `${storageOf(target)}${tabsStayInPlace}</head>`)
      return page
    },
  }
}

/**
 * GraphiQL lets a tab move as soon as it has the focus, and thinks of every default tab but the last as moved: the first
 * click on one made it jump away from under the pointer, and did nothing (seen in Chromium).
 */
const tabsStayInPlace = '<style>.graphiql-tab { transform: none !important }</style>'

/**
 * GraphiQL keeps tabs in the browser, by origin. `npm start` and `npm run serve` have the same one, and the sandbox's
 * mutations, filled in and ready to run, must not come up before a real account. So each target has a storage of its own.
 */
function storageOf(target: string): string {
  const prefix = JSON.stringify(`${target} `).replaceAll('<', '\\u003c')
  return `<script>(() => {
    const whole = window.localStorage
    const prefix = ${prefix}
    const keys = () => Object.keys(whole).filter(key => key.startsWith(prefix))
    const own = {
      getItem: key => whole.getItem(prefix + key),
      setItem: (key, value) => whole.setItem(prefix + key, value),
      removeItem: key => whole.removeItem(prefix + key),
      clear: () => keys().forEach(key => whole.removeItem(key)),
      key: index => keys()[index]?.slice(prefix.length) ?? null,
      get length() { return keys().length },
    }
    Object.defineProperty(window, 'localStorage', { value: own })
  })()</script>`
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
