import { describe, expect, test } from 'vitest'
import { type Data, startTestGateway } from '../gateway.ts'
import { startHeldGateway } from '../held-gateway.ts'
import { startLoggedServer } from './logged-server.ts'
import { acceptsParts, all, type Increment, partsByMultipart, together, transports, until } from './part.ts'
import { openGraphQLSocket } from './transport.ts'

const users = ['alice', 'bob', 'carol']

const deferred = `{ users { nodes { userName ... @defer { signingCertificates { nodes { userName x509 { notAfter } } } } } } }`
const streamed = `{ users { nodes @stream { userName signingCertificates { nodes { userName } } } } }`

const isRow = (index: number) => (increment: Increment) => increment.path.at(-1) === index
const rowsOf = (parts: readonly { readonly incremental?: readonly Increment[] }[]) =>
  parts.flatMap(({ incremental = [] }) => incremental.map(({ path }) => path.at(-1)))

describe.each(transports)('an answer in parts, over %s', (_transport, ask) => {
  test('brings what @defer marks as IAM answers it, whoever is still waited for', async () => {
    await using held = await startHeldGateway({ users, held: ['alice'] })
    const parts = ask(held.url, { query: deferred })
    const first = await parts.next()
    expect(first.value).toEqual({
      data: { users: { nodes: users.map(userName => ({ userName })) } },
      hasNext: true,
    })
    const before = [...(await until(parts, isRow(1))), ...(await until(parts, isRow(2)))]
    expect(rowsOf(before)).toEqual([1, 2])
    held.release('alice')
    const after = await all(parts)
    expect(rowsOf(after)).toEqual([0])
    expect(after.at(-1)?.hasNext).toBe(false)
    const [alice] = after.flatMap(({ incremental = [] }) => incremental)
    expect(alice?.data.signingCertificates.nodes).toMatchObject([{ userName: 'alice' }])
  })

  test('brings the rows that @stream marks in their order, each once IAM has answered it and those before', async () => {
    await using held = await startHeldGateway({ users, held: ['bob'] })
    const parts = ask(held.url, { query: streamed })
    const before = await until(parts, isRow(0))
    expect(before[0]).toEqual({ data: { users: { nodes: [] } }, hasNext: true })
    await held.iam.arrived(5)
    await held.iam.calls.find(({ parameters }) => parameters['UserName'] === 'carol')?.over
    held.release('bob')
    const after = await all(parts)
    expect(rowsOf([...before, ...after])).toEqual([0, 1, 2])
    expect(together([...before, ...after]).data.users.nodes).toMatchObject(users.map(userName => ({ userName })))
  })

  test('tells the error of a part in that part, with IAM’s code, its request id and the path', async () => {
    await using held = await startHeldGateway({ users, held: [], refused: ['bob'] })
    for (const query of [deferred, streamed]) {
      const parts = await all(ask(held.url, { query }))
      const errors = parts.flatMap(({ incremental = [] }) => incremental.flatMap(({ errors = [] }) => errors))
      expect(errors).toEqual([
        {
          message: 'As the stub has it.',
          locations: [expect.anything()],
          path: ['users', 'nodes', 1, 'signingCertificates'],
          extensions: { code: 'AccessDenied', requestId: 'stub-refusal' },
        },
      ])
      expect(together(parts).data.users.nodes[1]).toEqual({ userName: 'bob', signingCertificates: null })
    }
  })

  test('tells nothing of an unexpected error, and logs it once, under the request id it tells', async () => {
    await using server = await startLoggedServer(context => {
      const { signingCertificates } = context.loaders
      signingCertificates.load = async () => {
        throw new Error('the secret reason')
      }
      return context
    })
    const parts = await all(ask(server.url, { query: deferred.replace('users', 'users(first: 1)') }))
    const [error] = parts.flatMap(({ incremental = [] }) => incremental.flatMap(({ errors = [] }) => errors))
    expect(error?.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR', requestId: expect.any(String) })
    expect(JSON.stringify(parts)).not.toContain('secret')
    const lines = server.lines().filter(({ err }) => err?.message === 'the secret reason')
    expect(lines).toMatchObject([{ requestId: error?.extensions.requestId, level: 50 }])
  })

  test.each([deferred, streamed])('ends where its client goes away, and with it its calls to IAM: %s', async query => {
    await using held = await startHeldGateway({ users, held: users })
    const parts = ask(held.url, { query })
    await parts.next()
    await held.iam.arrived(5)
    await parts.return()
    await Promise.all(held.iam.calls.map(({ over }) => over))
  })

  test('comes whole where the gateway stops meanwhile', async () => {
    await using held = await startHeldGateway({ users, held: ['alice'] })
    const parts = ask(held.url, { query: deferred })
    const before = await until(parts, isRow(2))
    const closed = held.gateway.close()
    held.release('alice')
    const whole = together([...before, ...(await all(parts))])
    expect(whole.errors).toEqual([])
    expect(whole.data.users.nodes[0].signingCertificates.nodes).toMatchObject([{ userName: 'alice' }])
    await closed
  })
})

describe('an answer in parts', () => {
  test.each([
    deferred,
    streamed,
    '{ users { nodes @stream(initialCount: 2) { id ... @defer(label: "held") { ...Held } } } } fragment Held on User { signingCertificates { edges @stream(label: "rows") { cursor node { id x509 { subject } } } } serviceSpecificCredentials { id status } }',
    '{ ... @defer { viewer { userName } } users(first: 3) { edges @stream { node { userName serviceSpecificCredentials { id } } } } }',
    '{ users(first: 2) { nodes @stream { ... @defer { userName } ... @defer { nothing: signingCertificates(after: "bad") { nodes { id } } } } } }',
    'query ($on: Boolean! = false) { users { nodes @stream(if: $on) { userName ... @defer(if: $on) { signingCertificates { nodes { id } } } } } }',
  ])('is, put together, the answer in one piece, for the same IAM calls: %s', async query => {
    await using gateway = await startTestGateway('--sandbox-users=12', '--cache-ttl=0')
    gateway.sandbox.fault({ action: 'ListSigningCertificates', userName: 'bob', answer: { code: 'AccessDenied' } })
    let whole: Data
    let parts: Data
    const calls = await gateway.callsOf(async () => {
      whole = await gateway.ask(query)
    })
    const callsInParts = await gateway.callsOf(async () => {
      const variables = { on: true }
      parts = together(await all(partsByMultipart(gateway.url, { query, variables })))
    })
    expect(parts.data).toEqual(whole.data)
    expect(parts.errors.map(withoutRequestId)).toEqual(
      expect.arrayContaining((whole.errors ?? []).map(withoutRequestId)),
    )
    expect(parts.errors).toHaveLength(whole.errors?.length ?? 0)
    expect(callsInParts.toSorted()).toEqual(calls.toSorted())
  })

  test.each([
    'application/json',
    '*/*',
    'multipart/mixed;incrementalSpec=v0.2, application/json',
    'multipart/mixed; incrementalSpec=v0.2, text/event-stream, application/json',
  ])('is in one piece for a client that takes no parts, or others: %s', async accept => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    for (const query of [deferred, streamed]) {
      const { data } = await gateway.ask(query, {}, { accept })
      expect(data.users.nodes[0].signingCertificates.nodes.length).toBeGreaterThan(0)
    }
  })

  test('is no mutation’s: that comes in one piece', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    const { data } = await gateway.ask(
      `mutation ($input: SetSigningCertificateStatusInput!) { result: setSigningCertificateStatus(input: $input) {
        ... on SetSigningCertificateStatusPayload { ... @defer { signingCertificate { status } } } } }`,
      { input: { userName: 'alice', certificateId: gateway.sandbox.example?.certificateId, status: 'INACTIVE' } },
      { accept: acceptsParts },
    )
    expect(data.result.signingCertificate.status).toBe('INACTIVE')
  })

  test.each([
    ['{ users { nodes @stream(initialCount: -1) { id } } }', {}],
    ['{ users { nodes @stream(initialCount: null) { id } } }', {}],
    ['query ($n: Int) { users { nodes @stream(initialCount: $n) { id } } }', { n: null }],
    ['query ($n: Int = -2) { users { nodes @stream(initialCount: $n) { id } } }', {}],
  ])('begins with no negative count, nor with null: %s', async (query, variables) => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    const { errors } = await gateway.ask(query, variables, { accept: acceptsParts })
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
    expect(errors?.[0]?.message).toMatch(/^initialCount: expected 0 or more, got (null|-[12])\.$/)
    expect(gateway.sandbox.calls).toEqual([])
  })

  test.each([
    [
      '{ users @stream { nodes { id } } }',
      'Stream directive cannot be used on non-list field "users" on type "Query".',
    ],
    [
      '{ users { nodes { ... @defer(label: "a") { id } ... @defer(label: "a") { arn } } } }',
      'Defer/Stream directive label argument must be unique.',
    ],
    [
      'subscription { signingCertificateStatusChanged { id ... @defer { user { id } } } }',
      'Directive "@defer" is not for subscriptions.',
    ],
    [
      'subscription { signingCertificateStatusChanged { ...C } } fragment C on SigningCertificateStatusChange { user { signingCertificates { nodes @stream { id } } } }',
      'Directive "@stream" is not for subscriptions.',
    ],
  ])('is refused where it cannot be: %s', async (query, message) => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    const { errors } = await gateway.ask(query, {}, { accept: acceptsParts })
    expect(errors?.map(error => error.message)).toContain(message)
    await using socket = await openGraphQLSocket(gateway.url)
    await expect(socket.ask({ query })).rejects.toMatchObject(
      expect.arrayContaining([expect.objectContaining({ message })]),
    )
  })
})

function withoutRequestId({ message, path, extensions: { code } }: Data) {
  return { message: message.replace(/ "[^"]*"/, ''), path, code }
}
