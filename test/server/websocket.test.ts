import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { startLoggedServer } from './logged-server.ts'
import { openGraphQLSocket, openPlainSocket, requestText, sendRaw, upgradeStatus } from './transport.ts'

const watch = 'subscription { signingCertificateStatusChanged { id } }'

let gateway: TestGateway
beforeEach(async () => {
  gateway = await startTestGateway('--sandbox-users=2', '--max-body=1000', '--grace=3600', '--report-cost=false')
})
afterEach(() => gateway.gateway.close())

async function closeOf(socket: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  return { code, reason: String(reason) }
}

test('a query and a mutation are answered, each by one result', async () => {
  await using socket = await openGraphQLSocket(gateway.url)
  expect(await socket.ask({ query: '{ viewer { userName } }' })).toEqual({ data: { viewer: { userName: 'gateway' } } })
  const { userName, certificateId } = gateway.sandbox.example ?? {}
  const result = await socket.ask({
    query:
      'mutation ($input: SetSigningCertificateStatusInput!) { setSigningCertificateStatus(input: $input) { __typename } }',
    variables: { input: { userName, certificateId, status: 'INACTIVE' } },
  })
  expect(result).toEqual({
    data: { setSigningCertificateStatus: { __typename: 'SetSigningCertificateStatusPayload' } },
  })
})

test('operations on one socket go on side by side', async () => {
  gateway.sandbox.fault({ action: 'GetUser', userName: 'alice', times: 1, answer: { delay: 300 } })
  await using socket = await openGraphQLSocket(gateway.url)
  const order: string[] = []
  const slow = socket.ask({ query: '{ user(userName: "alice") { path } }' }).then(() => order.push('slow'))
  await socket.ask({ query: '{ latestChangeId }' }).then(() => order.push('fast'))
  await slow
  expect(order).toEqual(['fast', 'slow'])
})

test('IAM’s refusal is one field’s error, with its code and path, and no HTTP status', async () => {
  gateway.sandbox.fault({ action: 'GetUser', answer: { code: 'AccessDenied', status: 403 } })
  await using socket = await openGraphQLSocket(gateway.url)
  const { data, errors } = await socket.ask({ query: '{ latestChangeId user(userName: "alice") { path } }' })
  expect(data).toEqual({ latestChangeId: expect.any(String), user: null })
  expect(errors).toEqual([
    {
      message: expect.stringContaining('is not authorized'),
      path: ['user'],
      locations: [{ line: 1, column: 18 }],
      extensions: { code: 'AccessDenied', requestId: expect.any(String) },
    },
  ])
})

describe('what is no protocol closes the socket, with the code that says why, and the process lives', () => {
  const cases: [what: string, message: string | Buffer, code: number][] = [
    ['a message that is not JSON', '{"type":', 4400],
    ['a message without a type', '{}', 4400],
    ['a subscription without a query', JSON.stringify({ type: 'subscribe', id: '1', payload: {} }), 4400],
    ['a second greeting', JSON.stringify({ type: 'connection_init' }), 4429],
    ['a message larger than --max-body', JSON.stringify({ type: 'ping', payload: { x: 'x'.repeat(1_000) } }), 1009],
  ]
  test.each(cases)('%s', async (_what, message, code) => {
    await using plain = await openPlainSocket(gateway.url)
    plain.socket.send(message)
    expect(await closeOf(plain.socket)).toMatchObject({ code })
    expect((await gateway.ask('{ latestChangeId }')).errors).toBeUndefined()
  })

  test('an operation before the greeting', async () => {
    const socket = new WebSocket(gateway.url.replace('http', 'ws'), 'graphql-transport-ws')
    await once(socket, 'open')
    socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: '{ latestChangeId }' } }))
    expect(await closeOf(socket)).toEqual({ code: 4401, reason: 'Unauthorized' })
  })

  test('an operation under an id that is in use', async () => {
    await using plain = await openPlainSocket(gateway.url)
    const payload = { query: 'subscription { signingCertificateStatusChanged { id } }' }
    plain.send({ type: 'subscribe', id: '1', payload })
    plain.send({ type: 'subscribe', id: '1', payload })
    expect(await closeOf(plain.socket)).toEqual({ code: 4409, reason: 'Subscriber for 1 already exists' })
  })

  test('another subprotocol', async () => {
    const socket = new WebSocket(gateway.url.replace('http', 'ws'), 'graphql-ws')
    socket.on('error', () => {})
    const [error] = (await once(socket, 'error')) as [Error]
    expect(error.message).toBe('Server sent no subprotocol')
    expect((await gateway.ask('{ latestChangeId }')).errors).toBeUndefined()
  })
})

test('a message of --max-body is answered', async () => {
  await using plain = await openPlainSocket(gateway.url)
  const empty = JSON.stringify({ type: 'ping', payload: { x: '' } })
  plain.send({ type: 'ping', payload: { x: 'x'.repeat(1_000 - empty.length) } })
  expect(await plain.message()).toMatchObject({ type: 'pong' })
})

