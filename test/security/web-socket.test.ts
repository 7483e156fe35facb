import { once } from 'node:events'
import { deflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { openPlainSocket } from '../server/transport.ts'
import { openGreetedSocket, openRawSocket, text } from './frame.ts'
import { expectMasked, expectUnharmed } from './unharmed.ts'

const init = text('{"type":"connection_init"}')
const watch = { query: 'subscription { signingCertificateStatusChanged { id } }' }
const cheap = { query: '{ __typename }' }

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway(
    '--sandbox-users=2',
    '--connection-init-timeout=0.5',
    '--max-socket-subscriptions=20',
  )
})
afterAll(() => gateway.gateway.close())

test('operations before connection_init', async () => {
  for (const message of [
    { type: 'subscribe', id: '1', payload: watch },
    { type: 'subscribe', id: '1', payload: { query: '{ viewer { userName } }' } },
  ]) {
    const calls = await gateway.callsOf(async () => {
      await using raw = await openRawSocket(gateway.url)
      raw.send(text(JSON.stringify(message)), init)
      expect(await raw.closed()).toBe(4401)
    })
    expect(calls).toEqual([])
  }
  await expectUnharmed(gateway)
})

test('WebSockets that never say connection_init', async () => {
  const sockets = await Promise.all(Array.from({ length: 50 }, () => openRawSocket(gateway.url)))
  // Pings are no greeting.
  for (const { send } of sockets) send({ opcode: 9, payload: Buffer.from('alive') })
  expect(new Set(await Promise.all(sockets.map(raw => raw.closed())))).toEqual(new Set([4408]))
  await expectUnharmed(gateway)
})

test('more subscriptions on one WebSocket than it may have', async () => {
  await using plain = await openPlainSocket(gateway.url)
  for (let id = 0; id < 2_000; id += 1) plain.send({ type: 'subscribe', id: String(id), payload: watch })
  for (let refused = 0; refused < 1_980; refused += 1) {
    const { type, payload } = await plain.message()
    expect(type).toBe('error')
    expect(payload).toMatchObject([{ extensions: { code: 'TOO_MANY_SUBSCRIPTIONS' } }])
  }
  expect(gateway.gateway.events.subscribers).toBe(20)
  plain.socket.close()
  await expectUnharmed(gateway)
})

test('one id for two operations', async () => {
  await using plain = await openPlainSocket(gateway.url)
  const closed = once(plain.socket, 'close')
  plain.send({ type: 'subscribe', id: '1', payload: watch })
  plain.send({ type: 'subscribe', id: '1', payload: watch })
  expect((await closed)[0]).toBe(4409)
  await expectUnharmed(gateway)
})

test('`complete` by the ten thousand, of operations that never were', async () => {
  await using plain = await openPlainSocket(gateway.url)
  plain.send({ type: 'subscribe', id: 'watch', payload: watch })
  for (let id = 0; id < 10_000; id += 1) plain.send({ type: 'complete', id: String(id) })
  for (const id of ['__proto__', 'constructor', 'toString']) plain.send({ type: 'complete', id })
  plain.send({ type: 'subscribe', id: 'query', payload: cheap })
  expect(await plain.message()).toMatchObject({ type: 'next', id: 'query', payload: { data: { __typename: 'Query' } } })
  expect(gateway.gateway.events.subscribers).toBe(1)
  plain.socket.close()
  await expectUnharmed(gateway)
})

test('operations begun and completed by the thousand', async () => {
  await using own = await startTestGateway('--sandbox-users=2', '--grace=0.5')
  await using plain = await openPlainSocket(own.url)
  for (let round = 0; round < 1_000; round += 1) {
    plain.send({ type: 'subscribe', id: 'again', payload: round % 2 ? watch : { query: '{ users { nodes { id } } }' } })
    plain.send({ type: 'complete', id: 'again' })
  }
  plain.send({ type: 'subscribe', id: 'last', payload: cheap })
  for (let id: string | undefined; id !== 'last'; ) id = (await plain.message()).id
  plain.socket.close()
  await expectUnharmed(own)
})

test('ids and types named as every object’s own members', async () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '']) {
    await using raw = await openGreetedSocket(gateway.url)
    raw.send(text(JSON.stringify({ type: name, id: name })))
    expect(await raw.closed()).toBe(4400)
    await using other = await openGreetedSocket(gateway.url)
    other.send(text(`{"type":"subscribe","id":${JSON.stringify(name)},"payload":{"query":"{ __typename }"}}`))
    if (name === '') expect(await other.closed()).toBe(4400)
    else await expect.poll(other.texts).toContain(JSON.stringify({ id: name, type: 'complete' }))
  }
  expect(Object.keys(Object.prototype)).toEqual([])
  await expectUnharmed(gateway)
})

