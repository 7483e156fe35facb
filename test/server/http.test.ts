import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { aChange } from './change.ts'
import { startLoggedServer } from './logged-server.ts'
import { openPlainSocket, openSocket, postText, readToEnd, requestText, sendRaw, subscribeBySse } from './transport.ts'

const at = (gateway: { readonly url: string }, path: string) => gateway.url.replace('/graphql', path)
const watch = { query: 'subscription { signingCertificateStatusChanged { userName } }' }
const slowQuery = { query: '{ user(userName: "alice") { userName } }' }

describe('/health', () => {
  test('says that the process lives, to whoever asks and by whatever name', async () => {
    await using gateway = await startTestGateway()
    const answer = await sendRaw(gateway.url, requestText('GET /health', { host: '10.0.0.7', origin: 'http://other' }))
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toEqual({ status: 'ok' })
  })
})

describe('/ready', () => {
  const status = async (gateway: TestGateway) => {
    const response = await fetch(at(gateway, '/ready'))
    return [response.status, await response.json()]
  }

  test('is 200 before IAM was asked, and by any name', async () => {
    await using gateway = await startTestGateway()
    expect(await status(gateway)).toEqual([200, { status: 'ready' }])
    expect(await sendRaw(gateway.url, requestText('GET /ready', { host: '10.0.0.7' }))).toMatchObject({ status: 200 })
  })

  test('is 503 once IAM was silent, and 200 again once it answered, be it by a refusal', async () => {
    await using gateway = await startTestGateway()
    const heal = gateway.sandbox.fault({ answer: { status: 502, contentType: 'text/html', body: '<html>' } })
    expect((await gateway.ask('{ viewer { userName } }')).errors?.[0]?.extensions.code).toBe('IAM_UNREACHABLE')
    expect(await status(gateway)).toEqual([503, { status: 'IAM does not answer' }])
    heal()
    expect((await gateway.ask('{ user(userName: "nobody") { path } }')).data).toEqual({ user: null })
    expect(await status(gateway)).toEqual([200, { status: 'ready' }])
  })

  test('is 503 once IAM is gone', async () => {
    await using gateway = await startTestGateway()
    await gateway.sandbox.close()
    expect((await gateway.ask('{ viewer { userName } }')).errors?.[0]?.extensions.code).toBe('IAM_UNREACHABLE')
    expect(await status(gateway)).toEqual([503, { status: 'IAM does not answer' }])
  })
})

describe('another path', () => {
  test.each([
    '/index.html',
    '/graphql/',
    '/graphql/other',
    '/other/graphql',
    '/favicon.ico',
    '//graphql',
    '/GraphQL',
    '/health/',
  ])('%s is 404 in standard form, executes nothing, and shows no page', async path => {
    await using gateway = await startTestGateway()
    const calls = await gateway.callsOf(async () => {
      for (const request of [
        requestText(`GET ${path}?query={viewer{userName}}`, {}),
        requestText(`GET ${path}`, { accept: 'text/html' }),
        requestText(`POST ${path}`, { 'content-type': 'application/json' }, '{"query":"{viewer{userName}}"}'),
      ]) {
        const { status, body } = await sendRaw(gateway.url, request)
        expect(status).toBe(404)
        expect(JSON.parse(body).errors).toEqual([
          { message: 'There is nothing at this path: expected /graphql.', extensions: { code: 'NOT_FOUND' } },
        ])
      }
    })
    expect(calls).toEqual([])
  })

  test('that no URL can be made of is refused without a stack', async () => {
    await using gateway = await startTestGateway()
    for (const target of ['http://[/graphql', '/graphql\\..', '*', '/%', '/graphql?%zz=%']) {
      const { status, body } = await sendRaw(gateway.url, requestText(`GET ${target}`, {}))
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(500)
      expect(body).not.toMatch(/node_modules|\.[jt]s:|\n +at /)
    }
  })
})