test('only /graphql opens a WebSocket', async () => {
  const at = (path: string) => upgradeStatus(gateway.url.replace('/graphql', path), {})
  expect(await at('/graphql')).toBe(101)
  expect(await at('/graphql?token=x')).toBe(101)
  expect(await at('/')).toBe(404)
  expect(await at('/graphql/ws')).toBe(404)
})

test('a socket that breaks is nothing to log above debug', async () => {
  await using server = await startLoggedServer()
  await using plain = await openPlainSocket(server.url)
  plain.socket.send(Buffer.alloc(200_000))
  expect(await closeOf(plain.socket)).toMatchObject({ code: 1009 })
  const line = await server.line(({ msg }) => msg === 'a WebSocket failed')
  expect(line.level).toBe(20)
  expect(server.lines().filter(({ level }) => level > 20)).toEqual([])
})

test('a client that answers pings is kept, one that does not is let go', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    await using lively = await openPlainSocket(gateway.url)
    const dead = new WebSocket(gateway.url.replace('http', 'ws'), 'graphql-transport-ws', { autoPong: false })
    await once(dead, 'open')
    dead.send(JSON.stringify({ type: 'connection_init' }))
    await once(dead, 'message')
    for (let round = 0; round < 3; round += 1) {
      const pinged = once(lively.socket, 'ping')
      vi.advanceTimersByTime(30_000)
      await pinged
      // Behind the pong: when this is answered, that has arrived.
      lively.send({ type: 'ping' })
      expect(await lively.message()).toEqual({ type: 'pong' })
    }
    if (dead.readyState !== WebSocket.CLOSED) await once(dead, 'close')
    expect(lively.socket.readyState).toBe(WebSocket.OPEN)
  } finally {
    vi.useRealTimers()
  }
})

test('a WebSocket that does not say connection_init in time is closed, with the code that says so', async () => {
  await using hasty = await startTestGateway('--sandbox-users=0', '--connection-init-timeout=0.1')
  const socket = new WebSocket(hasty.url.replace('http', 'ws'), 'graphql-transport-ws')
  expect(await closeOf(socket)).toEqual({ code: 4408, reason: 'Connection initialisation timeout' })
})

test('a client that neither reads nor answers pings is let go: --keep-alive', async () => {
  await using strict = await startTestGateway('--sandbox-users=0', '--keep-alive=0.2')
  await using plain = await openPlainSocket(strict.url)
  plain.send({ type: 'subscribe', id: '1', payload: { query: watch } })
  await vi.waitFor(() => expect(strict.gateway.events.subscribers).toBe(1))
  plain.socket.pause()
  await vi.waitFor(() => expect(strict.gateway.events.subscribers).toBe(0), { timeout: 20_000 })
  plain.socket.resume()
  expect(await closeOf(plain.socket)).toMatchObject({ code: 1006 })
})

test('a client that sends and does not read is not read from any more, until it reads', async () => {
  await using wide = await startTestGateway('--sandbox-users=0', '--max-body=1000000', '--keep-alive=3600')
  await using plain = await openPlainSocket(wide.url)
  const ping = { type: 'ping', payload: { x: 'x'.repeat(900_000) } }
  const count = 60
  plain.socket.pause()
  for (let sent = 0; sent < count; sent += 1) plain.send(ping)
  // More than the buffers between two sockets of this machine hold, and more than the gateway takes in.
  await settledAmount(plain.socket)
  expect(plain.socket.bufferedAmount).toBeGreaterThan(20_000_000)
  plain.socket.resume()
  for (let read = 0; read < count; read += 1) expect(await plain.message()).toMatchObject({ type: 'pong' })
})

/** Resolves once nothing more of what was sent goes out. */
async function settledAmount(socket: WebSocket): Promise<void> {
  let before = -1
  while (socket.bufferedAmount !== before) {
    before = socket.bufferedAmount
    await wait(500)
  }
}

test('a refused client that does not hang up is hung up on', async () => {
  const socket = connect({ port: Number(new URL(gateway.url).port), host: '127.0.0.1', allowHalfOpen: true })
  socket.write(requestText('GET /graphql', { host: 'evil.example', connection: 'Upgrade', upgrade: 'websocket' }))
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  expect(String(chunk)).toMatch(/^HTTP\/1\.1 403 /)
  await gateway.gateway.close()
  socket.destroy()
})

test('a WebSocket that is refused is told why, in the form of any error', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    origin: 'http://evil.example',
  }
  const answer = await sendRaw(gateway.url, requestText('GET /graphql', upgrade))
  expect(answer.status).toBe(403)
  expect(JSON.parse(answer.body)).toMatchObject({ errors: [{ extensions: { code: 'ORIGIN_REFUSED' } }] })
})
