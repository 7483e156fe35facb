import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CloseCode, createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { type AuthenticatedServer, startAuthenticatedServer } from './authenticated-server.ts'
import { type CloseEvent, openGraphQLSocket } from './transport.ts'

const latest = { query: '{ latestChangeId }' }

describe('a WebSocket with authentication on', () => {
  let server: AuthenticatedServer
  beforeAll(async () => {
    server = await startAuthenticatedServer()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test.each(['authorization', 'Authorization'])('opens by a token in connectionParams as %s', async name => {
    const { authorization } = await server.bearer()
    await using socket = await openGraphQLSocket(server.url, { [name]: authorization })
    expect(await socket.ask(latest)).toEqual({ data: { latestChangeId: expect.any(String) } })
  })

  test('opens by a token in its header, where the parameters have none', async () => {
    const good = await server.bearer()
    expect(await greeted(server, undefined, good)).toBe('connection_ack')
    expect(await greeted(server, { locale: 'en' }, good)).toBe('connection_ack')
    const bad = await server.bearer({ expiresIn: -60 })
    expect(await greeted(server, bad, good)).toEqual(forbidden)
    expect(await greeted(server, good, bad)).toBe('connection_ack')
  })

  test.each([
    ['no token', async () => undefined],
    ['no token, but other parameters', async () => ({ token: 'Bearer x' })],
    ['another scheme', async () => ({ authorization: 'Basic YWxpY2U6c2VjcmV0' })],
    ['what is no text', async () => ({ authorization: ['Bearer x'] })],
    ['two', async (of: AuthenticatedServer) => ({ ...(await of.bearer()), Authorization: 'Bearer x' })],
    ['one that has expired', (of: AuthenticatedServer) => of.bearer({ expiresIn: -60 })],
    ["a stranger's", async ({ issuer }: AuthenticatedServer) => bearer(await issuer.forge(issuer.claims()))],
  ])('closes with 4403 by %s', async (_what, params) => {
    expect(await greeted(server, await params(server))).toEqual(forbidden)
  })

  test('begins no operation before it is known who asks', async () => {
    const socket = new WebSocket(server.url.replace('http', 'ws'), 'graphql-transport-ws')
    await once(socket, 'open')
    server.sandbox.clearCalls()
    const { authorization } = await server.bearer()
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } }))
    socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: '{ viewer { userName } }' } }))
    const [code] = await once(socket, 'close')
    expect(code).toBe(CloseCode.Unauthorized)
    expect(server.sandbox.calls).toEqual([])
  })
})

test('the gate is asked before the token is', async () => {
  await using server = await startAuthenticatedServer()
  const headers = { ...(await server.bearer()), origin: 'https://evil.example' }
  const socket = new WebSocket(server.url.replace('http', 'ws'), 'graphql-transport-ws', { headers })
  const [, response] = await once(socket, 'unexpected-response')
  expect(response.statusCode).toBe(403)
  socket.on('error', () => undefined)
  socket.terminate()
})

describe('the stock client', () => {
  test('comes again where it was refused, with the token that it has by then', async () => {
    await using server = await startAuthenticatedServer()
    const tokens = [await server.bearer({ expiresIn: -60 }), undefined, await server.bearer()]
    const closes: number[] = []
    const client = createClient({
      ...stock(server),
      connectionParams: () => tokens.shift(),
      on: { closed: event => closes.push((event as CloseEvent).code) },
    })
    for await (const result of client.iterate(latest)) {
      expect(result).toEqual({ data: { latestChangeId: expect.any(String) } })
    }
    expect(closes).toEqual([4403, 4403])
    await client.dispose()
  })

  test('comes again where no token could be checked, once one can', async () => {
    await using server = await startAuthenticatedServer()
    server.issuer.setDown(true)
    const closes: number[] = []
    const client = createClient({
      ...stock(server),
      retryAttempts: 1000,
      retryWait: () => new Promise(resolve => setTimeout(resolve, 50)),
      connectionParams: () => server.bearer(),
      on: {
        closed(event) {
          closes.push((event as CloseEvent).code)
          server.issuer.setDown(false)
        },
      },
    })
    for await (const result of client.iterate(latest)) {
      expect(result).toEqual({ data: { latestChangeId: expect.any(String) } })
    }
    expect(new Set(closes)).toEqual(new Set([1013]))
    await client.dispose()
  })

  test.each([
    [4403, true],
    [1013, true],
    [4401, false],
  ])('closed with %i, comes again: %s', async (code, comesAgain) => {
    let greetings = 0
    const http = createServer()
    const sockets = new WebSocketServer({ server: http, handleProtocols: () => 'graphql-transport-ws' })
    sockets.on('connection', socket => {
      greetings += 1
      socket.on('message', () => socket.close(code))
    })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
    const client = createClient({ ...stock({ url }), retryAttempts: 2 })
    await expect(client.iterate(latest).next()).rejects.toMatchObject({ code })
    expect(greetings).toBe(comesAgain ? 3 : 1)
    await client.dispose()
    sockets.close()
    http.close()
  })
})

const forbidden = { code: 4403, reason: 'Forbidden' }

function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` }
}

function stock({ url }: { readonly url: string }) {
  return {
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    // As it would, only sooner.
    retryWait: async () => undefined,
  }
}

/** The type of what a greeting is answered by, or how the socket was closed. */
async function greeted(
  { url }: AuthenticatedServer,
  payload: object | undefined,
  headers: Record<string, string> = {},
): Promise<string | CloseEvent> {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', { headers })
  await once(socket, 'open')
  const answered = new Promise<string | CloseEvent>(resolve => {
    socket.on('message', data => resolve(JSON.parse(String(data)).type))
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }))
  })
  socket.send(JSON.stringify({ type: 'connection_init', payload }))
  const answer = await answered
  socket.terminate()
  return answer
}
