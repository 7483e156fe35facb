import type { FormattedExecutionResult } from 'graphql'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { aChange } from './change.ts'
import { openGraphQLSocket, openPlainSocket, openSocket, postText, subscribeBySse } from './transport.ts'

let gateway: TestGateway
beforeEach(async () => {
  gateway = await startTestGateway('--sandbox-users=2', '--remembered-changes=4', '--report-cost=false')
})
afterEach(() => gateway.gateway.close())

const query = `subscription ($userName: String, $after: ID) {
  signingCertificateStatusChanged(userName: $userName, after: $after) { id userName status changedBy }
}`

interface Subscriber extends AsyncDisposable {
  /** The next result, or what ended the stream: `complete`, or errors. */
  next(): Promise<FormattedExecutionResult | 'complete' | { readonly error: unknown }>
}

/** The same subscription over each transport: what is true of one is true of the other. */
const transports: [name: string, subscribe: (variables: Record<string, unknown>) => Promise<Subscriber>][] = [
  [
    'graphql-ws',
    async variables => {
      const socket = await openGraphQLSocket(gateway.url)
      const before = gateway.gateway.events.subscribers
      const results = socket.run({ query, variables })
      const first = results.next()
      await settled(before, first)
      const pending = [first]
      return {
        async next() {
          try {
            const { value, done } = await (pending.shift() ?? results.next())
            return done ? 'complete' : value
          } catch (error) {
            return { error }
          }
        },
        [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
      }
    },
  ],
  [
    'SSE',
    async variables => {
      const stream = await subscribeBySse(gateway.url, { query, variables })
      return {
        async next() {
          const event = await stream.next()
          return event?.event === 'next' ? JSON.parse(event.data) : 'complete'
        },
        [Symbol.asyncDispose]: () => stream[Symbol.asyncDispose](),
      }
    },
  ],
]

/** A WebSocket has no answer that says "subscribed": the gateway's count of subscribers does, or a result. */
async function settled(before: number, first: Promise<unknown>): Promise<void> {
  const begun = vi.waitFor(() => expect(gateway.gateway.events.subscribers).toBeGreaterThan(before))
  await Promise.race([begun, first.catch(() => {})])
}

const changed = (change: object) => ({
  data: { signingCertificateStatusChanged: { changedBy: null, id: expect.any(String), ...change } },
})

describe.each(transports)('a subscription over %s', (_name, subscribe) => {
  test('tells what a mutation changes, and no more than its filter takes', async () => {
    await using everyone = await subscribe({})
    await using alice = await subscribe({ userName: 'ALICE' })
    await gateway.gateway.events.publish(aChange({ userName: 'bob' }))
    const { userName, certificateId } = gateway.sandbox.example ?? { userName: '', certificateId: '' }
    const { data } = await gateway.ask(
      'mutation ($input: SetSigningCertificateStatusInput!) { setSigningCertificateStatus(input: $input) { __typename } }',
      { input: { userName, certificateId, status: 'INACTIVE' } },
    )
    expect(data.setSigningCertificateStatus.__typename).toBe('SetSigningCertificateStatusPayload')
    const ofAlice = changed({ userName: 'alice', status: 'INACTIVE', changedBy: expect.any(String) })
    expect(await everyone.next()).toEqual(changed({ userName: 'bob', status: 'INACTIVE' }))
    expect(await everyone.next()).toEqual(ofAlice)
    expect(await alice.next()).toEqual(ofAlice)
  })

  test('replays behind `after` what is remembered, and goes on with what comes', async () => {
    const { events } = gateway.gateway
    const { data } = await gateway.ask('{ latestChangeId }')
    await events.publish(aChange({ userName: 'first' }))
    await events.publish(aChange({ userName: 'second' }))
    await using stream = await subscribe({ after: data.latestChangeId })
    expect(await stream.next()).toEqual(changed({ userName: 'first', status: 'INACTIVE' }))
    expect(await stream.next()).toEqual(changed({ userName: 'second', status: 'INACTIVE' }))
    await events.publish(aChange({ userName: 'third' }))
    expect(await stream.next()).toEqual(changed({ userName: 'third', status: 'INACTIVE' }))
  })

  test('from a change that is not remembered is refused, and completes', async () => {
    const after = gateway.gateway.events.latestId()
    for (let index = 0; index < 5; index += 1) await gateway.gateway.events.publish(aChange())
    for (const forgotten of [after, 'anything', 'epoch.1']) {
      await using stream = await subscribe({ after: forgotten })
      expect(await stream.next()).toMatchObject({
        errors: [{ path: ['signingCertificateStatusChanged'], extensions: { code: 'CHANGE_NOT_REMEMBERED' } }],
      })
      expect(await stream.next()).toBe('complete')
    }
    expect(gateway.gateway.events.subscribers).toBe(0)
  })

  test('lets the subscriber go when its client leaves', async () => {
    const { events } = gateway.gateway
    {
      await using stream = await subscribe({})
      await events.publish(aChange())
      await stream.next()
      expect(events.subscribers).toBe(1)
    }
    await vi.waitFor(() => expect(events.subscribers).toBe(0))
  })
})

test('a subscription by a client that cannot read a stream is refused, and nobody waits for it', async () => {
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query }),
  })
  expect(response.status).toBe(406)
  expect(gateway.gateway.events.subscribers).toBe(0)
})