describe('closing', () => {
  /** Nothing is cut off: whatever is held up, is held up for longer than a test may take. */
  const patient = '--grace=3600'
  /** IAM does not answer until its sandbox closes, which answers at once whatever it was asked. */
  const held = { delay: 3_600_000 }

  test('answers a query in flight, and refuses new connections meanwhile', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2', patient, '--report-cost=false')
    const begun = underWay(gateway, { delay: 300 })
    const answer = fetch(gateway.url, posted(slowQuery))
    await begun
    const closed = gateway.gateway.close()
    await expect(openSocket(gateway.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    const response = await answer
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ data: { user: { userName: 'alice' } } })
    await closed
  })

  test('answers a mutation in flight, which was made', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2', patient, '--report-cost=false')
    gateway.sandbox.fault({ action: 'UpdateSigningCertificate', answer: { delay: 300 } })
    const begun = called(gateway, 'UpdateSigningCertificate')
    const { userName, certificateId } = gateway.sandbox.example ?? {}
    const answer = gateway.ask(
      `mutation ($input: SetSigningCertificateStatusInput!) { setSigningCertificateStatus(input: $input) {
        ... on SetSigningCertificateStatusPayload { signingCertificate { status } } } }`,
      { input: { userName, certificateId, status: 'INACTIVE' } },
    )
    await begun
    await gateway.gateway.close()
    expect(await answer).toEqual({
      data: { setSigningCertificateStatus: { signingCertificate: { status: 'INACTIVE' } } },
    })
  })

  test('answers a query in flight on a WebSocket, before the socket closes', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2', patient, '--report-cost=false')
    const begun = underWay(gateway, { delay: 300 })
    await using plain = await openPlainSocket(gateway.url)
    plain.send({ type: 'subscribe', id: '1', payload: slowQuery })
    await begun
    const closed = once(plain.socket, 'close')
    await gateway.gateway.close()
    expect(await plain.message()).toEqual({ id: '1', type: 'next', payload: { data: { user: { userName: 'alice' } } } })
    expect(await plain.message()).toEqual({ id: '1', type: 'complete' })
    expect(await closed).toEqual([1001, Buffer.from('Going away')])
  })

  test('closes a WebSocket by 1001 alone: its subscriptions are not complete', async () => {
    await using gateway = await startTestGateway(patient)
    await using plain = await openPlainSocket(gateway.url)
    const types: string[] = []
    plain.socket.on('message', data => types.push(JSON.parse(String(data)).type))
    plain.send({ type: 'subscribe', id: '1', payload: watch })
    await vi.waitFor(() => expect(gateway.gateway.events.subscribers).toBe(1))
    const closed = once(plain.socket, 'close')
    await gateway.gateway.close()
    expect(await closed).toEqual([1001, Buffer.from('Going away')])
    expect(types).toEqual([])
    expect(gateway.gateway.events.subscribers).toBe(0)
  })

  test('tells a subscription on, while a query on its WebSocket is answered', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2', patient, '--report-cost=false')
    const begun = underWay(gateway, held)
    await using plain = await openPlainSocket(gateway.url)
    plain.send({ type: 'subscribe', id: 'watch', payload: watch })
    plain.send({ type: 'subscribe', id: 'slow', payload: slowQuery })
    await begun
    const { events } = gateway.gateway
    await vi.waitFor(() => expect(events.subscribers).toBe(1))
    const closed = gateway.gateway.close()
    await events.publish(aChange())
    expect(await plain.message()).toMatchObject({ id: 'watch', type: 'next' })
    await gateway.sandbox.close()
    expect(await plain.message()).toMatchObject({ id: 'slow', type: 'next' })
    expect(await plain.message()).toEqual({ id: 'slow', type: 'complete' })
    await closed
  })

  test('ends the answers of subscriptions over SSE, which are not complete', async () => {
    // Where NODE_ENV is test, Yoga has something to send every moment: nothing may have to wait for that.
    vi.stubEnv('NODE_ENV', 'production')
    onTestFinished(() => void vi.unstubAllEnvs())
    await using gateway = await startTestGateway(patient)
    await using stream = await subscribeBySse(gateway.url, watch)
    const { events } = gateway.gateway
    await vi.waitFor(() => expect(events.subscribers).toBe(1))
    const closed = gateway.gateway.close()
    expect(await stream.next()).toBeUndefined()
    await closed
    expect(events.subscribers).toBe(0)
  })

  test('ends the answer of a subscription that begins only now, too', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0', patient)
    let comes = () => {}
    const coming = new Promise<void>(resolve => {
      comes = resolve
    })
    const reached = vi.spyOn(gateway.gateway.events, 'reached').mockReturnValueOnce(coming)
    const subscribed = subscribeBySse(gateway.url, watch)
    await vi.waitFor(() => expect(reached).toHaveBeenCalled())
    const closed = gateway.gateway.close()
    comes()
    await using stream = await subscribed
    expect(await stream.next()).toBeUndefined()
    await closed
  })

  test('answers a query over SSE, and completes it', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2', patient, '--report-cost=false')
    const begun = underWay(gateway, { delay: 300 })
    const asked = subscribeBySse(gateway.url, slowQuery)
    await begun
    const closed = gateway.gateway.close()
    await using stream = await asked
    expect(await stream.nextResult()).toEqual({ data: { user: { userName: 'alice' } } })
    expect(await stream.next()).toEqual({ event: 'complete', data: '' })
    await closed
  })

  test('is not held up by connections without a request: kept alive, opened ahead, idle WebSockets', async () => {
    await using gateway = await startTestGateway(patient)
    await gateway.ask('{ latestChangeId }')
    const ahead = await openSocket(gateway.url)
    await using plain = await openPlainSocket(gateway.url)
    const ended = Promise.all([once(ahead, 'close'), once(plain.socket, 'close')])
    await gateway.gateway.close()
    await ended
  })

  test('lets a connection go as soon as its last answer is given, however long it would be kept alive', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2', patient)
    const server = await serverOf(gateway)
    server.keepAliveTimeout = 3_600_000
    const begun = underWay(gateway, { delay: 300 })
    const socket = await openSocket(gateway.url)
    const read = readToEnd(socket)
    socket.write(postText(JSON.stringify(slowQuery), { connection: 'keep-alive' }))
    await begun
    await gateway.gateway.close()
    expect(await read).toContain('"userName":"alice"')
  })

  test('refuses what comes later on connections that are still busy', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2', patient)
    gateway.sandbox.fault({ action: 'GetUser', answer: held })
    const server = await serverOf(gateway)
    const requested: (string | undefined)[] = []
    server.on('request', ({ url }) => requested.push(url))
    const socket = await openSocket(gateway.url)
    const read = readToEnd(socket)
    await using plain = await openPlainSocket(gateway.url)
    socket.write(postText(JSON.stringify(slowQuery), { connection: 'keep-alive' }))
    // Of another user: one call for each connection says that both are busy.
    plain.send({ type: 'subscribe', id: 'slow', payload: { query: '{ user(userName: "bob") { userName } }' } })
    const askedOf = () => gateway.sandbox.calls.map(({ parameters }) => parameters['UserName']).sort()
    await vi.waitFor(() => expect(askedOf()).toEqual(['alice', 'bob']))
    const gone = once(plain.socket, 'close')
    const closed = gateway.gateway.close()
    socket.write(requestText('GET /ready', { connection: 'keep-alive' }))
    socket.write(postText(JSON.stringify({ query: '{ latestChangeId }' })))
    await vi.waitFor(() => expect(requested).toEqual(['/graphql', '/ready', '/graphql']))
    plain.send({ type: 'subscribe', id: 'late', payload: { query: '{ latestChangeId }' } })
    plain.send({ type: 'ping' })
    // What is late is not answered: that the socket closes tells the client that it never began.
    expect(await plain.message()).toEqual({ type: 'pong' })
    await gateway.sandbox.close()
    expect(await plain.message()).toMatchObject({ id: 'slow', type: 'next' })
    expect(await plain.message()).toEqual({ id: 'slow', type: 'complete' })
    expect(await gone).toEqual([1001, Buffer.from('Going away')])
    const text = await read
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 503', 'HTTP/1.1 503'])
    expect(text).toContain('"userName":"alice"')
    expect(text).toContain('"status":"stopping"')
    expect(text).toContain('"code":"SHUTTING_DOWN"')
    await closed
  })

  test('cuts off what is still under way when the grace time is over', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2', '--grace=0.2')
    const begun = underWay(gateway, 'hang')
    await using plain = await openPlainSocket(gateway.url)
    plain.send({ type: 'subscribe', id: 'slow', payload: slowQuery })
    const cut = expect(fetch(gateway.url, posted(slowQuery))).rejects.toThrow()
    await begun
    const closed = once(plain.socket, 'close')
    await gateway.gateway.close()
    await cut
    expect((await closed)[0]).toBe(1006)
  })

  test('twice is once', async () => {
    await using server = await startLoggedServer()
    await Promise.all([server.http.close(1_000), server.http.close(1_000)])
    await server.http.close(1_000)
    await using gateway = await startTestGateway()
    await Promise.all([gateway.gateway.close(), gateway.gateway.close()])
    await gateway.gateway.close()
  })
})

