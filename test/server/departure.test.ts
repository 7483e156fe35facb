import { describe, expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { aChange } from './change.ts'
import { idle, inactive, listed, setStatus, statusOf, subscription, sweep, until } from './operated.ts'
import { openPlainSocket } from './transport.ts'

/** Each begins an operation, and gives back how its client goes away. */
const departures: [how: string, begin: (gateway: TestGateway, query: string, variables?: object) => Promise<Leave>][] =
  [
    ['over HTTP', async (gateway, query, variables) => leaveHttp(gateway, query, variables)],
    [
      'over SSE',
      async (gateway, query, variables) => leaveHttp(gateway, query, variables, { accept: 'text/event-stream' }),
    ],
    [
      'completing it over a WebSocket',
      async (gateway, query, variables) => {
        const plain = await openPlainSocket(gateway.url)
        plain.send({ type: 'subscribe', id: 'leaving', payload: { query, variables } })
        return async () => plain.send({ type: 'complete', id: 'leaving' })
      },
    ],
    [
      'closing its WebSocket',
      async (gateway, query, variables) => {
        const plain = await openPlainSocket(gateway.url)
        plain.send({ type: 'subscribe', id: 'leaving', payload: { query, variables } })
        return async () => plain.socket.close()
      },
    ],
    [
      'without a word',
      async (gateway, query, variables) => {
        const plain = await openPlainSocket(gateway.url)
        plain.send({ type: 'subscribe', id: 'leaving', payload: { query, variables } })
        return async () => plain.socket.terminate()
      },
    ],
  ]

type Leave = () => Promise<void>

function leaveHttp(
  { url }: TestGateway,
  query: string,
  variables?: object,
  headers: Record<string, string> = {},
): Leave {
  const gone = new Error('gone')
  const leaving = new AbortController()
  const asked = fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
    signal: leaving.signal,
  }).then(response => response.text())
  // An event stream has begun to answer; the rest of it never comes.
  const left = expect(asked).rejects.toBeDefined()
  return async () => {
    leaving.abort(gone)
    await left
  }
}

describe.each(departures)('a client that leaves %s', (_how, begin) => {
  test('takes with it the reads that it alone waited for: no further call is made', async () => {
    await using gateway = await startTestGateway('--sandbox-users=40')
    gateway.sandbox.fault({ action: 'ListSigningCertificates', answer: 'hang' })
    const leave = await begin(gateway, sweep)
    const { pacer } = gateway.gateway.iam
    await until(() => pacer.queued > 20 && listed(gateway).length === pacer.underWay)
    const before = listed(gateway).length
    await leave()
    await idle(gateway)
    // One after the other, as they came: what had been sent would be there.
    await gateway.ask('{ user(userName: "bob") { userName } }')
    expect(listed(gateway)).toHaveLength(before)
  })

  test('leaves the others the reads that they wait for, too', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    const { sandbox } = gateway
    const recover = sandbox.fault({ action: 'GetUser', userName: 'alice', answer: { delay: 1500 } })
    const leave = await begin(gateway, '{ user(userName: "alice") { userName } }')
    await until(() => sandbox.calls.some(({ action }) => action === 'GetUser'))
    recover()
    const staying = gateway.ask('{ user(userName: "alice") { userName } sign: user(userName: "nobody") { userName } }')
    await until(() => sandbox.calls.some(({ parameters }) => parameters['UserName'] === 'nobody'))
    await leave()
    expect((await staying).data).toEqual({ user: { userName: 'alice' }, sign: null })
    expect(sandbox.calls.filter(({ parameters }) => parameters['UserName'] === 'alice')).toHaveLength(1)
    await idle(gateway)
  })

  test('leaves a change that was sent: it is made, and told', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    const { sandbox, gateway: running } = gateway
    sandbox.fault({ action: 'UpdateSigningCertificate', answer: { delay: 500 } })
    const leave = await begin(gateway, setStatus, inactive(gateway))
    await until(() => sandbox.calls.some(({ action }) => action === 'UpdateSigningCertificate'))
    expect(statusOf(gateway)).toBeUndefined()
    await leave()
    await until(() => statusOf(gateway) === 'Inactive')
    const updates = sandbox.calls.filter(({ action }) => action === 'UpdateSigningCertificate')
    expect(updates).toMatchObject([{ status: 200 }])
    expect(running.iam.pacer).toMatchObject({ queued: 0, underWay: 0 })
  })

  test('leaves a change that was not sent yet to be made, too', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    const { sandbox } = gateway
    sandbox.fault({ action: 'ListSigningCertificates', answer: { delay: 500 } })
    const leave = await begin(gateway, setStatus, inactive(gateway))
    await until(() => listed(gateway).length === 1)
    await leave()
    await until(() => statusOf(gateway) === 'Inactive')
    await idle(gateway)
  })

  test('takes with it what an event of its subscription was waiting for', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    const { sandbox, gateway: running } = gateway
    sandbox.fault({ action: 'ListSigningCertificates', answer: 'hang' })
    const leave = await begin(gateway, subscription)
    await until(() => running.events.subscribers === 1)
    await running.events.publish(aChange())
    await until(() => listed(gateway).length === 1)
    await leave()
    await idle(gateway)
    await until(() => running.events.subscribers === 0)
  })
})

test('a subscription whose client leaves before it has begun is let go', async () => {
  await using gateway = await startTestGateway('--sandbox-users=2')
  await using plain = await openPlainSocket(gateway.url)
  for (let round = 0; round < 20; round += 1) {
    plain.send({ type: 'subscribe', id: `${round}`, payload: { query: subscription } })
    plain.send({ type: 'complete', id: `${round}` })
  }
  plain.send({ type: 'subscribe', id: 'last', payload: { query: '{ latestChangeId }' } })
  expect(await plain.message()).toMatchObject({ id: 'last', type: 'next' })
  await until(() => gateway.gateway.events.subscribers === 0)
})
