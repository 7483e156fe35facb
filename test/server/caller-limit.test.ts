import { describe, expect, test, vi } from 'vitest'
import { aChange } from './change.ts'
import { startLimitedServer } from './limited-server.ts'

const query = '{ latestChangeId }'
const subscription = 'subscription { signingCertificateStatusChanged { userName signingCertificate { id } } }'
const certificates = '{ users { nodes { userName signingCertificates { nodes { certificateId } } } } }'

const refused = (limitOf: string, limit: number) => ({
  message: expect.stringMatching(/: ask again in \d+ s\.$/),
  extensions: { code: 'RATE_LIMITED', limitOf, limit, retryAfter: expect.any(Number) },
})

describe('operations a minute', () => {
  test('beyond the limit are answered by 429, when to ask again, and nothing else', async () => {
    await using limited = await startLimitedServer({ maxCallerOperationsPerMinute: 2 })
    for (const _ of [1, 2]) expect(await limited.ask('alice', query)).toMatchObject({ status: 200, retryAfter: null })
    const { status, retryAfter, ...answer } = await limited.ask('alice', query)
    expect(answer).toEqual({ errors: [refused('operationsPerMinute', 2)] })
    expect(status).toBe(429)
    expect(answer.errors?.[0]?.extensions).toMatchObject({ retryAfter: Number(retryAfter) })
    expect(await limited.ask('bob', query)).toMatchObject({ status: 200 })
  })

  test('are counted on every transport together, and a WebSocket stays open', async () => {
    await using limited = await startLimitedServer({ maxCallerOperationsPerMinute: 3 })
    await using socket = await limited.open('alice')
    await using bobs = await limited.open('bob')
    await limited.ask('alice', query)
    await socket.ask({ query })
    const watching = socket.run({ query: subscription })
    const told = watching.next()
    await vi.waitFor(() => expect(limited.server.events.subscribers).toBe(1))
    await expect(socket.ask({ query })).rejects.toEqual([refused('operationsPerMinute', 3)])
    await expect(socket.run({ query: subscription }).next()).rejects.toEqual([refused('operationsPerMinute', 3)])
    await using stream = await limited.subscribe('alice', subscription)
    expect(stream.response.status).toBe(429)
    expect((await bobs.ask({ query })).errors).toBeUndefined()
    await limited.server.events.publish(aChange())
    expect((await told).value).toMatchObject({ data: { signingCertificateStatusChanged: { userName: 'alice' } } })
  })

  test('are counted also where they cannot be carried out', async () => {
    await using limited = await startLimitedServer({ maxCallerOperationsPerMinute: 4 })
    await using socket = await limited.open('alice')
    for (const wrong of ['{', '{ secrets }']) {
      expect(await limited.ask('alice', wrong)).toMatchObject({ errors: [{}] })
      await expect(socket.ask({ query: wrong })).rejects.toHaveLength(1)
    }
    expect(await limited.ask('alice', '{')).toMatchObject({ status: 429, errors: [refused('operationsPerMinute', 4)] })
    await expect(socket.ask({ query: '{' })).rejects.toEqual([refused('operationsPerMinute', 4)])
  })
})

describe('operations under way', () => {
  test('are so many of one caller, also where IAM is slow, and one whose client goes away makes room', async () => {
    await using limited = await startLimitedServer({ maxCallerOperations: 1 })
    const { sandbox } = limited.server
    sandbox.fault({ action: 'ListUsers', answer: 'hang' })
    const client = new AbortController()
    const first = limited.ask('alice', certificates, undefined, client.signal)
    await vi.waitFor(() => expect(sandbox.calls.map(({ action }) => action)).toContain('ListUsers'))
    const { status, retryAfter, ...answer } = await limited.ask('alice', query)
    expect(answer).toEqual({ errors: [refused('operations', 1)] })
    expect({ status, retryAfter }).toEqual({ status: 429, retryAfter: '1' })
    expect(await limited.ask('bob', query)).toMatchObject({ status: 200 })
    client.abort()
    await expect(first).rejects.toThrow('aborted')
    await vi.waitFor(async () => expect(await limited.ask('alice', query)).toMatchObject({ status: 200 }))
  })

  test('are over however they end', async () => {
    await using limited = await startLimitedServer({ maxCallerOperations: 1 })
    await using socket = await limited.open('alice')
    const asks: (() => Promise<unknown>)[] = [
      () => limited.ask('alice', certificates),
      () => limited.ask('alice', '{ user(userName: "nobody") { arn } }'),
      () => limited.ask('alice', 'query ($first: Int!) { users(first: $first) { nodes { id } } }', { first: 'x' }),
      () => limited.ask('alice', '{ node(id: "x") { id } }'),
      () => all(socket.run({ query: '{ users { nodes { userName ... @defer { arn } } } }' })),
      () => socket.ask({ query }),
    ]
    for (const ask of asks) {
      expect(JSON.stringify(await ask())).not.toContain('RATE_LIMITED')
      await vi.waitFor(async () => expect(await limited.ask('alice', query)).toMatchObject({ status: 200 }))
    }
  })
})