test('a request whose head never ends is given up after a minute, one whose body never ends after five', async () => {
  await using gateway = await startTestGateway()
  // Node's own defaults, which nothing here must turn off.
  expect(await serverOf(gateway)).toMatchObject({ headersTimeout: 60_000, requestTimeout: 300_000 })
})

test('a body that breaks off in the middle is nothing to log above debug, and the process lives', async () => {
  await using server = await startLoggedServer()
  const socket = await openSocket(server.url)
  socket.write(postText('{"query":', { 'content-length': '1000' }))
  await server.line(({ msg }) => msg.startsWith('Parsing request'))
  socket.resetAndDestroy()
  expect(await (await fetch(server.url, posted({ query: '{ latestChangeId }' }))).json()).toHaveProperty('data')
  await server.http.close(1_000)
  expect(server.lines().filter(({ level }) => level > 20)).toEqual([])
})

/** Node's server behind the gateway, by its own diagnostics. */
async function serverOf(gateway: TestGateway): Promise<Server> {
  const seen: Server[] = []
  // The sandbox is a server of this process, too, and asked now and then.
  const look = (message: unknown) => {
    const { request, server } = message as { readonly request: IncomingMessage; readonly server: Server }
    if (request.url === '/health') seen.push(server)
  }
  subscribe('http.server.request.start', look)
  await fetch(at(gateway, '/health'))
  unsubscribe('http.server.request.start', look)
  const [server] = seen
  if (!server) throw new Error('expected a request to be told of')
  return server
}

function posted(body: object): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

/** Makes the question slow, and resolves once IAM was asked it. */
function underWay(gateway: TestGateway, answer: { delay: number } | 'hang'): Promise<void> {
  gateway.sandbox.fault({ action: 'GetUser', answer })
  return called(gateway, 'GetUser')
}

function called(gateway: TestGateway, action: string): Promise<void> {
  return vi.waitFor(() => expect(gateway.sandbox.calls.map(call => call.action)).toContain(action))
}
