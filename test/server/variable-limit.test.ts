import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { type GraphQLSocket, openGraphQLSocket, subscribeBySse } from './transport.ts'

let gateway: TestGateway
let socket: GraphQLSocket
beforeAll(async () => {
  gateway = await startTestGateway('--sandbox-users=2', '--max-variable-values=10', '--max-variable-depth=3')
  socket = await openGraphQLSocket(gateway.url)
})
afterAll(async () => {
  await socket[Symbol.asyncDispose]()
  await gateway.gateway.close()
})

/** One that no operation declares counts like any other. */
const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } latestChangeId }'
const subscription = 'subscription ($name: String) { signingCertificateStatusChanged(userName: $name) { userName } }'

/** What is said of the variables, on HTTP and on the WebSocket alike. */
async function refusal(variables: Record<string, unknown>, document = query): Promise<unknown> {
  const [http, webSocket] = await Promise.all([
    gateway.ask(document, variables),
    socket.ask({ query: document, variables }),
  ])
  const [one, other] = [http, webSocket].map(({ errors = [] }) =>
    errors.filter(({ extensions }) => extensions?.['code'] === 'LIMIT_EXCEEDED'),
  )
  expect(one).toEqual(other)
  return one?.[0]
}

const exceeded = (message: string, limit: number) => ({
  message: `The variables: expected at most ${message}.`,
  extensions: { code: 'LIMIT_EXCEEDED', limit },
})

const nested = (levels: number): unknown => (levels === 0 ? 'x' : [nested(levels - 1)])

describe('values', () => {
  test('up to the limit pass, a list counted with its items', async () => {
    expect(await refusal({ ids: Array(9).fill('x') })).toBeUndefined()
  })

  test('beyond it do not', async () => {
    expect(await refusal({ ids: Array(10).fill('x') })).toEqual(exceeded('10 values, got 11', 10))
  })

  test('are counted where nothing declares them, in objects and in lists', async () => {
    const extra = { one: { two: [1, null, {}] }, three: 'x', four: [], five: [[], 0] }
    expect(await refusal({ ids: [], ...extra })).toEqual(exceeded('10 values, got 11', 10))
  })
})

describe('depth', () => {
  test('up to the limit passes', async () => {
    expect(await refusal({ ids: [], other: nested(3) })).toBeUndefined()
  })

  test('beyond it does not, by lists or by objects', async () => {
    expect(await refusal({ ids: [], other: nested(4) })).toEqual(exceeded('3 levels of nesting, got 4', 3))
    const objects = { a: { b: { c: { d: {} } } } }
    expect(await refusal({ ids: [], other: objects })).toEqual(exceeded('3 levels of nesting, got 5', 3))
  })

  test('of as many levels as a body can hold is counted, and overflows nothing', async () => {
    const levels = 50_000
    const text = `{"query":${JSON.stringify(query)},"variables":{"ids":${'['.repeat(levels)}${']'.repeat(levels)}}}`
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: text,
    })
    expect(response.status).toBe(400)
    const { errors } = (await response.json()) as { errors: unknown[] }
    expect(errors).toEqual([exceeded('10 values, got 50000', 10)])
  })
})

test('a subscription is refused before it begins', async () => {
  const variables = { name: 'alice', other: nested(4) }
  await using stream = await subscribeBySse(gateway.url, { query: subscription, variables })
  expect(await stream.nextResult()).toMatchObject({ errors: [exceeded('3 levels of nesting, got 4', 3)] })
  expect(gateway.gateway.events.subscribers).toBe(0)
})

test('nothing is asked of IAM', async () => {
  const work = () =>
    gateway.ask('query ($first: Int) { users(first: $first) { nodes { id } } }', { first: 1, x: nested(9) })
  expect(await gateway.callsOf(work)).toEqual([])
})
