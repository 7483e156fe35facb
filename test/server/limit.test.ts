import { getIntrospectionQuery } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exampleTabs } from '../../src/server/example-tab.ts'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { type GraphQLSocket, openGraphQLSocket, subscribeBySse } from './transport.ts'

let gateway: TestGateway
let socket: GraphQLSocket
beforeAll(async () => {
  gateway = await startTestGateway('--sandbox-users=2')
  socket = await openGraphQLSocket(gateway.url)
})
afterAll(async () => {
  await socket[Symbol.asyncDispose]()
  await gateway.gateway.close()
})

/** What a document is refused for, on HTTP and on the WebSocket alike. */
async function refusals(query: string): Promise<{ code: unknown; message: string }[]> {
  const [http, webSocket] = await Promise.all([gateway.ask(query), refusedBySocket(query)])
  const seen = (http.errors ?? []).map(({ message, extensions }) => ({ message, code: extensions.code }))
  expect(webSocket).toEqual(seen)
  return seen
}

async function refusedBySocket(query: string): Promise<object[]> {
  try {
    const { errors = [] } = await socket.ask({ query })
    return errors.map(({ message, extensions }) => ({ message, code: extensions?.['code'] }))
  } catch (errors) {
    expect(errors).toBeInstanceOf(Array)
    return (errors as { message: string; extensions: object }[]).map(({ message, extensions }) => {
      expect(Object.keys(extensions)).toEqual(['code'])
      return { message, ...extensions }
    })
  }
}

const exceeded = (message: string) => [{ code: 'LIMIT_EXCEEDED', message }]

/** `__type` and its `ofType`, as deep as asked for. */
const deep = (depth: number) =>
  `{ __type(name: "Query") ${'{ ofType '.repeat(depth - 2)}{ name }${' }'.repeat(depth - 2)} }`

describe('depth', () => {
  test('of twelve levels passes', async () => {
    expect(await refusals(deep(12))).toEqual([])
  })

  test('of thirteen does not', async () => {
    expect(await refusals(deep(13))).toEqual(exceeded('Query depth limit of 12 exceeded, found 13.'))
  })

  test('is counted through fragments, named and inline, which add none of their own', async () => {
    const named = (depth: number) =>
      `${deep(4).replace('{ name }', '{ ...Deep }')} fragment Deep on __Type { ... on __Type ${'{ ofType '.repeat(depth - 4)}{ name }${' }'.repeat(depth - 4)} }`
    expect(await refusals(named(12))).toEqual([])
    expect(await refusals(named(13))).toEqual(exceeded('Query depth limit of 12 exceeded, found 13.'))
  })

  test('of the introspected schema is bounded, too', async () => {
    const fields = (depth: number): string => (depth === 0 ? 'name' : `name fields { type { ${fields(depth - 1)} } }`)
    expect(await refusals(`{ __schema { types { ${fields(5)} } } }`)).toEqual([
      { code: 'GRAPHQL_VALIDATION_FAILED', message: 'Maximum introspection depth exceeded' },
    ])
  })
})

describe('aliases', () => {
  const aliased = (count: number) =>
    `{ ${Array.from({ length: count }, (_, index) => `a${index}: latestChangeId`).join(' ')} }`

  test('of thirty pass', async () => {
    expect(await refusals(aliased(30))).toEqual([])
  })

  test('of thirty-one do not', async () => {
    expect(await refusals(aliased(31))).toEqual(exceeded('Aliases limit of 30 exceeded, found 31.'))
  })

  test('are counted each time a fragment is spread, so that nesting does not multiply work for free', async () => {
    const twice = (name: string, inner: string) =>
      `fragment ${name} on Query { ${name}x: node(id: "x") { id } ...${inner} ...${inner} }`
    const document = `{ ...A } ${twice('A', 'B')} ${twice('B', 'C')} ${twice('C', 'D')} ${twice('D', 'E')}
      fragment E on Query { e1: latestChangeId e2: latestChangeId }`
    // 1 + 2 · (1 + 2 · (1 + 2 · (1 + 2 · 2)))
    expect(await refusals(document)).toEqual(exceeded('Aliases limit of 30 exceeded, found 47.'))
  })
})

describe('directives', () => {
  const directed = (count: number) => `{ latestChangeId ${'@a '.repeat(count)} }`
  const codes = async (query: string) => new Set((await refusals(query)).map(({ code }) => code))

  test('of fifty are judged by what they are', async () => {
    expect(await codes(directed(50))).toEqual(new Set(['GRAPHQL_VALIDATION_FAILED']))
  })

  test('of fifty-one are too many', async () => {
    expect(await codes(directed(51))).toContain('LIMIT_EXCEEDED')
  })

  test('are counted through fragments', async () => {
    const skipped = Array.from({ length: 26 }, (_, index) => `a${index}: __typename @skip(if: true)`).join(' ')
    expect(await refusals(`{ ...A } fragment A on Query { ${skipped} }`)).toEqual([])
    expect(await refusals(`{ ...A ... { ...A } } fragment A on Query { ${skipped} }`)).toEqual(
      exceeded('Directives limit of 50 exceeded, found 52.'),
    )
  })
})

