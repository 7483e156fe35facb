import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, startTestGateway, type TestGateway } from '../gateway.ts'
import { openGraphQLSocket, postText, sendRaw } from '../server/transport.ts'
import { expectMasked, expectUnharmed } from './unharmed.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway('--sandbox-users=20')
})
afterAll(() => gateway.gateway.close())

/** The codes of what a document is refused for, on HTTP and on the WebSocket; IAM is asked nothing for it. */
async function refused(query: string, variables: Record<string, unknown> = {}): Promise<unknown[]> {
  let answer: Answer | undefined
  const calls = await gateway.callsOf(async () => {
    answer = await gateway.ask(query, variables)
    await using socket = await openGraphQLSocket(gateway.url)
    const bySocket = await socket.ask({ query, variables }).then(
      ({ errors = [] }) => errors,
      (errors: unknown) => errors as readonly unknown[],
    )
    expectMasked(bySocket)
    expect(bySocket).toHaveLength(answer.errors?.length ?? 0)
  })
  expect(calls).toEqual([])
  const { errors = [] } = answer ?? {}
  expectMasked(errors)
  return [...new Set(errors.map(({ extensions }) => extensions.code))]
}

test('a document nested deeper than it may be', async () => {
  const deep = (levels: number) =>
    `{ __type(name: "User") ${'{ ofType '.repeat(levels)}{ name }${' }'.repeat(levels)} }`
  expect(await refused(deep(100))).toEqual(['LIMIT_EXCEEDED'])
  expect(await refused(`{ viewer { ...A } } fragment A on User { ${deepUser(10)} }`)).toEqual(['LIMIT_EXCEEDED'])
})

test('fragments that spread themselves, each other, or round a ring of a hundred', async () => {
  const ring = (size: number) =>
    Array.from({ length: size }, (_, at) => `fragment F${at} on Query { __typename ...F${(at + 1) % size} }`)
  for (const size of [1, 2, 100]) {
    expect(await refused(`{ ...F0 } ${ring(size).join(' ')}`)).toEqual(['GRAPHQL_VALIDATION_FAILED'])
  }
})

test('fragments that double the document at each of a hundred levels', async () => {
  const doubling = (leaf: string) =>
    Array.from({ length: 100 }, (_, at) => `fragment F${at} on Query { ...F${at + 1} ...F${at + 1} }`)
      .concat(`fragment F100 on Query { ${leaf} }`)
      .join(' ')
  expect(await refused(`{ ...F0 } ${doubling('a: latestChangeId')}`)).toEqual(['LIMIT_EXCEEDED'])
  expect(await refused(`{ ...F0 } ${doubling('__typename @skip(if: false)')}`)).toEqual(['LIMIT_EXCEEDED'])
  const { data, errors } = await gateway.ask(`{ ...F0 } ${doubling('__typename')}`)
  expect(errors).toBeUndefined()
  expect(data).toEqual({ __typename: 'Query' })
})

test('inline fragments within each other, as many as a document may hold', async () => {
  const nested = (field: string, count: number) => `${`... { ${field} `.repeat(count)}${'}'.repeat(count)}`
  expect((await gateway.ask(`{ ${nested('__typename', 490)} }`)).data).toEqual({ __typename: 'Query' })
  expect((await gateway.ask(`{ viewer { ${nested('path', 480)} } }`)).data).toEqual({ viewer: { path: '/service/' } })
})

test('one field as often as a document may hold it', async () => {
  expect(await refused(`{ ${'latestChangeId '.repeat(1990)}}`)).toEqual(['LIMIT_EXCEEDED'])
  const { data } = await gateway.ask(`{ ${'users { nodes { id } } '.repeat(200)}}`)
  expect(data.users.nodes).toHaveLength(21)
})

test('an alias flood', async () => {
  const aliases = Array.from({ length: 300 }, (_, at) => `a${at}: user(userName: "user-${at}") { path }`)
  expect(await refused(`{ ${aliases.join(' ')} }`)).toEqual(['LIMIT_EXCEEDED'])
  expect(await refused(`{ ...F } fragment F on Query { ${aliases.slice(0, 31).join(' ')} }`)).toEqual([
    'LIMIT_EXCEEDED',
  ])
})

test('a directive flood', async () => {
  expect(await refused(`{ __typename ${'@skip(if: false) '.repeat(200)}}`)).toContain('LIMIT_EXCEEDED')
  expect(await refused(`{ __typename ${'@nobody '.repeat(900)}}`)).toContain('LIMIT_EXCEEDED')
})

test('a document of more tokens than it may have', async () => {
  for (const token of ['a ', '{', '[', '"" ', '... ', '$a ', '#\n( ', '"""\n""" ', '1e9 ']) {
    expect(await refused(`{ a(b: ${token.repeat(3_000)}`)).toHaveLength(1)
  }
  expect(await refused(`{ ${'__typename '.repeat(2_001)}}`)).toEqual(['LIMIT_EXCEEDED'])
})

test('a document of a megabyte, in one token or in comments', async () => {
  for (const query of [`{ ${'a'.repeat(1_000_000)} }`, `# ${'a'.repeat(1_000_000)}\n{ __typename }`]) {
    const { status, body } = await sendRaw(gateway.url, postText(JSON.stringify({ query })))
    expect(status).toBe(413)
    expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: 'REQUEST_ENTITY_TOO_LARGE' } }] })
    await using socket = await openGraphQLSocket(gateway.url)
    void socket.ask({ query }).catch(() => {})
    expect(await socket.closed).toMatchObject({ code: 1009 })
  }
  // As long as it may be, and not repeated.
  const { errors = [] } = await gateway.ask(`{ ${'a'.repeat(120_000)} }`)
  expect(JSON.stringify(errors).length).toBeLessThan(1_000)
})

