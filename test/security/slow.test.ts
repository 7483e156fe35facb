import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { aChange } from '../server/change.ts'
import { openPlainSocket, openSocket, postText, readToEnd, requestText } from '../server/transport.ts'
import { expectUnharmed } from './unharmed.ts'

/** Opens as many connections, and writes the same on each. */
async function openMany(gateway: TestGateway, count: number, bytes: string): Promise<Socket[]> {
  const sockets = await Promise.all(Array.from({ length: count }, () => openSocket(gateway.url)))
  for (const socket of sockets) {
    socket.on('error', () => {})
    if (bytes !== '') socket.write(bytes)
  }
  return sockets
}

test('five hundred connections that say nothing, begin a head and never end it, or never end a body: slowloris', async () => {
  await using gateway = await startTestGateway('--sandbox-users=2', '--grace=0.5')
  const whole = postText('{"query":"{ viewer { userName } }"}')
  const sockets: Socket[] = []
  for (const bytes of [
    '',
    'P',
    'POST /graphql HTTP/1.1\r\nHost: localhost\r\nX-',
    whole.slice(0, -5),
    `${whole.slice(0, -36)}{`,
  ]) {
    sockets.push(...(await openMany(gateway, 100, bytes)))
    await expectUnharmed(gateway)
  }
  // By Node's clocks, which look every half a minute: 60 s for a head and 300 s for the rest.
  expect(await serverOf(gateway)).toMatchObject({ headersTimeout: 60_000, requestTimeout: 300_000, timeout: 0 })
  // None of them can hold it open.
  await gateway.gateway.close()
  for (const socket of sockets) if (!socket.closed) await readToEnd(socket)
})

test('large answers that nobody reads', async () => {
  await using gateway = await startTestGateway('--sandbox-users=200', '--grace=0.5')
  const query =
    '{ users(first: 200) { nodes { id userId userName arn path createDate again: arn more: arn most: arn } } }'
  const sockets: Socket[] = []
  for (let count = 0; count < 20; count += 1) {
    const socket = await openSocket(gateway.url)
    socket.on('error', () => {})
    socket.pause()
    // Many of them, one behind the other, on each connection.
    socket.write(postText(JSON.stringify({ query }), { connection: 'keep-alive' }).repeat(5))
    sockets.push(socket)
  }
  await expectUnharmed(gateway)
  for (const socket of sockets) socket.destroy()
  await expectUnharmed(gateway)
})

test('event streams and WebSockets that nobody reads', async () => {
  await using gateway = await startTestGateway('--sandbox-users=2', '--remembered-changes=100', '--grace=0.5')
  const query = 'subscription { signingCertificateStatusChanged { id userName certificateId changedBy } }'
  const { events } = gateway.gateway
  const streams = await openMany(gateway, 20, postText(JSON.stringify({ query }), { accept: 'text/event-stream' }))
  for (const socket of streams) socket.pause()
  await using deaf = await openPlainSocket(gateway.url)
  deaf.send({ type: 'subscribe', id: '1', payload: { query } })
  await using reader = await openPlainSocket(gateway.url)
  reader.send({ type: 'subscribe', id: '1', payload: { query } })
  await expect.poll(() => events.subscribers).toBe(22)
  deaf.socket.pause()
  for (let count = 0; count < 300; count += 1) {
    await events.publish({ ...aChange(), changedBy: `arn:aws:iam::123456789012:user/${'x'.repeat(1_000)}` })
    // Whoever reads is told each, whatever the others do.
    expect(await reader.message()).toMatchObject({ type: 'next' })
  }
  for (const socket of streams) socket.destroy()
  deaf.socket.terminate()
  reader.socket.terminate()
  await expectUnharmed(gateway)
})

test('pings by the ten thousand whose answers nobody reads', async () => {
  await using gateway = await startTestGateway('--sandbox-users=2', '--grace=0.5')
  await using deaf = await openPlainSocket(gateway.url)
  deaf.socket.pause()
  const payload = 'x'.repeat(1_000)
  for (let count = 0; count < 10_000; count += 1) {
    deaf.send({ type: 'ping', payload: { payload } })
    deaf.socket.ping(payload.slice(0, 100))
  }
  await expectUnharmed(gateway)
  deaf.socket.terminate()
  await expectUnharmed(gateway)
})

test('requests by the hundred whose clients are gone before the answer', async () => {
  await using gateway = await startTestGateway('--sandbox-users=20', '--cache-ttl=0')
  gateway.sandbox.fault({ action: 'ListUsers', answer: { delay: 20 } })
  for (let round = 0; round < 5; round += 1) {
    const query = `{ users(first: ${round + 1}) { nodes { id } } }`
    const sockets = await openMany(gateway, 100, postText(JSON.stringify({ query }), { connection: 'keep-alive' }))
    for (const socket of sockets) socket.resetAndDestroy()
  }
  await expectUnharmed(gateway)
})

/** Node's server behind the gateway, by its own diagnostics. */
async function serverOf(gateway: TestGateway): Promise<Server> {
  const seen: Server[] = []
  // The sandbox is a server of this process, too.
  const look = (message: unknown) => {
    const { request, server } = message as { readonly request: IncomingMessage; readonly server: Server }
    if (request.url === '/health?who') seen.push(server)
  }
  subscribe('http.server.request.start', look)
  const socket = await openSocket(gateway.url)
  socket.write(requestText('GET /health?who', {}))
  await readToEnd(socket)
  unsubscribe('http.server.request.start', look)
  return seen[0] ?? expect.fail('expected a request to be told of')
}
