import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Issuer, startIssuer } from '../auth/issuer.ts'
import { redisServer, startRedis } from '../events/redis.ts'
import { post, startTestGateway, type TestGateway } from '../gateway.ts'
import { openGraphQLSocket, subscribeBySse } from '../server/transport.ts'

const query = '{ latestChangeId }'
const subscription = 'subscription { signingCertificateStatusChanged { userName } }'

let issuer: Issuer
beforeAll(async () => {
  issuer = await startIssuer()
})
afterAll(() => issuer.close())

function startGateway(...flags: string[]): Promise<TestGateway> {
  const authentication = [`--oidc-issuer=${issuer.url}`, '--oidc-audience=iam-gateway', '--audit-log=none']
  return startTestGateway('--sandbox-users=2', ...authentication, ...flags)
}

async function proofOf(subject: string): Promise<Record<string, string>> {
  return { authorization: `Bearer ${await issuer.token({ subject })}` }
}

/** Undefined where it was answered. */
async function refusal({ url }: TestGateway, subject: string, document = query): Promise<unknown> {
  const { errors = [] } = await post(url, { query: document }, await proofOf(subject))
  return errors[0]?.extensions && 'limitOf' in errors[0].extensions ? errors[0].extensions.limitOf : undefined
}

describe('each limit is a flag:', () => {
  test('--max-caller-operations-per-minute', async () => {
    await using gateway = await startGateway('--max-caller-operations-per-minute=2')
    expect([await refusal(gateway, 'alice'), await refusal(gateway, 'alice')]).toEqual([undefined, undefined])
    expect(await refusal(gateway, 'alice')).toBe('operationsPerMinute')
    expect(await refusal(gateway, 'bob')).toBeUndefined()
  })

  test('--max-caller-operations-per-minute over a WebSocket', async () => {
    await using gateway = await startGateway('--max-caller-operations-per-minute=1')
    await using socket = await openGraphQLSocket(gateway.url, await proofOf('alice'))
    await socket.ask({ query })
    await expect(socket.ask({ query })).rejects.toMatchObject([{ extensions: { limitOf: 'operationsPerMinute' } }])
  })

  test('--max-caller-iam-calls-per-minute', async () => {
    await using gateway = await startGateway('--max-caller-iam-calls-per-minute=1')
    expect(await refusal(gateway, 'alice', '{ users { nodes { userName } } }')).toBeUndefined()
    expect(await refusal(gateway, 'alice')).toBe('iamCallsPerMinute')
    expect(await refusal(gateway, 'bob')).toBeUndefined()
  })

  test('--max-caller-subscriptions', async () => {
    await using gateway = await startGateway('--max-caller-subscriptions=1')
    await using first = await subscribeBySse(gateway.url, { query: subscription }, await proofOf('alice'))
    await using second = await subscribeBySse(gateway.url, { query: subscription }, await proofOf('alice'))
    await using bobs = await subscribeBySse(gateway.url, { query: subscription }, await proofOf('bob'))
    expect([first, second, bobs].map(({ response }) => response.status)).toEqual([200, 429, 200])
  })

  test('--max-caller-operations', async () => {
    await using gateway = await startGateway('--max-caller-operations=1')
    gateway.sandbox.fault({ action: 'ListUsers', answer: 'hang' })
    const client = new AbortController()
    const headers = { 'content-type': 'application/json', ...(await proofOf('alice')) }
    const body = JSON.stringify({ query: '{ users { nodes { userName } } }' })
    const first = fetch(gateway.url, { method: 'POST', headers, body, signal: client.signal })
    await vi.waitFor(() => expect(gateway.sandbox.calls.map(({ action }) => action)).toContain('ListUsers'))
    expect(await refusal(gateway, 'alice')).toBe('operations')
    expect(await refusal(gateway, 'bob')).toBeUndefined()
    client.abort()
    await expect(first).rejects.toThrow('aborted')
  })
})

test.skipIf(!redisServer)('instances with the same Redis count together', async () => {
  await using redis = await startRedis([])
  const flags = [`--redis-url=${redis.url}`, '--max-caller-operations-per-minute=2', '--max-caller-subscriptions=1']
  await using one = await startGateway(...flags)
  await using other = await startGateway(...flags)
  await using watching = await subscribeBySse(one.url, { query: subscription }, await proofOf('carol'))
  await using refused = await subscribeBySse(other.url, { query: subscription }, await proofOf('carol'))
  expect([watching.response.status, refused.response.status]).toEqual([200, 429])
  expect(await refusal(one, 'alice')).toBeUndefined()
  expect(await refusal(other, 'alice')).toBeUndefined()
  expect(await refusal(one, 'alice')).toBe('operationsPerMinute')
  expect(await refusal(other, 'alice')).toBe('operationsPerMinute')
  await redis.kill()
  expect(await refusal(one, 'bob')).toBeUndefined()
  expect(await refusal(one, 'bob')).toBeUndefined()
  expect(await refusal(one, 'bob')).toBe('operationsPerMinute')
})