test('a page of a million', async () => {
  for (const first of [1_000_000, 1_001, 0, -1]) {
    expect(await refused(`{ users(first: ${first}) { nodes { id } } }`)).toEqual(['BAD_USER_INPUT'])
  }
  expect(await refused('{ users(first: 99999999999999999999) { nodes { id } } }')).toEqual([
    'GRAPHQL_VALIDATION_FAILED',
  ])
  for (const first of [2 ** 53, 1e300, 0.5, '10', [10], { first: 10 }, true]) {
    expect(await refused('query ($first: Int) { users(first: $first) { nodes { id } } }', { first })).not.toEqual([])
  }
})

test('everything of everybody in one operation', async () => {
  const everything = `{ users(first: 1000) { nodes { userName
    first: signingCertificates(first: 1) { nodes { user { path } } }
    second: signingCertificates(first: 2) { nodes { certificateBody } } } } }`
  expect(await refused(everything)).toEqual(['IAM_CALLS_EXCEEDED'])
})

test('ids by the thousand', async () => {
  const ids = Array.from({ length: 1_800 }, (_, at) => Buffer.from(`User:somebody-${at}`).toString('base64url'))
  expect(await refused('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids })).toEqual(['IAM_CALLS_EXCEEDED'])
})

test('variables of thousands of values, or nested sixty thousand deep', async () => {
  const nested = `${'['.repeat(60_000)}${']'.repeat(60_000)}`
  const many = `[${Array.from({ length: 10_000 }, (_, at) => at).join()}]`
  const named = `{${Array.from({ length: 5_000 }, (_, at) => `"a${at}":1`).join()}}`
  for (const query of ['{ __typename }', 'query ($a: [ID!]!) { nodes(ids: $a) { id } }']) {
    for (const variables of [`{"a":${nested}}`, `{"a":${many}}`, `{"a":${named}}`, named]) {
      const body = `{"query":${JSON.stringify(query)},"variables":${variables}}`
      const calls = await gateway.callsOf(async () => {
        const { body: answer } = await sendRaw(gateway.url, postText(body))
        const { errors } = JSON.parse(answer)
        expectMasked(errors)
        expect(errors).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED' } }])
      })
      expect(calls).toEqual([])
    }
  }
})

test('a list of operations in one request', async () => {
  for (const count of [0, 1, 10_000]) {
    const batch = JSON.stringify(Array.from({ length: count }, () => ({ query: '{a}' })))
    const { status, body } = await sendRaw(gateway.url, postText(batch))
    expect(status).toBe(batch.length > 131_072 ? 413 : 400)
    expectMasked(JSON.parse(body).errors)
  }
})

test('one question under thirty names', async () => {
  const asked = Array.from({ length: 30 }, (_, at) => `a${at}: user(userName: "${at % 2 ? 'bob' : 'BOB'}") { path }`)
  expect(await gateway.callsOf(() => gateway.ask(`{ ${asked.join(' ')} }`))).toHaveLength(1)
})

test('values that do not fit their types', async () => {
  const set = `mutation ($input: SetSigningCertificateStatusInput!) {
    setSigningCertificateStatus(input: $input) { __typename } }`
  const fitting = { userName: 'alice', certificateId: 'A'.repeat(32), status: 'INACTIVE' }
  for (const wrong of [
    { ...fitting, status: 'Inactive' },
    { ...fitting, status: 'INACTIVE ' },
    { ...fitting, certificateId: ['A'.repeat(32)] },
    { ...fitting, userName: { $ne: null } },
    { ...fitting, userName: 1 },
    { ...fitting, isAdmin: true },
    [fitting, fitting],
    'alice',
    null,
  ]) {
    expect(await refused(set, { input: wrong })).toEqual(['BAD_USER_INPUT'])
  }
})

test('a document with a thousand mistakes', async () => {
  const { errors = [] } = await gateway.ask(`{ ${Array.from({ length: 1_000 }, (_, at) => `wrong${at}`).join(' ')} }`)
  expect(errors.length).toBeLessThanOrEqual(101)
  expectMasked(errors)
})

test('an operation that would take for ever', async () => {
  await using slow = await startTestGateway('--sandbox-users=2', '--operation-timeout=1')
  const heal = slow.sandbox.fault({ action: 'ListUsers', answer: 'hang' })
  const { errors = [] } = await slow.ask('{ users { nodes { id } } }')
  expect(errors.map(({ extensions }) => extensions.code)).toEqual(['OPERATION_TIMEOUT'])
  heal()
  await expectUnharmed(slow)
})

function deepUser(levels: number): string {
  const below = levels === 0 ? 'path' : deepUser(levels - 1)
  return `signingCertificates { nodes { user { ${below} } } }`
}