describe('tokens', () => {
  const worth = (count: number) => `{ nodes(ids: [${'"x" '.repeat(count - 19)}]) @skip(if: true) { id } }`

  test('of two thousand pass', async () => {
    expect(await refusals(worth(2000))).toEqual([])
  })

  test('of two thousand and one do not', async () => {
    expect(await refusals(worth(2001))).toEqual(exceeded('Document token limit of 2000 exceeded.'))
  })

  test('are refused again when the same document comes again', async () => {
    expect(await refusals(worth(2002))).toEqual(await refusals(worth(2002)))
  })
})

describe('fields of one name', () => {
  test('are one field, which IAM is asked for once', async () => {
    const calls = await gateway.callsOf(() =>
      gateway.ask(`{ ${'users(first: 1) { nodes { userName } } '.repeat(50)} }`),
    )
    expect(calls).toEqual(['ListUsers'])
  })

  test('are too many where comparing them would take long', async () => {
    expect(await refusals(`{ ${'latestChangeId '.repeat(1900)} }`)).toEqual(
      exceeded('The document has too many fields of the same name.'),
    )
  })
})

describe('what is written in a document', () => {
  test.each([
    ['lists', `{ nodes(ids: ${'['.repeat(900)}${']'.repeat(900)}) { id } }`],
    ['objects', `{ nodes(ids: ${'{a:'.repeat(450)}1${'}'.repeat(450)}) { id } }`],
    ['types', `query ($x: ${'['.repeat(900)}Int${']'.repeat(900)}) { latestChangeId }`],
    ['selections', `{ ${'a { '.repeat(600)} b ${'} '.repeat(600)} }`],
    ['numbers', `{ users(first: ${'9'.repeat(100_000)}) { nodes { id } } }`],
    ['names', `{ ${'x'.repeat(100_000)} }`],
  ])('may be %s of any size: that is an error like any other, and short', async (_what, query) => {
    const seen = await refusals(query)
    expect(seen.length).toBeGreaterThan(0)
    expect(JSON.stringify(seen).length).toBeLessThan(1000)
    expect(seen.map(({ code }) => code)).not.toContain('INTERNAL_SERVER_ERROR')
  })
})

test('fragments that spread each other are refused, and hang nothing', async () => {
  const document = '{ ...A } fragment A on Query { a: latestChangeId ...B } fragment B on Query { ...A }'
  expect(await refusals(document)).toEqual([
    { code: 'GRAPHQL_VALIDATION_FAILED', message: 'Cannot spread fragment "A" within itself via "B".' },
  ])
})

test('every limit is a flag', async () => {
  await using strict = await startTestGateway(
    '--max-depth=2',
    '--max-aliases=1',
    '--max-directives=1',
    '--max-tokens=20',
  )
  const code = async (query: string) => (await strict.ask(query)).errors?.[0]?.extensions.code
  expect(await code('{ viewer { userName } }')).toBeUndefined()
  expect(await code('{ viewer { signingCertificates { usersWalked } } }')).toBeDefined()
  expect(await code('{ a: latestChangeId b: latestChangeId }')).toBe('LIMIT_EXCEEDED')
  expect(await code('{ __typename @skip(if: true) @include(if: true) }')).toBe('LIMIT_EXCEEDED')
  expect(await code('{ latestChangeId latestChangeId latestChangeId latestChangeId latestChangeId }')).toBeUndefined()
  expect(await code(`{ ${'latestChangeId '.repeat(19)}}`)).toBe('LIMIT_EXCEEDED')
})

test('GraphiQL’s introspection passes, with everything it can ask for', async () => {
  const query = getIntrospectionQuery({
    descriptions: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
    oneOf: true,
  })
  const { data, errors } = await gateway.ask(query)
  expect(errors).toBeUndefined()
  expect(data.__schema.subscriptionType).toMatchObject({ name: 'Subscription' })
})

test('every example of GraphiQL passes', async () => {
  const example = gateway.sandbox.example
  for (const { query, variables = '{}' } of exampleTabs(example)) {
    const payload = { query, variables: JSON.parse(variables) as Record<string, unknown> }
    await using stream = await subscribeBySse(gateway.url, payload)
    expect(stream.response.status).toBe(200)
    // The one that watches has nothing to tell yet.
    if (!query.includes('subscription ')) expect(await stream.nextResult()).not.toHaveProperty('errors')
  }
})
