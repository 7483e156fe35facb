import type { FormattedExecutionResult } from 'graphql'
import { describe, expect, test, vi } from 'vitest'
import { openAccount } from '../account.ts'
import { post, startTestGateway, type TestGateway } from '../gateway.ts'
import { blockOf, blocks } from '../readme.ts'
import { aChange } from './change.ts'
import { openGraphQLSocket, subscribeBySse } from './transport.ts'

interface Payload {
  readonly query: string
  readonly variables?: Record<string, unknown>
}

interface Cost {
  readonly iamCalls: { readonly [kind: string]: number }
  readonly waitedMs: number
  readonly walks?: readonly object[]
}

/** One result of each transport. */
const transports: [name: string, ask: (url: string, payload: Payload) => Promise<FormattedExecutionResult>][] = [
  ['HTTP', async (url, payload) => (await post(url, payload)) as FormattedExecutionResult],
  [
    'SSE',
    async (url, payload) => {
      await using stream = await subscribeBySse(url, payload)
      return await stream.nextResult()
    },
  ],
  [
    'WebSocket',
    async (url, payload) => {
      await using socket = await openGraphQLSocket(url)
      return await socket.ask(payload)
    },
  ],
]

const certificates = `query ($first: Int) { users(first: $first) { nodes { signingCertificates { nodes { id } } } } }`
const event = 'subscription { signingCertificateStatusChanged { signingCertificate { id } } }'

describe.each(transports)('an answer over %s', (_name, ask) => {
  test('says what it cost', async () => {
    await using gateway = await startTestGateway('--sandbox-users=20')
    const answer = await ask(gateway.url, { query: certificates, variables: { first: 10 } })
    expect(answer.extensions).toEqual({
      cost: {
        iamCalls: { estimated: 11, made: 11, shared: 0, cached: 0, throttled: 0 },
        waitedMs: expect.any(Number),
      },
    })
    expect(gateway.sandbox.calls).toHaveLength(11)
  })

  test('says it beside errors, where something was executed', async () => {
    await using gateway = await startTestGateway('--sandbox-users=1')
    gateway.sandbox.fault({ action: 'GetUser', answer: { code: 'AccessDenied', status: 403 } })
    const denied = await ask(gateway.url, { query: '{ user(userName: "bob") { path } }' })
    expect(denied.errors).toHaveLength(1)
    expect(costOf(denied).iamCalls).toMatchObject({ estimated: 1, made: 1 })
    const unfit = await ask(gateway.url, { query: 'query ($n: Int!) { users(first: $n) { nodes { id } } }' })
    expect(unfit.errors).toHaveLength(1)
    expect(costOf(unfit).iamCalls).toMatchObject({ estimated: 0, made: 0 })
  })

  test('says nothing of it where --report-cost is false', async () => {
    await using gateway = await startTestGateway('--sandbox-users=1', '--report-cost=false')
    expect(await ask(gateway.url, { query: '{ viewer { path } }' })).toEqual({
      data: { viewer: { path: '/service/' } },
    })
  })

  test('is a refusal before the first call where it would cost too many', async () => {
    await using gateway = await startTestGateway('--sandbox-users=20', '--max-iam-calls=11')
    // The same document again: it is validated once.
    for (const first of [10, 11, 10, 12]) {
      gateway.sandbox.clearCalls()
      const answer = await ask(gateway.url, { query: certificates, variables: { first } })
      if (first === 10) expect(answer.errors).toBeUndefined()
      else {
        expect(answer).toEqual({
          errors: [
            {
              message: `The operation would cost ${first + 1} IAM calls, ${first} of them for users.nodes.signingCertificates; it may cost 11.`,
              extensions: {
                code: 'IAM_CALLS_EXCEEDED',
                estimate: first + 1,
                limit: 11,
                field: 'users.nodes.signingCertificates',
                fieldCalls: first,
              },
            },
          ],
          extensions: { cost: { iamCalls: expect.objectContaining({ estimated: first + 1, made: 0 }), waitedMs: 0 } },
        })
        expect(gateway.sandbox.calls).toEqual([])
      }
    }
  })
})