test('a message larger than it may be: in one frame, in many, or only said to be', async () => {
  const large = 'x'.repeat(40_000)
  for (const frames of [
    [text(JSON.stringify({ type: 'ping', payload: { x: 'x'.repeat(200_000) } }))],
    [text(large, { fin: false }), ...Array.from({ length: 4 }, () => text(large, { opcode: 0, fin: false }))],
    [text('', { length: 2n ** 40n })],
    [text('', { length: 2n ** 63n - 1n })],
    [text('', { opcode: 2, length: 131_073n })],
  ]) {
    await using raw = await openRawSocket(gateway.url)
    raw.send(init, ...frames)
    expect(await raw.closed()).toBe(1009)
  }
  await expectUnharmed(gateway)
})

test('ten thousand empty fragments', async () => {
  await using raw = await openRawSocket(gateway.url)
  raw.send(init, text('{"type":', { fin: false }))
  raw.send(...Array.from({ length: 10_000 }, () => text('', { opcode: 0, fin: false })))
  raw.send(text('"ping"}', { opcode: 0 }))
  await Promise.race([raw.closed(), expect.poll(raw.texts).toContain('{"type":"pong"}')])
  await expectUnharmed(gateway)
})

test('compressed messages, which may be bombs', async () => {
  await using raw = await openRawSocket(gateway.url, {
    'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits, x-webkit-deflate-frame',
  })
  expect(raw.head).toMatch(/^HTTP\/1\.1 101 /)
  expect(raw.head.toLowerCase()).not.toContain('sec-websocket-extensions')
  const bomb = deflateRawSync(Buffer.alloc(10_000_000, ' '))
  raw.send(init, { opcode: 1, payload: bomb, reserved: 4 })
  expect(await raw.closed()).toBe(1002)
  await expectUnharmed(gateway)
})

test('frames that break the protocol: not masked, reserved, of unknown kinds, out of order, or no UTF-8', async () => {
  const ping = '{"type":"ping"}'
  for (const [code, ...frames] of [
    [1002, text(ping, { isMasked: false })],
    [1002, text(ping, { reserved: 1 })],
    [1002, text(ping, { opcode: 3 })],
    [1002, text(ping, { opcode: 11 })],
    [1002, text(ping, { opcode: 0 })],
    [1002, text('a', { fin: false }), text('b', { fin: false })],
    [1002, text('x'.repeat(126), { opcode: 9 })],
    [1002, text('', { opcode: 9, fin: false })],
    [1002, text('x', { opcode: 8 })],
    [1007, { opcode: 1, payload: Buffer.from([0xc0, 0xaf, 0xff]) }],
    [1007, { opcode: 1, payload: Buffer.from([0xed, 0xa0, 0x80]) }],
  ] as const) {
    await using raw = await openRawSocket(gateway.url)
    raw.send(init, ...frames)
    expect(await raw.closed()).toBe(code)
  }
  await expectUnharmed(gateway)
})

test('messages that are no protocol: no JSON, no type, a second greeting, a payload of another shape', async () => {
  const subscribe = (payload: unknown) => ({ type: 'subscribe', id: '1', payload })
  for (const message of [
    '',
    'x',
    'null',
    '[]',
    '{}',
    '{"type":1}',
    '['.repeat(60_000),
    ...[
      { type: 'next', id: '1', payload: {} },
      { type: 'start', id: '1', payload: cheap },
      subscribe(null),
      subscribe('{ __typename }'),
      subscribe({}),
      subscribe({ query: ['{ __typename }'] }),
      subscribe({ ...cheap, variables: [1] }),
      subscribe({ ...cheap, operationName: {} }),
      { type: 'subscribe', payload: cheap },
      { type: 'subscribe', id: 1, payload: cheap },
    ].map(wrong => JSON.stringify(wrong)),
  ]) {
    await using raw = await openGreetedSocket(gateway.url)
    raw.send(text(message))
    expect(await raw.closed(), message.slice(0, 100)).toBe(4400)
  }
  await using raw = await openRawSocket(gateway.url)
  raw.send(init, init)
  expect(await raw.closed()).toBe(4429)
  await expectUnharmed(gateway)
})

test('a subprotocol that is none', async () => {
  for (const protocol of ['graphql-ws', 'soap', 'GRAPHQL-TRANSPORT-WS']) {
    const socket = new WebSocket(gateway.url.replace('http', 'ws'), protocol)
    const [error] = (await once(socket, 'error')) as [Error]
    expect(error.message).toMatch(/subprotocol/)
  }
  await expectUnharmed(gateway)
})

test('a mutation by `subscribe` whose socket is gone at once', async () => {
  await using raw = await openGreetedSocket(gateway.url)
  const query =
    'mutation { uploadSigningCertificate(input: { userName: "alice", certificateBody: "x" }) { __typename } }'
  raw.send(text(JSON.stringify({ type: 'subscribe', id: '1', payload: { query } })))
  raw.socket.resetAndDestroy()
  await expectUnharmed(gateway)
  expectMasked((await gateway.ask(query)).errors ?? [])
})
