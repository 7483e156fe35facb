import { afterEach, expect, test, vi } from 'vitest'
import { openAudit } from '../audit/written.ts'
import { post } from '../gateway.ts'
import { type AuthenticatedServer, startAuthenticatedServer } from './authenticated-server.ts'
import { aChange } from './change.ts'
import { hold } from './held.ts'
import { openGraphQLSocket, subscribeBySse } from './transport.ts'

const query = 'subscription { signingCertificateStatusChanged { userName } }'
const upload = `mutation { uploadSigningCertificate(input: { userName: "alice", certificateBody: "x" }) { __typename } }`
const often = 20
const refused = { code: 4403, reason: 'Forbidden: the token is no longer accepted' }

afterEach(() => {
  vi.useRealTimers()
})

/** The issuer's keys are read again a minute after they were. */
async function withdrawKey({ issuer }: AuthenticatedServer): Promise<void> {
  await issuer.rotate()
  vi.advanceTimersByTime(60_000)
}

async function subscribers({ events }: AuthenticatedServer, count: number): Promise<void> {
  await vi.waitFor(() => expect(events.subscribers).toBe(count), { timeout: 20_000, interval: 10 })
}

test('subscriptions end without `complete` once the key is withdrawn that proved their subscriber', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  await using server = await startAuthenticatedServer({ recheckInterval: often })
  await using stream = await subscribeBySse(server.url, { query }, await server.bearer())
  await using socket = await openGraphQLSocket(server.url, await server.bearer())
  const lost = expect(socket.run({ query }).next()).rejects.toMatchObject(refused)
  await subscribers(server, 2)
  await withdrawKey(server)
  await lost
  expect(await stream.next()).toBeUndefined()
  await subscribers(server, 0)
})

test('an operation on an open WebSocket is not begun by then, whenever the token would next be checked', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  await using log = await openAudit()
  await using server = await startAuthenticatedServer({ audit: log.audit })
  await using socket = await openGraphQLSocket(server.url, await server.bearer())
  expect((await socket.ask({ query: '{ latestChangeId }' })).errors).toBeUndefined()
  await withdrawKey(server)
  server.sandbox.clearCalls()
  await expect(socket.ask({ query: upload })).rejects.toMatchObject(refused)
  expect(await socket.closed).toMatchObject(refused)
  expect(server.sandbox.calls).toEqual([])
  expect(await log.records()).toMatchObject([
    { event: 'refused', code: 'UNAUTHENTICATED', transport: 'websocket', principal: { name: 'alice' } },
  ])
})

test('a mutation under way is answered first', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const held = hold()
  await using server = await startAuthenticatedServer({ change: held.inMutations })
  await using socket = await openGraphQLSocket(server.url, await server.bearer())
  const mutation = socket.ask({ query: upload })
  await held.isUnderWay
  await withdrawKey(server)
  const late = expect(socket.ask({ query: '{ latestChangeId }' })).rejects.toMatchObject(refused)
  await server.line(({ msg }) => msg === 'the token of a WebSocket is no longer accepted')
  held.release()
  expect(await mutation).toEqual({ data: { uploadSigningCertificate: { __typename: expect.any(String) } } })
  await late
})

test('while nobody can tell, because the issuer is silent, all goes on', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  await using server = await startAuthenticatedServer({ recheckInterval: often })
  await using stream = await subscribeBySse(server.url, { query }, await server.bearer())
  await using socket = await openGraphQLSocket(server.url, await server.bearer())
  await subscribers(server, 1)
  const asked = server.issuer.requests.length
  server.issuer.setDown(true)
  // What was read then counts no longer.
  vi.advanceTimersByTime(600_000)
  await vi.waitFor(() => expect(server.issuer.requests.length).toBeGreaterThan(asked))
  expect((await socket.ask({ query: '{ latestChangeId }' })).errors).toBeUndefined()
  await server.events.publish(aChange())
  expect(await stream.nextResult()).toMatchObject({ data: { signingCertificateStatusChanged: { userName: 'alice' } } })
})

test('a token that has expired has its grace time all the same, and a key withdrawn ends that, too', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] })
  await using server = await startAuthenticatedServer({ recheckInterval: often })
  const bearer = await server.bearer({ expiresIn: 20 })
  await using socket = await openGraphQLSocket(server.url, bearer)
  vi.advanceTimersByTime(30_000)
  const { errors } = await post(server.url, { query: '{ latestChangeId }' }, bearer)
  expect(errors).toMatchObject([{ message: 'The token has expired.' }])
  expect((await socket.ask({ query: '{ latestChangeId }' })).errors).toBeUndefined()
  await withdrawKey(server)
  expect(await socket.closed).toMatchObject(refused)
})
