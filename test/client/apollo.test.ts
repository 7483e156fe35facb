import { type ApolloClient, gql, InMemoryCache, type OperationVariables, type TypedDocumentNode } from '@apollo/client'
import { relayStylePagination } from '@apollo/client/utilities'
import { filter, firstValueFrom } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { type Data, startTestGateway, type TestGateway } from '../gateway.ts'
import { blockOf } from '../readme.ts'
import { readmeClient } from './readme-client.ts'

type Document = TypedDocumentNode<Data, OperationVariables>

const Users: Document = gql`
  query Users($first: Int, $after: String) {
    users(first: $first, after: $after) {
      nodes {
        id
        userName
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`

const UserEdges: Document = gql`
  query UserEdges($first: Int, $after: String) {
    users(first: $first, after: $after) {
      edges {
        cursor
        node {
          id
          userName
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`

const Certificates: Document = gql`
  query Certificates($userName: String!, $after: String) {
    user(userName: $userName) {
      id
      signingCertificates(first: 1, after: $after) {
        nodes {
          id
        }
        pageInfo {
          endCursor
        }
      }
    }
  }
`

const AccountCertificates: Document = gql`
  query AccountCertificates($status: SigningCertificateStatus) {
    signingCertificates(status: $status) {
      nodes {
        id
        status
      }
    }
  }
`

describe('a list in Apollo Client, by the README’s type policy', () => {
  test('is paged to its end, each user once and in IAM’s order', async () => {
    await using gateway = await startTestGateway('--sandbox-users=25')
    await using apollo = await readmeClient(gateway)
    const users = apollo.client.watchQuery({ query: Users, variables: { first: 4 } })
    const longerThan = async (length: number) => {
      const { data } = await firstValueFrom(
        users.pipe(filter(({ loading, data }) => !loading && data.users.nodes.length > length)),
      )
      return data.users
    }
    const shown = users.subscribe(() => {})
    let list = await longerThan(0)
    while (list.pageInfo.hasNextPage) {
      const longer = longerThan(list.nodes.length)
      await users.fetchMore({ variables: { after: list.pageInfo.endCursor } })
      list = await longer
    }
    shown.unsubscribe()
    const everyone = await gateway.ask('{ users { nodes { userName } } }')
    expect(list.nodes).toHaveLength(26)
    expect(list.nodes).toMatchObject(everyone.data.users.nodes)
  })

  test.each([
    ['nodes', Users],
    ['edges', UserEdges],
  ])('shows no row twice where a page comes again with other cursors: %s', async (rows, query) => {
    await using gateway = await startTestGateway('--sandbox-users=25', '--cache-ttl=0')
    await using apollo = await readmeClient(gateway)
    expect(await namesAfterPagesCameAgain(apollo.client, rows, query)).toEqual(await firstNames(gateway, 8))
  })

  test('would show rows twice by a policy that goes by cursors', async () => {
    await using gateway = await startTestGateway('--sandbox-users=25', '--cache-ttl=0')
    await using apollo = await readmeClient(gateway)
    apollo.client.cache = new InMemoryCache({
      typePolicies: { Query: { fields: { users: relayStylePagination() } } },
    })
    const names = await namesAfterPagesCameAgain(apollo.client, 'edges', UserEdges)
    expect(names.length).toBeGreaterThan(new Set(names).size)
  })

  test('keeps what it shows where a later page cannot be read', async () => {
    await using gateway = await startTestGateway('--sandbox-users=25')
    await using apollo = await readmeClient(gateway)
    const ask = (after?: string) =>
      apollo.client.query({
        query: Users,
        variables: { first: 4, after },
        fetchPolicy: 'network-only',
        errorPolicy: 'all',
      })
    const { data } = await ask()
    gateway.sandbox.fault({ action: 'ListUsers', answer: { code: 'AccessDenied' } })
    const { error } = await ask(data?.users.pageInfo.endCursor)
    expect(error).toMatchObject({ errors: [{ path: ['users'], extensions: { code: 'AccessDenied' } }] })
    expect(apollo.client.readQuery({ query: Users, variables: { first: 4 } })).toEqual(data)
  })

  test('keeps one user’s certificates apart from another’s, and joins the pages of each', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    await using apollo = await readmeClient(gateway)
    await uploadFor(gateway, 'bob')
    const pageOf = (userName: string, after?: string) =>
      apollo.client.query({ query: Certificates, variables: { userName, after }, fetchPolicy: 'network-only' })
    const first = await pageOf('alice')
    await pageOf('bob')
    await pageOf('alice', first.data?.user.signingCertificates.pageInfo.endCursor)
    const certificatesOf = (userName: string): Data =>
      apollo.client.readQuery<Data>({ query: Certificates, variables: { userName } })?.user.signingCertificates.nodes
    expect(certificatesOf('alice')).toHaveLength(2)
    expect(certificatesOf('bob')).toHaveLength(1)
    const ids = [...certificatesOf('alice'), ...certificatesOf('bob')].map(({ id }) => id)
    expect(new Set(ids).size).toBe(3)
  })

  test('keeps a filtered list of the account apart from the whole one', async () => {
    await using gateway = await startTestGateway('--sandbox-users=20')
    await using apollo = await readmeClient(gateway)
    const certificates = async (status: string | null) => {
      const { data } = await apollo.client.query<Data>({ query: AccountCertificates, variables: { status } })
      return data?.signingCertificates.nodes.map((node: Data) => node.status)
    }
    const all = await certificates(null)
    expect(new Set(all)).toEqual(new Set(['ACTIVE', 'INACTIVE']))
    expect(new Set(await certificates('INACTIVE'))).toEqual(new Set(['INACTIVE']))
    expect(await certificates(null)).toEqual(all)
  })
})

/** Page 1, page 2, page 1 again, and then page 2 twice by the cursor that page 1 had at first. */
async function namesAfterPagesCameAgain(client: ApolloClient, rows: string, query: Document): Promise<string[]> {
  const ask = async (after?: string) => {
    const variables = { first: 4, ...(after !== undefined && { after }) }
    const { data } = await client.query<Data>({ query, variables, fetchPolicy: 'network-only' })
    return data?.users.pageInfo.endCursor
  }
  const cursor = await ask()
  await ask(cursor)
  expect(await ask()).not.toBe(cursor)
  await ask(cursor)
  await ask(cursor)
  const { users } = client.readQuery<Data>({ query, variables: { first: 4 } })
  return users[rows].map((row: Data) => (row.node ?? row).userName)
}

async function firstNames({ ask }: TestGateway, first: number): Promise<string[]> {
  const { data } = await ask('query ($first: Int) { users(first: $first) { nodes { userName } } }', { first })
  return data.users.nodes.map(({ userName }: Data) => userName)
}

async function uploadFor({ ask, sandbox }: TestGateway, userName: string): Promise<void> {
  const { data } = await ask(blockOf('file=upload.graphql').text, {
    input: { userName, certificateBody: sandbox.example?.uploadCertificateBody },
  })
  expect(data.uploadSigningCertificate.__typename).toBe('UploadSigningCertificatePayload')
}
