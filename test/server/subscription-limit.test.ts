import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { aChange } from './change.ts'
import {
  openGraphQLSocket,
  openPlainSocket,
  openSocket,
  type PlainSocket,
  postText,
  subscribeBySse,
} from './transport.ts'

const query = 'subscription { signingCertificateStatusChanged { userName } }'

function subscribe({ send }: PlainSocket, ...ids: string[]): void {
  for (const id of ids) send({ type: 'subscribe', id, payload: { query } })
}

function subscribeByFetch(url: string, signal: AbortSignal, method = 'POST'): Promise<Response> {
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream' }
  if (method === 'GET') return fetch(`${url}?query=${encodeURIComponent(query)}`, { headers, signal })
  return fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }), signal })
}

async function subscribers({ gateway }: TestGateway, count: number): Promise<void> {
  await vi.waitFor(() => expect(gateway.events.subscribers).toBe(count))
}

const refusal = (limit: number) => [
  { message: expect.any(String), extensions: { code: 'TOO_MANY_SUBSCRIPTIONS', limit } },
]

describe('--max-socket-subscriptions', () => {
  test('refuses one operation too many by an error of its own, and the others go on', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0', '--max-socket-subscriptions=2')
    await using plain = await openPlainSocket(gateway.url)
    subscribe(plain, '1', '2', '3')
    expect(await plain.message()).toEqual({ id: '3', type: 'error', payload: refusal(2) })
    plain.send({ type: 'subscribe', id: '4', payload: { query: '{ latestChangeId }' } })
    expect(await plain.message()).toEqual({ id: '4', type: 'error', payload: refusal(2) })
    await subscribers(gateway, 2)
    await gateway.gateway.events.publish(aChange())
    const told = [await plain.message(), await plain.message()]
    expect(told.map(({ type, id }) => `${type} ${id}`).sort()).toEqual(['next 1', 'next 2'])
  })

  test('has room again as soon as one is completed', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0', '--max-socket-subscriptions=2')
    await using plain = await openPlainSocket(gateway.url)
    subscribe(plain, '1', '2')
    await subscribers(gateway, 2)
    for (let turn = 0; turn < 20; turn += 1) {
      plain.send({ type: 'complete', id: turn === 0 ? '2' : `again ${turn - 1}` })
      subscribe(plain, `again ${turn}`)
    }
    await subscribers(gateway, 2)
    plain.send({ type: 'complete', id: '1' })
    plain.send({ type: 'subscribe', id: 'last', payload: { query: '{ latestChangeId }' } })
    expect(await plain.message()).toMatchObject({ id: 'last', type: 'next' })
  })

  test('is of each socket alone', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0', '--max-socket-subscriptions=1')
    await using one = await openPlainSocket(gateway.url)
    await using other = await openPlainSocket(gateway.url)
    subscribe(one, '1')
    subscribe(other, '1')
    await subscribers(gateway, 2)
  })
})

describe('--max-subscriptions', () => {
  test('does not count a client that has gone while the id it named was waited for', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0', '--max-subscriptions=1')
    const { events } = gateway.gateway
    let comes = () => {}
    const coming = new Promise<void>(resolve => {
      comes = resolve
    })
    const reached = vi.spyOn(events, 'reached').mockReturnValueOnce(coming)
    const leaving = new AbortController()
    const asked = subscribeByFetch(gateway.url, leaving.signal)
    await vi.waitFor(() => expect(reached).toHaveBeenCalled())
    leaving.abort()
    await expect(asked).rejects.toThrow()
    // Until the gateway has noticed: this request came later.
    await fetch(new URL('/health', gateway.url), { headers: { connection: 'close' } })
    comes()
    await using plain = await openPlainSocket(gateway.url)
    subscribe(plain, '1')
    await subscribers(gateway, 1)
  })

  test('counts WebSocket and SSE together, and refuses by an error on either', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0', '--max-subscriptions=2')
    await using plain = await openPlainSocket(gateway.url)
    subscribe(plain, '1')
    await subscribers(gateway, 1)
    {
      await using _stream = await subscribeBySse(gateway.url, { query })
      await subscribers(gateway, 2)
      subscribe(plain, '2')
      expect(await plain.message()).toEqual({ id: '2', type: 'error', payload: refusal(2) })
      await using refused = await subscribeBySse(gateway.url, { query })
      expect(refused.response.status).toBe(503)
      expect(JSON.parse((await refused.next())?.data ?? '')).toMatchObject({ errors: refusal(2) })
      expect(await refused.next()).toMatchObject({ event: 'complete' })
      // What is no subscription has its answer all the same.
      await using socket = await openGraphQLSocket(gateway.url)
      expect((await socket.ask({ query: '{ latestChangeId }' })).errors).toBeUndefined()
    }
    await subscribers(gateway, 1)
    subscribe(plain, '3')
    await subscribers(gateway, 2)
  })

  test('counts each one out, however it ends', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0', '--max-subscriptions=1', '--remembered-changes=1')
    const { events } = gateway.gateway
    for (const end of ['complete', 'refused', 'close', 'terminate'] as const) {
      await using plain = await openPlainSocket(gateway.url)
      if (end === 'refused') {
        const payload = { query: query.replace('Changed', 'Changed(after: "other.1")') }
        plain.send({ type: 'subscribe', id: '1', payload })
        expect(await plain.message()).toMatchObject({ type: 'next', payload: { errors: [expect.anything()] } })
        continue
      }
      subscribe(plain, '1')
      await subscribers(gateway, 1)
      if (end === 'complete') plain.send({ type: 'complete', id: '1' })
      else plain.socket[end]()
      await subscribers(gateway, 0)
    }
    await using slow = await openPlainSocket(gateway.url)
    subscribe(slow, '1')
    await subscribers(gateway, 1)
    await Promise.all([events.publish(aChange()), events.publish(aChange({ userName: 'bob' }))])
    expect(await slow.message()).toMatchObject({ type: 'error' })
    subscribe(slow, '2')
    await subscribers(gateway, 1)
  })
})

test('over SSE a client that goes away makes room at once, not by the next heartbeat', async () => {
  // Yoga's would come in no time where it says test.
  vi.stubEnv('NODE_ENV', 'production')
  onTestFinished(() => void vi.unstubAllEnvs())
  await using gateway = await startTestGateway('--sandbox-users=0', '--max-subscriptions=1')
  for (const method of ['POST', 'GET']) {
    const client = new AbortController()
    const response = await subscribeByFetch(gateway.url, client.signal, method)
    expect(response.status).toBe(200)
    await subscribers(gateway, 1)
    client.abort()
    await vi.waitFor(() => expect(gateway.gateway.events.subscribers).toBe(0), { timeout: 5_000 })
  }
})

test('a stream over SSE has a heartbeat while nothing happens', async () => {
  // Yoga's own: every 12 s, and faster where NODE_ENV is test.
  await using gateway = await startTestGateway('--sandbox-users=0')
  const socket = await openSocket(gateway.url)
  let text = ''
  socket.on('data', chunk => {
    text += chunk
  })
  socket.write(postText(JSON.stringify({ query }), { accept: 'text/event-stream' }))
  await vi.waitFor(() => expect(text.match(/^:$/gm)?.length).toBeGreaterThan(3), { timeout: 20_000 })
  expect(text).not.toContain('event:')
  socket.destroy()
})