describe('a subscriber that vanishes', () => {
  test('from a WebSocket, by `complete` or without a word, is let go', async () => {
    const { events } = gateway.gateway
    await using polite = await openPlainSocket(gateway.url)
    await using rude = await openPlainSocket(gateway.url)
    for (const { send } of [polite, rude]) send({ type: 'subscribe', id: 'one', payload: { query } })
    await vi.waitFor(() => expect(events.subscribers).toBe(2))
    polite.send({ type: 'complete', id: 'one' })
    await vi.waitFor(() => expect(events.subscribers).toBe(1))
    rude.socket.terminate()
    await vi.waitFor(() => expect(events.subscribers).toBe(0))
    // The polite one may subscribe again, under the same id.
    polite.send({ type: 'subscribe', id: 'one', payload: { query } })
    await vi.waitFor(() => expect(events.subscribers).toBe(1))
  })

  test('from SSE without a word is let go', async () => {
    const { events } = gateway.gateway
    const socket = await openSocket(gateway.url)
    socket.write(postText(JSON.stringify({ query }), { accept: 'text/event-stream' }))
    await vi.waitFor(() => expect(events.subscribers).toBe(1))
    socket.resetAndDestroy()
    await vi.waitFor(() => expect(events.subscribers).toBe(0))
  })
})

describe('a subscriber that stops reading', () => {
  /** More than the buffers between two sockets of this machine hold. */
  const large = () => aChange({ changedBy: 'x'.repeat(1_000_000) })
  const rounds = 25

  test('holds up no other, and once it reads again is told that it was too slow: over SSE', async () => {
    const slow = await openSocket(gateway.url)
    slow.write(postText(JSON.stringify({ query }), { accept: 'text/event-stream' }))
    slow.pause()
    await vi.waitFor(() => expect(gateway.gateway.events.subscribers).toBe(1))
    await everyoneElseReads()
    let text = ''
    for await (const chunk of slow.resume() as AsyncIterable<Buffer>) {
      text = (text + chunk).slice(-2_000)
      if (text.includes('event: complete\n')) break
    }
    const events = text
      .replace(/\r\n[\da-f]+\r\n/g, '\n')
      .split('\n')
      .filter(line => line.trim() !== '' && line.trim() !== ':')
    expect(events.slice(-5).join('\n')).toMatch(
      /event: next\ndata: \{.*"code":"SUBSCRIBER_TOO_SLOW".*\}\nevent: complete/,
    )
  })

  test('holds up no other, and once it reads again is told that it was too slow: over graphql-ws', async () => {
    const upgrade = vi.spyOn(WebSocketServer.prototype, 'handleUpgrade')
    await using slow = await openPlainSocket(gateway.url)
    const [server] = upgrade.mock.contexts as WebSocketServer[]
    const [held] = server?.clients ?? []
    upgrade.mockRestore()
    slow.send({ type: 'subscribe', id: 'slow', payload: { query } })
    await vi.waitFor(() => expect(gateway.gateway.events.subscribers).toBe(1))
    slow.socket.pause()
    await everyoneElseReads()
    // One change is on its way to it; the others wait in the log, once for all.
    expect(held?.bufferedAmount).toBeGreaterThan(0)
    expect(held?.bufferedAmount).toBeLessThan(2_000_000)
    slow.socket.resume()
    let message = await slow.message()
    while (message.type === 'next') message = await slow.message()
    expect(message).toMatchObject({
      id: 'slow',
      type: 'error',
      payload: [{ extensions: { code: 'SUBSCRIBER_TOO_SLOW' } }],
    })
    slow.send({ type: 'subscribe', id: 'again', payload: { query: '{ latestChangeId }' } })
    expect(await slow.message()).toMatchObject({ id: 'again', type: 'next' })
  })

  /** Each change is published only when the others have read the one before: none of them falls behind. */
  async function everyoneElseReads(): Promise<void> {
    await using socket = await openGraphQLSocket(gateway.url)
    const bySocket = socket.run({ query })
    let next = bySocket.next()
    await vi.waitFor(() => expect(gateway.gateway.events.subscribers).toBe(2))
    await using bySse = await subscribeBySse(gateway.url, { query })
    for (let round = 0; round < rounds; round += 1) {
      await gateway.gateway.events.publish(large())
      expect((await next).value).not.toHaveProperty('errors')
      next = bySocket.next()
      expect(await bySse.nextResult()).not.toHaveProperty('errors')
    }
    next.catch(() => {})
  }
})
