import { ApolloClient, gql, NetworkStatus, type OperationVariables, type TypedDocumentNode } from '@apollo/client'
import { Defer20220824Handler, GraphQL17Alpha9Handler } from '@apollo/client/incremental'
import { filter, firstValueFrom } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { type Data, startTestGateway } from '../gateway.ts'
import { type HeldGateway, startHeldGateway } from '../held-gateway.ts'
import { readmeClient } from './readme-client.ts'

type Document = TypedDocumentNode<Data, OperationVariables>

const Deferred: Document = gql`
  query Deferred {
    users {
      nodes {
        id
        userName
        ... @defer {
          signingCertificates {
            nodes {
              id
              userName
            }
          }
        }
      }
    }
  }
`

const Streamed: Document = gql`
  query Streamed($first: Int, $after: String) {
    users(first: $first, after: $after) {
      pageInfo {
        endCursor
      }
      nodes @stream {
        id
        userName
        signingCertificates {
          nodes {
            id
            userName
          }
        }
      }
    }
  }
`

const users = ['alice', 'bob', 'carol']

describe('rows in Apollo Client, by its handler of the draft of August 2022', () => {
  test('show before their certificates with @defer, and each has its own as IAM answers', async () => {
    await using held = await startHeldGateway({ users, held: ['alice', 'carol'] })
    await using apollo = await incrementalClient(held)
    const seen = watch(apollo.client, Deferred)
    expect(await seen(['alice -', 'bob -', 'carol -'])).toBe(NetworkStatus.streaming)
    expect(await seen(['alice -', 'bob bob', 'carol -'])).toBe(NetworkStatus.streaming)
    held.release('carol')
    expect(await seen(['alice -', 'bob bob', 'carol carol'])).toBe(NetworkStatus.streaming)
    held.release('alice')
    expect(await seen(['alice alice', 'bob bob', 'carol carol'])).toBe(NetworkStatus.ready)
  })

  test('show one after the other with @stream', async () => {
    await using held = await startHeldGateway({ users, held: users })
    await using apollo = await incrementalClient(held)
    const seen = watch(apollo.client, Streamed)
    expect(await seen([])).toBe(NetworkStatus.streaming)
    held.release('alice')
    expect(await seen(['alice alice'])).toBe(NetworkStatus.streaming)
    held.release('carol')
    held.release('bob')
    expect(await seen(['alice alice', 'bob bob', 'carol carol'])).toBe(NetworkStatus.ready)
  })

  test('are joined to the pages before, each once', async () => {
    await using gateway = await startTestGateway('--sandbox-users=12')
    await using apollo = await incrementalClient(gateway)
    const list = apollo.client.watchQuery({ query: Streamed, variables: { first: 5 } })
    const shown = list.subscribe(() => {})
    const whole = async (length: number) => {
      const isWhole = (data: Data) => data?.users.nodes.length === length
      const result = await firstValueFrom(list.pipe(filter(({ loading, data }) => !loading && isWhole(data))))
      return result.data.users
    }
    const { pageInfo } = await whole(5)
    const longer = whole(10)
    await list.fetchMore({ variables: { after: pageInfo.endCursor } })
    const names = (await longer).nodes.map(({ userName }: Data) => userName)
    shown.unsubscribe()
    const everyone = await gateway.ask('{ users(first: 10) { nodes { userName } } }')
    expect(names).toEqual(everyone.data.users.nodes.map(({ userName }: Data) => userName))
  })

  test.each([Deferred, Streamed])('come beside the error of one that IAM refuses', async query => {
    await using held = await startHeldGateway({ users, held: [], refused: ['bob'] })
    await using apollo = await incrementalClient(held)
    const { data, error } = await apollo.client.query({ query, errorPolicy: 'all' })
    expect(rows(data)).toEqual(['alice alice', 'bob -', 'carol carol'])
    expect(error).toMatchObject({
      errors: [{ path: ['users', 'nodes', 1, 'signingCertificates'], extensions: { code: 'AccessDenied' } }],
    })
  })
})

test('a client that speaks a later dialect gets its rows in one piece', async () => {
  await using held = await startHeldGateway({ users, held: [] })
  // Apollo's own types disagree under exactOptionalPropertyTypes.
  const handler = new GraphQL17Alpha9Handler() as unknown as Defer20220824Handler
  await using apollo = await incrementalClient(held, handler)
  const seen = watch(apollo.client, Deferred)
  expect(await seen(['alice alice', 'bob bob', 'carol carol'])).toBe(NetworkStatus.ready)
  expect(seen.count()).toBe(1)
})

/** The README's client, which takes answers in parts. */
async function incrementalClient(
  gateway: Pick<HeldGateway, 'url'>,
  incrementalHandler: Defer20220824Handler = new Defer20220824Handler(),
) {
  const { client: whole, ...readme } = await readmeClient(gateway)
  const client = new ApolloClient({ cache: whole.cache, link: whole.link, incrementalHandler })
  return {
    client,
    async [Symbol.asyncDispose]() {
      client.stop()
      await readme[Symbol.asyncDispose]()
    },
  }
}

/** Gives what resolves, once these rows show, with whether more are to come; `count` of the times that rows were shown. */
function watch(client: ApolloClient, query: Document) {
  const shown = client.watchQuery({ query, notifyOnNetworkStatusChange: true })
  let count = 0
  shown.subscribe(({ data }) => {
    if (data !== undefined) count += 1
  })
  const seen = async (expected: string[]): Promise<NetworkStatus> => {
    const isShown = (data: Data) => JSON.stringify(rows(data)) === JSON.stringify(expected)
    const result = await firstValueFrom(shown.pipe(filter(({ data }) => data !== undefined && isShown(data))))
    return result.networkStatus
  }
  return Object.assign(seen, { count: () => count })
}

/** `alice -` before her certificates are there, `alice alice` when hers are. */
function rows(data: Data): string[] {
  return data.users.nodes.map(
    ({ userName, signingCertificates }: Data) => `${userName} ${signingCertificates?.nodes[0].userName ?? '-'}`,
  )
}
