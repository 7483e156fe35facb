import {
  buildClientSchema,
  type FormattedExecutionResult,
  type GraphQLFormattedError,
  getIntrospectionQuery,
  printSchema,
} from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { post } from '../gateway.ts'
import { type AuthenticatedServer, startAuthenticatedServer } from './authenticated-server.ts'
import { startLoggedServer } from './logged-server.ts'
import { openGraphQLSocket, requestText, sendRaw } from './transport.ts'

/** Each is refused with a suggestion where the schema is open. */
const mistakes: readonly [query: string, variables?: object][] = [
  ['{ user(userName: "alice") { userNam } }'],
  ['{ user(userName: "alice", userNme: "alice") { id } }'],
  ['{ node(id: "x") { userName } }'],
  ['{ node(id: "x") { ... on Usr { id } } }'],
  ['{ users }'],
  ['{ signingCertificates(status: ACTIV) { usersWalked } }'],
  ['query ($s: SigningCertificateStatu) { signingCertificates(status: $s) { usersWalked } }'],
  ['query ($s: SigningCertificateStatus) { signingCertificates(status: $s) { usersWalked } }', { s: 'ACTIV' }],
  ['mutation { uploadSigningCertificate(input: { certificateBody: "x", certificateBdy: "x" }) { __typename } }'],
  [
    'mutation ($i: UploadSigningCertificateInput!) { uploadSigningCertificate(input: $i) { __typename } }',
    { i: { certificateBody: 'x', userNam: 'alice' } },
  ],
  ['subscription { signingCertificateStatusChangd { id } }'],
]

describe('where the schema is for those with the scope introspect', () => {
  let server: AuthenticatedServer
  beforeAll(async () => {
    server = await startAuthenticatedServer({ introspection: 'scope' })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test.each([
    ['by its root', '{ __schema { queryType { name } } }'],
    ['under another name', '{ x: __type(name: "User") { name } }'],
    ['in a fragment', '{ latestChangeId ...F } fragment F on Query { __schema { types { name } } }'],
    ['under a condition', 'query { ... @include(if: true) { __type(name: "User") { fields { name } } } }'],
    ['as tools ask for it', getIntrospectionQuery()],
  ])('nobody else gets it %s', async (_how, query) => {
    const headers = await server.bearer({ scopes: ['read', 'write', 'watch'] })
    const refused = { errors: [{ extensions: { code: 'INTROSPECTION_DISABLED', scope: 'introspect' } }] }
    expect(await post(server.url, { query }, headers)).toMatchObject(refused)
    const line = `GET /graphql?query=${encodeURIComponent(query)}`
    const { status, body } = await sendRaw(server.url, requestText(line, { ...headers, accept: 'application/json' }))
    expect(status).toBe(403)
    expect(JSON.parse(body)).toMatchObject(refused)
    await using socket = await openGraphQLSocket(server.url, headers)
    expect(await socket.ask({ query })).toMatchObject(refused)
  })

  test('they get all of it', async () => {
    const { data } = await server.askAs(['introspect'], getIntrospectionQuery())
    expect(printSchema(buildClientSchema(data))).toContain(printSchema(schema).slice(-500))
  })

  test('everybody learns what kind of thing an answer is', async () => {
    expect(await server.askAs(['read'], '{ viewer { __typename } __typename }')).toEqual({
      data: { viewer: { __typename: 'User' }, __typename: 'Query' },
    })
  })

  test.each(mistakes)('no message says what was meant: %s %o', async (query, variables) => {
    const headers = await server.bearer({ scopes: ['read', 'write', 'watch'] })
    const answer = await post(server.url, { query, variables }, headers)
    expect(answer.errors?.length).toBeGreaterThan(0)
    await using socket = await openGraphQLSocket(server.url, headers)
    const told = await errorsOf(socket.ask({ query, variables: variables as Record<string, unknown> }))
    expect(told.map(({ message }) => message)).toEqual(answer.errors?.map(({ message }) => message))
    expect(JSON.stringify([answer, told])).not.toMatch(/did you mean/i)
  })
})

describe('where the schema is for everybody', () => {
  test('so are suggestions', async () => {
    await using server = await startLoggedServer()
    expect((await post(server.url, { query: getIntrospectionQuery() })).errors).toBeUndefined()
    for (const [query, variables] of mistakes) {
      const { errors = [] } = await post(server.url, { query, variables })
      expect(errors.map(({ message }) => message)).toContainEqual(expect.stringMatching(/ Did you mean .+\?$/))
    }
  })
})

test('whoever is asked for no token proves no scope', async () => {
  await using server = await startLoggedServer(undefined, { introspection: 'scope' })
  expect(await post(server.url, { query: '{ __schema { queryType { name } } }' })).toMatchObject({
    errors: [{ extensions: { code: 'INTROSPECTION_DISABLED' } }],
  })
  expect(await post(server.url, { query: '{ latestChangeId }' })).toEqual({
    data: { latestChangeId: expect.any(String) },
  })
})

/** What is wrong with a document comes as an error, what is wrong with its variables as a result. */
async function errorsOf(asked: Promise<FormattedExecutionResult>): Promise<readonly GraphQLFormattedError[]> {
  return asked.then(
    ({ errors = [] }) => errors,
    (errors: readonly GraphQLFormattedError[]) => errors,
  )
}
