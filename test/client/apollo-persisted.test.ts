import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { print } from 'graphql'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Data, startTestGateway, type TestGateway } from '../gateway.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const Known = gql('query Known { latestChangeId }')
const Other = gql('query Other { viewer { userName } }')

let folder: string
let flag: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'persisted-'))
  const body = print(Known)
  const operations = [{ id: sha256(body), name: 'Known', type: 'query', body }]
  const manifest = { format: 'apollo-persisted-query-manifest', version: 1, operations }
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest))
  flag = `--persisted-operations=${join(folder, 'manifest.json')}`
})
afterAll(() => rm(folder, { recursive: true }))

/** Apollo Client as its documentation has it for persisted queries, and what it sends. */
function persistedClient({ url }: TestGateway, terminating?: ApolloLink) {
  const sent: string[] = []
  const http = new HttpLink({
    uri: url,
    fetch: (input, { body, ...init } = {}) => {
      sent.push(`${init.method} ${typeof body === 'string' && 'query' in JSON.parse(body) ? 'text' : 'id'}`)
      return fetch(input, { ...init, ...(body != null && { body }) })
    },
  })
  const persisted = new PersistedQueryLink({ sha256, useGETForHashedQueries: true })
  const link = ApolloLink.from([persisted, terminating ?? http])
  return { client: new ApolloClient({ link, cache: new InMemoryCache() }), sent }
}

describe("Apollo Client's persisted queries", () => {
  test('are asked for by their ids alone', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0', flag, '--persisted-operations-only')
    const { client, sent } = persistedClient(gateway)
    const { data } = await client.query<Data>({ query: Known })
    expect(data?.latestChangeId).toEqual(expect.any(String))
    expect(sent).toEqual(['GET id'])
  })

  test('that are not known go with their text where that is allowed, each time', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0', flag)
    const { client, sent } = persistedClient(gateway)
    for (const _ of [1, 2]) {
      const { data } = await client.query<Data>({ query: Other, fetchPolicy: 'network-only' })
      expect(data?.viewer.userName).toEqual(expect.any(String))
    }
    expect(sent).toEqual(['GET id', 'POST text', 'GET id', 'POST text'])
  })

  test('go with their text also to a gateway that has none', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0')
    const { client } = persistedClient(gateway)
    const { data } = await client.query<Data>({ query: Other })
    expect(data?.viewer.userName).toEqual(expect.any(String))
  })

  test('that are not known fail, after one more try, where no others are taken', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0', flag, '--persisted-operations-only')
    const { client, sent } = persistedClient(gateway)
    const error: unknown = await client.query<Data>({ query: Other }).catch((reason: unknown) => reason)
    expect(CombinedGraphQLErrors.is(error) && error.errors[0]?.extensions).toEqual({ code: 'PERSISTED_QUERY_ONLY' })
    expect(sent).toEqual(['GET id', 'POST text'])
  })

  test('are found on a WebSocket, where the text comes with the id', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0', flag, '--persisted-operations-only')
    const socket = createClient({ url: gateway.url.replace('http', 'ws'), webSocketImpl: WebSocket })
    const { client } = persistedClient(gateway, new GraphQLWsLink(socket))
    const { data } = await client.query<Data>({ query: Known })
    expect(data?.latestChangeId).toEqual(expect.any(String))
    await socket.dispose()
  })
})
