import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { openPlainSocket, subscribeBySse } from '../server/transport.ts'
import { type GatewayProcess, runSandbox, runServe, serveAnnounced, startAnnounced } from './announcement.ts'
import { startHeldIam } from './held-iam.ts'
import { runNpm } from './process.ts'

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', signal => {
  test('lets a request in flight finish, ends subscriptions without completing them, and the gateway ends with 0', async () => {
    await using iam = await startHeldIam()
    await using serve = await runServe(['--report-cost=false'], iam.environment)
    await using socket = await subscribeByWebSocket(serve)
    await using stream = await subscribeBySse(serve.url, { query: SUBSCRIPTION, variables: { after: socket.after } })
    await serve.ask(MUTATION)
    expect(await socket.message()).toMatchObject({ id: '1', type: 'next', payload: CHANGE })
    expect(await stream.nextResult()).toMatchObject(CHANGE)

    const inFlight = listUsers(serve)
    await iam.asked
    serve.kill(signal)
    expect(await stream.next()).toBeUndefined()
    expect(await socket.closed).toEqual([1001, Buffer.from('Going away')])

    iam.answer()
    expect(await inFlight).toEqual({ status: 200, body: { data: { users: { nodes: [] } } } })
    expect(await serve.ended).toMatchObject({ exitCode: 0, signal: null })
  })

  test('a second time ends the gateway at once, with 128 and the number of the signal', async () => {
    await using iam = await startHeldIam()
    await using serve = await runServe(['--report-cost=false'], iam.environment)
    await using socket = await subscribeByWebSocket(serve)
    const inFlight = listUsers(serve)
    const cutOff = expect(inFlight).rejects.toThrow('fetch failed')
    await iam.asked
    serve.kill('SIGTERM')
    // The first one has arrived, so that the second is not taken for it.
    expect((await socket.closed)[0]).toBe(1001)
    serve.kill(signal)
    expect(await serve.ended).toMatchObject({ exitCode: signal === 'SIGTERM' ? 143 : 130, signal: null })
    await cutOff
  })

  test('ends the sandbox alone with 0', async () => {
    await using sandbox = await runSandbox(['--users', '0'])
    sandbox.kill(signal)
    expect(await sandbox.ended).toMatchObject({ exitCode: 0, signal: null, stderr: '' })
  })
})

test('what is still under way when --grace is over is cut off, and the gateway ends with 0', async () => {
  await using iam = await startHeldIam()
  await using serve = await runServe(['--grace', '0.2'], iam.environment)
  const inFlight = listUsers(serve)
  const cutOff = expect(inFlight).rejects.toThrow('fetch failed')
  await iam.asked
  serve.kill('SIGTERM')
  await cutOff
  const { exitCode, stderr } = await serve.ended
  expect(exitCode).toBe(0)
  expect(stderr).toContain('the grace time is over')
})

describe('under npm', () => {
  test('SIGTERM to npm ends gateway and sandbox, and npm with 0', async () => {
    await using npm = await runNpm(['start', '--', '--port', '0', '--sandbox-port', '0', '--sandbox-users', '20'])
    const start = await startAnnounced(npm)
    const { data } = await start.ask('{ users { nodes { userName } } }')
    expect(data.users.nodes).toHaveLength(21)
    npm.kill('SIGTERM')
    expect(await npm.ended).toMatchObject({ exitCode: 0, signal: null })
    await expect(fetch(start.url)).rejects.toThrow('fetch failed')
    await expect(fetch(start.sandboxUrl)).rejects.toThrow('fetch failed')
  })

  test('Ctrl-C, which comes from the terminal and from npm, still lets a request in flight finish', async () => {
    await using iam = await startHeldIam()
    await using npm = await runNpm(['run', 'serve', '--', '--port', '0', '--host', '127.0.0.1'], iam.environment)
    const serve = await serveAnnounced(npm)
    await using socket = await subscribeByWebSocket(serve)
    const inFlight = listUsers(serve)
    await iam.asked
    npm.killAll('SIGINT')
    expect((await socket.closed)[0]).toBe(1001)
    iam.answer()
    expect(await inFlight).toMatchObject({ status: 200 })
    expect(await npm.ended).toMatchObject({ exitCode: 0, signal: null })
  })
})

const SUBSCRIPTION = 'subscription ($after: ID) { signingCertificateStatusChanged(after: $after) { userName status } }'

const CHANGE = { data: { signingCertificateStatusChanged: { userName: 'alice', status: 'INACTIVE' } } }

const MUTATION = `mutation {
  setSigningCertificateStatus(
    input: { userName: "alice", certificateId: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", status: INACTIVE }
  ) { __typename }
}`

/** From the change that is the latest now, so that none is missed, however late the gateway begins to listen. */
async function subscribeByWebSocket(gateway: GatewayProcess) {
  const after: string = (await gateway.ask('{ latestChangeId }')).data.latestChangeId
  const plain = await openPlainSocket(gateway.url)
  const closed = once(plain.socket, 'close')
  plain.send({ id: '1', type: 'subscribe', payload: { query: SUBSCRIPTION, variables: { after } } })
  return { ...plain, after, closed }
}

async function listUsers({ url }: GatewayProcess) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ users { nodes { userName } } }' }),
  })
  return { status: response.status, body: await response.json() }
}
