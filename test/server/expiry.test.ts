import { ApolloClient, gql, InMemoryCache } from '@apollo/client'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { createClient as createSseClient } from 'graphql-sse'
import { createClient } from 'graphql-ws'
import { describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { ChangeLog } from '../../src/events/change-log.ts'
import { type AuthenticatedServer, startAuthenticatedServer } from './authenticated-server.ts'
import { aChange } from './change.ts'
import { hold } from './held.ts'
import { openGraphQLSocket, subscribeBySse } from './transport.ts'

const query = 'subscription { signingCertificateStatusChanged { userName } }'
const upload = `mutation { uploadSigningCertificate(input: { userName: "alice", certificateBody: "x" }) { __typename } }`

/** Subscribes; gives back how to leave. */
type Subscribe = (server: AuthenticatedServer, told: Sink) => () => Promise<void>

interface Sink {
  next(result: { readonly data?: unknown }): void
  error(error: unknown): void
  complete(): void
}

/** Tokens that a client asks for, the first good for a moment. */
function tokensOf(server: AuthenticatedServer): () => Promise<{ authorization: string }> {
  let asked = 0
  return () => {
    asked += 1
    return server.bearer({ expiresIn: asked === 1 ? 2 : 300, scopes: ['watch'] })
  }
}

function wsClient(server: AuthenticatedServer) {
  return createClient({
    url: server.url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: tokensOf(server),
    // As it would, only sooner.
    retryWait: async () => undefined,
  })
}

const clients: [name: string, subscribe: Subscribe][] = [
  [
    'graphql-ws',
    (server, told) => {
      const client = wsClient(server)
      client.subscribe({ query }, told)
      return async () => client.dispose()
    },
  ],
  [
    'Apollo Client',
    (server, told) => {
      const ws = wsClient(server)
      const client = new ApolloClient({ cache: new InMemoryCache(), link: new GraphQLWsLink(ws) })
      const subscription = client.subscribe({ query: gql(query) }).subscribe(told)
      return async () => {
        subscription.unsubscribe()
        client.stop()
        await ws.dispose()
      }
    },
  ],
  [
    'graphql-sse',
    (server, told) => {
      const client = createSseClient({ url: server.url, headers: tokensOf(server), retry: async () => undefined })
      client.subscribe({ query }, told)
      return async () => client.dispose()
    },
  ],
]

describe.each(clients)('a subscription of %s', (_name, subscribe) => {
  test('goes on with a new token where the old one has expired', async () => {
    await using server = await startAuthenticatedServer({ tokenGrace: 100 })
    const begun = vi.spyOn(server.events, 'subscribe')
    const told: string[] = []
    const ended: unknown[] = []
    const leave = subscribe(server, {
      next: ({ data }) => told.push(userNameOf(data)),
      error: error => ended.push(error),
      complete: () => ended.push('completed'),
    })
    await vi.waitFor(() => expect(begun).toHaveBeenCalledTimes(1), patient)
    await server.events.publish(aChange({ userName: 'first' }))
    await vi.waitFor(() => expect(told).toEqual(['first']), patient)
    await vi.waitFor(() => expect(begun).toHaveBeenCalledTimes(2), patient)
    await server.events.publish(aChange({ userName: 'second' }))
    await vi.waitFor(() => expect(told).toEqual(['first', 'second']), patient)
    expect(ended).toEqual([])
    await leave()
    await subscribers(server.events, 0)
  })
})

test('a WebSocket whose token has expired is closed with 4403, and its subscriptions are not completed', async () => {
  await using server = await startAuthenticatedServer({ tokenGrace: 100 })
  await using socket = await openGraphQLSocket(server.url, await server.bearer({ expiresIn: 2 }))
  const subscription = socket.run({ query })
  await expect(subscription.next()).rejects.toMatchObject({ code: 4403 })
  expect(await socket.closed).toMatchObject({ code: 4403, reason: 'Forbidden: the token has expired' })
})

test('a subscription is told nothing more while a mutation under way is waited for', async () => {
  const held = hold()
  await using server = await startAuthenticatedServer({ tokenGrace: 3_000, change: held.inMutations })
  await using socket = await openGraphQLSocket(server.url, await server.bearer({ expiresIn: 2 }))
  const told: unknown[] = []
  const watching = (async () => {
    for await (const { data } of socket.run({ query })) told.push(userNameOf(data))
  })()
  const lost = expect(watching).rejects.toMatchObject({ code: 4403 })
  await subscribers(server.events, 1)
  await server.events.publish(aChange({ userName: 'early' }))
  await vi.waitFor(() => expect(told).toEqual(['early']), patient)
  const mutation = socket.ask({ query: upload })
  await held.isUnderWay
  await server.line(({ msg }) => msg === 'the token of a WebSocket has expired')
  await server.events.publish(aChange({ userName: 'late' }))
  held.release()
  await mutation
  await lost
  expect(told).toEqual(['early'])
  await subscribers(server.events, 0)
})

test('a mutation under way is answered first, and nothing else begins', async () => {
  const held = hold()
  await using server = await startAuthenticatedServer({ tokenGrace: 3_000, change: held.inMutations })
  await using socket = await openGraphQLSocket(server.url, await server.bearer({ expiresIn: 2 }))
  const mutation = socket.ask({ query: upload })
  await held.isUnderWay
  await server.line(({ msg }) => msg === 'the token of a WebSocket has expired')
  const late = expect(socket.ask({ query: '{ latestChangeId }' })).rejects.toMatchObject({ code: 4403 })
  held.release()
  expect(await mutation).toEqual({ data: { uploadSigningCertificate: { __typename: expect.any(String) } } })
  await late
  expect(await socket.closed).toMatchObject({ code: 4403 })
})

test('a mutation that takes longer than the grace time is not waited for', async () => {
  const held = hold()
  await using server = await startAuthenticatedServer({ tokenGrace: 100, change: held.inMutations })
  await using socket = await openGraphQLSocket(server.url, await server.bearer({ expiresIn: 2 }))
  await expect(socket.ask({ query: upload })).rejects.toMatchObject({ code: 4403 })
  held.release()
})

test('an event stream ends without `complete`, so that its client asks again', async () => {
  await using server = await startAuthenticatedServer({ tokenGrace: 100 })
  await using stream = await subscribeBySse(server.url, { query }, await server.bearer({ expiresIn: 2 }))
  expect(stream.response.status).toBe(200)
  expect(await stream.next()).toBeUndefined()
  await subscribers(server.events, 0)
})

test('whoever is asked for no token stays', async () => {
  await using server = await startAuthenticatedServer({ authentication: undefined, tokenGrace: 0 })
  await using stream = await subscribeBySse(server.url, { query })
  await using socket = await openGraphQLSocket(server.url)
  const subscription = socket.run({ query })
  const next = subscription.next()
  await subscribers(server.events, 2)
  await server.events.publish(aChange({ userName: 'still here' }))
  expect(await stream.nextResult()).toMatchObject({ data: { signingCertificateStatusChanged: {} } })
  expect(await next).toMatchObject({ done: false })
})

const patient = { timeout: 20_000, interval: 10 }

async function subscribers(events: ChangeLog, count: number): Promise<void> {
  await vi.waitFor(() => expect(events.subscribers).toBe(count), patient)
}

function userNameOf(data: unknown): string {
  return (data as { signingCertificateStatusChanged: { userName: string } }).signingCertificateStatusChanged.userName
}