describe('subscriptions open', () => {
  test('are so many of one caller on every transport together, until one is left', async () => {
    await using limited = await startLimitedServer({ maxCallerSubscriptions: 2 })
    const { events } = limited.server
    await using socket = await limited.open('alice')
    await using stream = await limited.subscribe('alice', subscription)
    const watching = socket.run({ query: subscription })
    void watching.next()
    await vi.waitFor(() => expect(events.subscribers).toBe(2))
    await expect(socket.run({ query: subscription }).next()).rejects.toEqual([refused('subscriptions', 2)])
    await using third = await limited.subscribe('alice', subscription)
    expect(third.response.status).toBe(429)
    expect(third.response.headers.get('retry-after')).toBe('10')
    await using bobs = await limited.subscribe('bob', subscription)
    expect(bobs.response.status).toBe(200)
    expect((await socket.ask({ query })).errors).toBeUndefined()
    await stream[Symbol.asyncDispose]()
    await vi.waitFor(() => expect(events.subscribers).toBe(2))
    await using again = await limited.subscribe('alice', subscription)
    expect(again.response.status).toBe(200)
    await socket[Symbol.asyncDispose]()
    await vi.waitFor(() => expect(events.subscribers).toBe(2))
    await using last = await limited.subscribe('alice', subscription)
    expect(last.response.status).toBe(200)
  })

  test('that cannot begin hold no place', async () => {
    await using limited = await startLimitedServer({ maxCallerSubscriptions: 1 })
    const wrong = 'subscription { signingCertificateStatusChanged(after: "x") { userName } }'
    for (const _ of [1, 2, 3]) {
      await using stream = await limited.subscribe('alice', wrong)
      expect(await stream.nextResult()).toMatchObject({ errors: [{ extensions: { code: 'CHANGE_NOT_REMEMBERED' } }] })
    }
  })
})

describe('IAM calls a minute', () => {
  test('that are spent fail the fields that needed more, and the next operation', async () => {
    await using limited = await startLimitedServer({ maxCallerIamCallsPerMinute: 2 })
    const { sandbox } = limited.server
    sandbox.clearCalls()
    const { data, errors = [], status } = await limited.ask('alice', certificates)
    expect(status).toBe(200)
    expect(sandbox.calls).toHaveLength(2)
    const nodes = data.users.nodes as { signingCertificates: unknown }[]
    expect(nodes).toHaveLength(3)
    expect(nodes.filter(({ signingCertificates }) => signingCertificates === null)).toHaveLength(2)
    expect(errors).toEqual(
      [1, 2].map(() => ({ ...refused('iamCallsPerMinute', 2), path: expect.any(Array), locations: expect.any(Array) })),
    )
    const next = await limited.ask('alice', query)
    expect(next).toMatchObject({ status: 429, errors: [refused('iamCallsPerMinute', 2)] })
    expect(await limited.ask('bob', certificates)).toMatchObject({ status: 200 })
  })

  test('never leave a change half made: it is charged beyond them, with what it reads for itself', async () => {
    await using limited = await startLimitedServer({ maxCallerIamCallsPerMinute: 1 })
    const { sandbox } = limited.server
    const { userName, certificateId } = sandbox.example ?? {}
    const change = (alias: string, status: string) =>
      `${alias}: setSigningCertificateStatus(input: { userName: "${userName}", certificateId: "${certificateId}", status: ${status} }) { __typename }`
    sandbox.clearCalls()
    const { data } = await limited.ask('alice', `mutation { ${change('a', 'INACTIVE')} ${change('b', 'ACTIVE')} }`)
    const made = { __typename: 'SetSigningCertificateStatusPayload' }
    expect(data).toEqual({ a: made, b: made })
    const calls = ['ListSigningCertificates', 'UpdateSigningCertificate']
    expect(sandbox.calls.map(({ action }) => action)).toEqual([...calls, ...calls])
    expect(await limited.ask('alice', query)).toMatchObject({ status: 429 })
  })

  test('are what the events of a subscription cost, too, which goes on', async () => {
    await using limited = await startLimitedServer({ maxCallerIamCallsPerMinute: 1 })
    const { events } = limited.server
    await using stream = await limited.subscribe('alice', subscription)
    for (const credentialId of ['one', 'two']) await events.publish(aChange({ credentialId }))
    expect((await stream.nextResult()).errors?.[0]?.extensions?.['code']).not.toBe('RATE_LIMITED')
    expect(await stream.nextResult()).toMatchObject({
      data: { signingCertificateStatusChanged: { userName: 'alice', signingCertificate: null } },
      errors: [refused('iamCallsPerMinute', 1)],
    })
  })
})

async function all(results: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const result of results) found.push(result)
  return found
}
