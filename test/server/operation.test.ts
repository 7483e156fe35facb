import { describe, expect, test } from 'vitest'
import { openAccount } from '../account.ts'
import { post, startTestGateway } from '../gateway.ts'
import { aChange } from './change.ts'
import { startLoggedServer } from './logged-server.ts'
import { idle, inactive, listed, setStatus, statusOf, subscription, sweep, until } from './operated.ts'
import { openGraphQLSocket, subscribeBySse } from './transport.ts'

describe('an operation whose time is over', () => {
  test('answers with what it has read, and says what is missing', async () => {
    await using gateway = await startTestGateway('--sandbox-users=4', '--operation-timeout=2')
    gateway.sandbox.fault({ action: 'ListSigningCertificates', userName: 'alice', answer: 'hang' })
    const { data, errors } = await gateway.ask(sweep)
    const names: string[] = data.users.nodes.map(({ userName }: { userName: string }) => userName)
    expect(errors).toMatchObject([
      {
        path: ['users', 'nodes', names.indexOf('alice'), 'signingCertificates'],
        message: 'The operation took longer than 2 s.',
        extensions: { code: 'OPERATION_TIMEOUT' },
      },
    ])
    expect(errors).toHaveLength(1)
    for (const { userName, signingCertificates } of data.users.nodes) {
      expect(signingCertificates).toEqual(userName === 'alice' ? null : { nodes: expect.any(Array) })
    }
    await idle(gateway)
  })

  test('has sent nothing more of what still queued', async () => {
    await using gateway = await startTestGateway('--sandbox-users=40', '--operation-timeout=1')
    gateway.sandbox.fault({ action: 'ListSigningCertificates', answer: 'hang' })
    const { data, errors } = await gateway.ask(sweep)
    expect(data.users.nodes.length).toBeGreaterThan(30)
    expect(errors).toHaveLength(data.users.nodes.length)
    expect(new Set(errors?.map(({ extensions }) => extensions.code))).toEqual(new Set(['OPERATION_TIMEOUT']))
    await idle(gateway)
    expect(listed(gateway).length).toBeLessThan(10)
  })

  test('answers for a change that was sent what IAM says of it, however late', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2', '--operation-timeout=0.5')
    gateway.sandbox.fault({ action: 'UpdateSigningCertificate', answer: { delay: 1500 } })
    const { data, errors } = await gateway.ask(setStatus, inactive(gateway))
    expect(errors).toBeUndefined()
    expect(data.setSigningCertificateStatus.__typename).toBe('SetSigningCertificateStatusPayload')
    expect(statusOf(gateway)).toBe('Inactive')
  })

  test('answers for a change that IAM throttled all the time with that, as data', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2', '--operation-timeout=2')
    gateway.sandbox.fault({ action: 'UpdateSigningCertificate', answer: { code: 'Throttling' } })
    const { data, errors } = await gateway.ask(setStatus, inactive(gateway))
    expect(errors).toBeUndefined()
    expect(data.setSigningCertificateStatus).toEqual({
      __typename: 'ThrottlingError',
      code: 'Throttling',
      message: 'Rate exceeded',
      requestId: expect.any(String),
    })
    expect(gateway.sandbox.calls.filter(({ code }) => code === 'Throttling').length).toBeGreaterThan(1)
    expect(statusOf(gateway)).toBeUndefined()
    await idle(gateway)
  })
})

test('a subscription lives on: each of its events has a time of its own', async () => {
  await using gateway = await startTestGateway('--sandbox-users=2', '--operation-timeout=1')
  const { sandbox, gateway: running } = gateway
  await using stream = await subscribeBySse(gateway.url, { query: subscription })
  await until(() => running.events.subscribers === 1)
  const recover = sandbox.fault({ action: 'ListSigningCertificates', answer: 'hang' })
  // Begun later, and over before: the subscription has outlived the time of an operation.
  expect((await gateway.ask(sweep)).errors).not.toEqual([])
  await running.events.publish(aChange())
  expect(await stream.nextResult()).toMatchObject({
    data: { signingCertificateStatusChanged: { userName: 'alice', signingCertificate: null } },
    errors: [
      {
        path: ['signingCertificateStatusChanged', 'signingCertificate'],
        extensions: { code: 'OPERATION_TIMEOUT' },
      },
    ],
  })
  recover()
  const { certificateId } = sandbox.example ?? { certificateId: '' }
  await running.events.publish(aChange({ credentialId: certificateId }))
  const next = await stream.nextResult()
  expect(next.errors).toBeUndefined()
  expect(next.data).toEqual({
    signingCertificateStatusChanged: { userName: 'alice', signingCertificate: { userName: 'alice' } },
  })
})

test('whatever begins ends: with its answer, and a subscription at once, but for its events', async () => {
  let underWay = 0
  await using server = await startLoggedServer(context => {
    underWay += 1
    const end = () => {
      underWay -= 1
      context.operation.end()
    }
    return { ...context, operation: { ...context.operation, end } }
  })
  const failing = '{ user(userName: "") { userName } node(id: "none") { id } }'
  for (const query of ['{ viewer { userName } }', sweep, failing, '{ nothing }', setStatus]) {
    await post(server.url, { query })
    expect(underWay).toBe(0)
  }
  await using socket = await openGraphQLSocket(server.url)
  await socket.ask({ query: '{ viewer { userName } }' })
  expect(underWay).toBe(0)
  await using stream = await subscribeBySse(server.url, { query: subscription })
  await until(() => server.events.subscribers === 1)
  expect(underWay).toBe(0)
  await server.events.publish(aChange())
  await stream.nextResult()
  expect(underWay).toBe(0)
})

describe('an operation that has cost all the calls it may', () => {
  test('answers with what it has read, and refuses the rest', async () => {
    // By the estimate of full pages it is one call, in truth six.
    await using gateway = await startTestGateway('--sandbox-users=60', '--sandbox-max-page=10', '--max-iam-calls=4')
    const query = '{ viewer { userName } users(first: 60) { nodes { userName } } latestChangeId }'
    const calls = await gateway.callsOf(async () => {
      const { data, errors } = await gateway.ask(query)
      expect(data).toEqual({
        viewer: { userName: expect.any(String) },
        users: null,
        latestChangeId: expect.any(String),
      })
      expect(errors).toMatchObject([
        {
          path: ['users'],
          message: 'The operation may cost 4 IAM calls, and has cost them.',
          extensions: { code: 'IAM_CALLS_EXCEEDED' },
        },
      ])
    })
    expect(calls).toHaveLength(4)
  })

  test('may not make a change either: nothing was changed', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2', '--sandbox-max-page=1', '--max-iam-calls=2')
    using account = openAccount(gateway.sandbox)
    await account.user('apart')
    await account.certificate('apart')
    const certificateId = await account.certificate('apart')
    const input = { userName: 'apart', certificateId, status: 'INACTIVE' }
    const { data } = await gateway.ask(setStatus, { input })
    expect(data.setSigningCertificateStatus).toEqual({
      __typename: 'RequestFailedError',
      code: 'IAM_CALLS_EXCEEDED',
      message: 'The operation may cost 2 IAM calls, and has cost them. Nothing was changed.',
      requestId: null,
    })
    expect(gateway.sandbox.calls.some(({ action }) => action === 'UpdateSigningCertificate')).toBe(false)
  })
})
