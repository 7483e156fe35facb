import type { ApolloClient, ApolloLink } from '@apollo/client'
import type { Client } from 'graphql-ws'
import type { Observable } from 'rxjs'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { redisServer, startRedis } from '../events/redis.ts'
import { startTcpProxy, type TcpProxy } from '../events/tcp-proxy.ts'
import { type Data, startTestGateway, type TestGateway } from '../gateway.ts'
import { placeSnippets } from '../readme.ts'
import { aChange } from '../server/change.ts'
import { readmeClient } from './readme-client.ts'

/** What the README's code has told whoever pasted it. */
interface Told {
  readonly userNames: string[]
  /** How often the state was read. */
  states: () => number
  readonly errors: unknown[]
}

type Watch = (url: string, told: Told) => Promise<() => Promise<void>>

const clients: [name: string, watch: Watch][] = [
  ['Apollo Client over a WebSocket', (url, told) => watchByApollo(url, told)],
  ['Apollo Client over server-sent events', (url, told) => watchByApollo(url, told, 'sse-link.ts')],
  ['graphql-ws alone', watchByGraphqlWs],
]

const cleanups: (() => PromiseLike<void>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

describe.each(clients)('the README’s code for %s', (_name, watch) => {
  test('goes on behind the last change seen where its connection broke: each change comes once', async () => {
    const { gateway, proxy, told } = await watching(watch)
    await tell(gateway, 'one', 'two')
    await toldOf(told, 'one', 'two')
    proxy.cut()
    await subscribers(gateway, 0)
    await tell(gateway, 'three', 'four')
    await proxy.mend()
    await toldOf(told, 'one', 'two', 'three', 'four')
    await subscribers(gateway, 1)
    await tell(gateway, 'five')
    await toldOf(told, 'one', 'two', 'three', 'four', 'five')
    expect(told.states()).toBe(1)
    expect(told.errors).toEqual([])
  })

  test('reads the state again where the gateway was replaced by one that remembers nothing', async () => {
    const { gateway, told } = await watching(watch, ['--grace=3600'])
    await tell(gateway, 'one')
    await toldOf(told, 'one')
    const second = await replaced(gateway)
    await vi.waitFor(() => expect(told.states()).toBe(2), patient)
    await subscribers(second, 1)
    await tell(second, 'two')
    await toldOf(told, 'one', 'two')
    expect(told.errors).toEqual([])
  })

  test.skipIf(redisServer === undefined)('goes on at another instance where its own has stopped', async () => {
    const redis = await startRedis()
    cleanups.push(() => redis[Symbol.asyncDispose]())
    const { gateway, told } = await watching(watch, ['--grace=3600', `--redis-url=${redis.url}`])
    await tell(gateway, 'one')
    await toldOf(told, 'one')
    const second = await replaced(gateway, `--redis-url=${redis.url}`)
    // The client waits before it connects again: it was not there to see this one.
    expect(second.gateway.events.subscribers).toBe(0)
    await tell(second, 'two')
    await toldOf(told, 'one', 'two')
    await subscribers(second, 1)
    await tell(second, 'three')
    await toldOf(told, 'one', 'two', 'three')
    expect(told.states()).toBe(1)
    expect(told.errors).toEqual([])
  })
})

/** Clients wait between attempts, longer each time. */
const patient = { timeout: 25_000, interval: 20 }

async function watching(watch: Watch, flags: readonly string[] = []): Promise<Watching> {
  const gateway = await startTestGateway('--sandbox-users=2', ...flags)
  cleanups.push(gateway.gateway.close)
  const proxy = await startTcpProxy(gateway.url)
  cleanups.push(() => proxy[Symbol.asyncDispose]())
  const told: Told = { userNames: [], states: () => 0, errors: [] }
  cleanups.push(await watch(`http://${new URL(proxy.url).host}/graphql`, told))
  await subscribers(gateway, 1)
  return { gateway, proxy, told }
}

interface Watching {
  readonly gateway: TestGateway
  readonly proxy: TcpProxy
  readonly told: Told
}

async function replaced(gateway: TestGateway, ...flags: string[]): Promise<TestGateway> {
  await gateway.gateway.close()
  const second = await startTestGateway('--sandbox-users=2', `--port=${new URL(gateway.url).port}`, ...flags)
  // Clients leave first: one that waits for its gateway to come back cannot be ended.
  cleanups.splice(1, 0, second.gateway.close)
  return second
}

/** Changes that no mutation is needed for; each has a user of its own, by which it is told apart. */
async function tell({ gateway }: TestGateway, ...userNames: string[]): Promise<void> {
  for (const userName of userNames) {
    await gateway.events.publish(aChange({ userName, credentialId: `CERTIFICATEOF${userName}` }))
  }
}

async function toldOf({ userNames }: Told, ...expected: string[]): Promise<void> {
  await vi.waitFor(() => expect(userNames.length).toBeGreaterThanOrEqual(expected.length), patient)
  expect(userNames).toEqual(expected)
}

async function subscribers({ gateway }: TestGateway, count: number): Promise<void> {
  await vi.waitFor(() => expect(gateway.events.subscribers).toBe(count), patient)
}

async function watchByApollo(url: string, told: Told, linkFile?: string): Promise<() => Promise<void>> {
  const apollo = await readmeClient({ url })
  const { client, snippets } = apollo
  if (linkFile !== undefined) {
    const { sseLink } = await snippets.load<{ sseLink: ApolloLink }>(linkFile)
    const { resume } = await snippets.load<{ resume: ApolloLink }>('resume.ts')
    const http = client.link
    const { ApolloLink: Link } = await import('@apollo/client')
    client.setLink(Link.split(({ operationType }) => operationType === 'subscription', resume.concat(sseLink), http))
  }
  const { watch } = await snippets.load<{ watch: (client: ApolloClient) => Observable<Data> }>('watch.ts')
  const query = vi.spyOn(client, 'query')
  told.states = () => query.mock.calls.length
  const subscription = watch(client).subscribe({
    next: ({ userName }) => {
      told.userNames.push(userName)
    },
    error: error => told.errors.push(error),
  })
  return async () => {
    subscription.unsubscribe()
    await apollo[Symbol.asyncDispose]()
  }
}

async function watchByGraphqlWs(url: string, told: Told): Promise<() => Promise<void>> {
  const snippets = await placeSnippets(url)
  const { client, watchChanges } = await snippets.load<{
    client: Client
    watchChanges: (client: Client, watching: Data) => () => void
  }>('watch-changes.ts')
  const state = vi.fn()
  told.states = () => state.mock.calls.length
  const end = watchChanges(client, {
    state,
    change: ({ userName }: { userName: string }) => told.userNames.push(userName),
    error: (error: unknown) => told.errors.push(error),
  })
  return async () => {
    end()
    await client.dispose()
    await snippets[Symbol.asyncDispose]()
  }
}