describe.each(transports.filter(([name]) => name !== 'HTTP'))('a subscription over %s', (_name, ask) => {
  test('is refused where one event would cost too many', async () => {
    await using gateway = await startTestGateway('--sandbox-users=1', '--max-iam-calls=1')
    const query = event.replace('{ id }', '{ user { path } }')
    const answer = await ask(gateway.url, { query })
    expect(answer.errors).toMatchObject([
      {
        extensions: {
          code: 'IAM_CALLS_EXCEEDED',
          estimate: 2,
          limit: 1,
          field: 'signingCertificateStatusChanged.signingCertificate',
          fieldCalls: 1,
        },
      },
    ])
    expect(gateway.gateway.events.subscribers).toBe(0)
  })
})

test('an answer that is refused by its estimate is a bad request to who takes GraphQL’s own media type', async () => {
  await using gateway = await startTestGateway('--sandbox-users=1', '--max-iam-calls=1')
  const status = async (accept: string) => {
    const body = JSON.stringify({ query: certificates })
    const headers = { 'content-type': 'application/json', accept }
    return (await fetch(gateway.url, { method: 'POST', headers, body })).status
  }
  expect(await status('application/graphql-response+json')).toBe(400)
  expect(await status('application/json')).toBe(200)
})

describe('each event of a subscription says what it cost by itself', () => {
  test.each(['graphql-ws', 'SSE'])('over %s', async transport => {
    await using gateway = await startTestGateway('--sandbox-users=2', '--cache-ttl=0')
    const { userName, certificateId: credentialId } = exampleOf(gateway)
    await using socket = await openGraphQLSocket(gateway.url)
    const results = transport === 'SSE' ? undefined : socket.run({ query: event })
    const first = results?.next()
    await using stream = results ? undefined : await subscribeBySse(gateway.url, { query: event })
    await vi.waitFor(() => expect(gateway.gateway.events.subscribers).toBe(1))
    const change = { userName, credentialId, status: 'Inactive' as const }
    for (const pending of [first, undefined, undefined]) {
      await gateway.gateway.events.publish(aChange(change))
      const result = await (stream?.nextResult() ?? (pending ?? results?.next())?.then(({ value }) => value))
      expect(result?.data).toMatchObject({ signingCertificateStatusChanged: { signingCertificate: {} } })
      expect(costOf(result).iamCalls).toEqual({ estimated: 1, made: 1, shared: 0, cached: 0, throttled: 0 })
    }
  })
})

describe("the README's examples", () => {
  test.each(['dashboard', 'expiring', 'upload', 'set-status'])('cost what is estimated: %s', async name => {
    await using gateway = await startTestGateway('--sandbox-users=300')
    const variables = blocks.find(({ marker }) => marker === `variables=${name}.graphql`)?.text ?? '{}'
    const filled = JSON.parse(variables, (_key, value: unknown) =>
      typeof value === 'string' && value.includes('…') ? exampleOf(gateway).uploadCertificateBody : value,
    )
    const answer = await gateway.ask(blockOf(`file=${name}.graphql`).text, filled)
    const { estimated, made } = costOf(answer).iamCalls
    expect(made).toBe(gateway.sandbox.calls.length)
    expect(made).toBe(estimated)
  })
})

describe('what did not go as estimated', () => {
  test('is told: what was known already, and what IAM throttled', async () => {
    await using gateway = await startTestGateway('--sandbox-users=20', '--cache-ttl=60')
    const ask = async (first: number) => costOf(await gateway.ask(certificates, { first })).iamCalls
    await ask(10)
    expect(await ask(10)).toEqual({ estimated: 11, made: 0, shared: 0, cached: 11, throttled: 0 })
    const answer = { code: 'Throttling', status: 400 }
    gateway.sandbox.fault({ action: 'ListUsers', answer, times: 2 })
    expect(await ask(9)).toEqual({ estimated: 10, made: 3, shared: 0, cached: 9, throttled: 2 })
  })

  test('ends at the limit, where IAM cuts its pages short', async () => {
    await using gateway = await startTestGateway('--sandbox-users=20', '--sandbox-max-page=1', '--max-iam-calls=5')
    const answer = await gateway.ask('{ users(first: 20) { nodes { id } } viewer { id } }')
    expect(answer.errors).toMatchObject([{ path: ['users'], extensions: { code: 'IAM_CALLS_EXCEEDED' } }])
    expect(costOf(answer).iamCalls).toMatchObject({ estimated: 2, made: 5 })
    expect(gateway.sandbox.calls).toHaveLength(5)
  })
})

describe('an answer in parts', () => {
  test('says with the last of them what all have cost', async () => {
    await using gateway = await startTestGateway('--sandbox-users=20')
    const query =
      '{ users(first: 10) { nodes @stream(initialCount: 0) { signingCertificates { nodes { id } } serviceSpecificCredentials { id } } } }'
    await using socket = await openGraphQLSocket(gateway.url)
    const parts: FormattedExecutionResult[] = []
    for await (const part of socket.run({ query })) parts.push(part)
    expect(parts.length).toBeGreaterThan(1)
    const last = parts.pop()
    for (const { extensions } of parts) expect(extensions).toBeUndefined()
    expect(costOf(last).iamCalls).toMatchObject({ estimated: 12, made: 12 })
  })
})

describe('a walk through the account', () => {
  const query = `query ($first: Int, $before: DateTime, $after: String) {
    walk: signingCertificates(first: $first, expiresBefore: $before, after: $after) {
      usersWalked pageInfo { hasNextPage endCursor }
    }
  }`
  const never = '1990-01-01T00:00:00Z'

  test('costs the budget of --walk-calls, and reports how far it came', async () => {
    await using gateway = await startTestGateway('--sandbox-users=50', '--walk-calls=20', '--cache-ttl=0')
    const answer = await gateway.ask(query, { before: never })
    expect(costOf(answer)).toMatchObject({
      iamCalls: { estimated: 20, made: 20 },
      walks: [{ path: ['walk'], usersWalked: 19, calls: 20, budget: 20 }],
    })
    expect(answer.data.walk).toMatchObject({ usersWalked: 19, pageInfo: { hasNextPage: true } })
  })

  test('takes what is known already, and gets further for the same calls', async () => {
    await using gateway = await startTestGateway('--sandbox-users=50', '--walk-calls=20', '--cache-ttl=60')
    const walked: unknown[] = []
    for (let round = 0; round < 4; round += 1) {
      const { data } = await gateway.ask(query, { before: never })
      walked.push(data.walk.usersWalked, gateway.sandbox.calls.length)
      gateway.sandbox.clearCalls()
    }
    expect(walked).toEqual([19, 20, 38, 20, 51, 14, 51, 0])
  })

  test('reports the calls that went out, not those that its time did not last for', async () => {
    const slow = ['--sandbox-rate=5', '--sandbox-burst=5', '--operation-timeout=1']
    await using gateway = await startTestGateway('--sandbox-users=100', ...slow)
    const { walks, iamCalls } = costOf(await gateway.ask(query, { first: 1000 }))
    const [walk] = walks as readonly { readonly calls: number }[]
    expect(walk?.calls).toBeGreaterThan(0)
    expect(walk?.calls).toBeLessThanOrEqual(iamCalls['made'] ?? 0)
  })

  test('of an account whose users hold two certificates each costs what is estimated', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0', '--cache-ttl=0')
    using account = openAccount(gateway.sandbox)
    for (const name of ['aa', 'bb', 'cc', 'dd', 'ee']) {
      await account.user(name)
      for (let count = 0; count < 2; count += 1) await account.certificate(name)
    }
    for (const first of [1, 2, 3, 4, 7, 10]) {
      let after: string | null = null
      for (let page = 0; page < 2; page += 1) {
        const answer = await gateway.ask(query, { first, after })
        const { estimated, made } = costOf(answer).iamCalls
        const { hasNextPage, endCursor } = answer.data.walk.pageInfo
        if (hasNextPage) expect(made).toBe(estimated)
        else expect(made).toBeLessThanOrEqual(estimated ?? 0)
        after = endCursor
      }
    }
  })
})

function costOf(answer: unknown): Cost {
  return (answer as { extensions: { cost: Cost } }).extensions.cost
}

function exampleOf({ sandbox: { example } }: TestGateway) {
  if (!example) throw new Error('expected an account with an example')
  return example
}
