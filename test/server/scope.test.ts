import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AuthenticatedServer, startAuthenticatedServer } from './authenticated-server.ts'
import { openGraphQLSocket, postText, sendRaw, subscribeBySse } from './transport.ts'

const setStatus = `mutation {
  setSigningCertificateStatus(input: { userName: "alice", certificateId: "x", status: INACTIVE }) { __typename }
}`
const readOn = `mutation {
  setSigningCertificateStatus(input: { userName: "alice", certificateId: "x", status: INACTIVE }) {
    ... on SetSigningCertificateStatusPayload { signingCertificate { user { userName } } }
  }
}`
const watch = 'subscription { signingCertificateStatusChanged { id } }'
const watchOn = 'subscription { signingCertificateStatusChanged { signingCertificate { status } } }'

describe('scopes', () => {
  let server: AuthenticatedServer
  beforeAll(async () => {
    server = await startAuthenticatedServer()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  async function refusals(scopes: readonly string[], query: string, variables?: object) {
    server.sandbox.clearCalls()
    const { data, errors = [] } = await server.askAs(scopes, query, variables)
    expect(data ?? null).toBeNull()
    expect(server.sandbox.calls).toEqual([])
    return errors.map(({ message, extensions }) => [message, extensions])
  }
  const needs = (field: string, scope: string) => [
    `${field} needs the scope ${scope}.`,
    { code: 'FORBIDDEN', scope: scope.split(' ')[0] },
  ]

  test.each([
    ['users', '{ users { nodes { userName } } }', 'read'],
    ['user', '{ user(userName: "alice") { userName } }', 'read'],
    ['viewer', '{ viewer { userName } }', 'read'],
    ['node', '{ node(id: "x") { id } }', 'read'],
    ['nodes', '{ nodes(ids: []) { id } }', 'read'],
    ['users', '{ users { edges { node { userName } } } }', 'read'],
    ['latestChangeId', '{ latestChangeId }', 'read or watch'],
    ['setSigningCertificateStatus', setStatus, 'write'],
  ])('%s by a caller without its scope is refused before IAM is asked', async (field, query, scope) => {
    const others = ['read', 'write', 'watch', 'introspect'].filter(one => !scope.includes(one))
    expect(await refusals(others, query)).toEqual([needs(field, scope)])
    expect(await refusals([], query)).toEqual([needs(field, scope)])
  })

  test('what a caller may ask is answered', async () => {
    expect(await server.askAs(['read'], '{ users { nodes { userName } } }')).toMatchObject({
      data: { users: { nodes: [{ userName: 'alice' }, { userName: 'bob' }, { userName: 'gateway' }] } },
    })
    expect((await server.askAs(['watch'], '{ latestChangeId }')).errors).toBeUndefined()
    expect(await server.askAs(['write'], setStatus)).toEqual({
      data: { setSigningCertificateStatus: { __typename: 'ValidationError' } },
    })
    expect(await server.askAs([], '{ __typename }')).toEqual({ data: { __typename: 'Query' } })
  })

  test('who may write alone does not read on from what was written', async () => {
    expect(await refusals(['write'], readOn)).toEqual([needs('user', 'read')])
    expect((await server.askAs(['write', 'read'], readOn)).errors).toBeUndefined()
  })

  test('each scope that is missing is told once, at the first field that needs it', async () => {
    const query = `query ($never: Boolean!) {
      first: latestChangeId
      ...More
      ... on Query @include(if: $never) { viewer { userName } }
      __type(name: "User") { name }
    }
    fragment More on Query { users { nodes { ...Deep } } }
    fragment Deep on User { signingCertificates { nodes { status } } }`
    const { errors = [] } = await server.askAs(['write'], query, { never: false })
    expect(errors.map(({ extensions, ...rest }) => ({ ...extensions, ...rest }))).toEqual([
      {
        code: 'FORBIDDEN',
        scope: 'read',
        message: 'latestChangeId needs the scope read or watch.',
        locations: [{ line: 2, column: 7 }],
      },
      {
        code: 'FORBIDDEN',
        scope: 'read',
        message: 'viewer needs the scope read.',
        locations: [{ line: 4, column: 43 }],
      },
      {
        code: 'INTROSPECTION_DISABLED',
        scope: 'introspect',
        message: 'This gateway does not show its schema: __type.',
        locations: [{ line: 5, column: 7 }],
      },
    ])
  })

  test('a field that is skipped counts as asked, and one of another operation does not', async () => {
    expect(await refusals(['watch'], '{ latestChangeId viewer @skip(if: true) { userName } }')).toEqual([
      needs('viewer', 'read'),
    ])
    const body = JSON.stringify({
      query: 'query One { latestChangeId } query Other { viewer { userName } }',
      operationName: 'One',
    })
    const { status } = await sendRaw(server.url, postText(body, await server.bearer({ scopes: ['watch'] })))
    expect(status).toBe(200)
  })

  test('a fragment hides nothing, nor does an interface or an alias', async () => {
    const hidden = [
      'query { ...F } fragment F on Query { a: viewer { id } }',
      'query { ... { ... on Query { b: users { pageInfo { hasNextPage } } } } }',
      'query { node(id: "x") { ... on SigningCertificate { user { id } } } }',
    ]
    for (const query of hidden) {
      expect((await refusals(['write', 'watch'], query)).map(([, extensions]) => extensions)).toEqual([
        { code: 'FORBIDDEN', scope: 'read' },
      ])
    }
  })

  test('HTTP says it by 403, and which scope would do', async () => {
    const body = JSON.stringify({ query: setStatus })
    for (const accept of ['application/json', 'application/graphql-response+json', 'text/event-stream']) {
      const headers = { ...(await server.bearer({ scopes: ['read'] })), accept }
      const { status, head } = await sendRaw(server.url, postText(body, headers))
      expect(status).toBe(403)
      expect(head).toMatch(
        /^www-authenticate: Bearer realm="[\w-]+", error="insufficient_scope", error_description="[^"]+", scope="write"\r?$/im,
      )
    }
  })

  test('a subscription needs to watch, and to read what it asks IAM for with each change', async () => {
    for (const [scopes, query, field, scope] of [
      [['read', 'write'], watch, 'signingCertificateStatusChanged', 'watch'],
      [['watch'], watchOn, 'signingCertificate', 'read'],
    ] as const) {
      const headers = await server.bearer({ scopes })
      await using stream = await subscribeBySse(server.url, { query }, headers)
      expect(stream.response.status).toBe(403)
      await using socket = await openGraphQLSocket(server.url, headers)
      const { errors = [] } = await socket.ask({ query })
      expect(errors.map(({ message, extensions }) => [message, extensions])).toEqual([needs(field, scope)])
    }
  })

  test('the same holds on a WebSocket, where nothing is said of HTTP', async () => {
    await using socket = await openGraphQLSocket(server.url, await server.bearer({ scopes: ['watch'] }))
    server.sandbox.clearCalls()
    expect(await socket.ask({ query: setStatus })).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN', scope: 'write' } }],
    })
    expect(await socket.ask({ query: '{ viewer { userName } }' })).toMatchObject({
      errors: [{ locations: [{ line: 1, column: 3 }], extensions: { code: 'FORBIDDEN', scope: 'read' } }],
    })
    expect(await socket.ask({ query: '{ latestChangeId }' })).toEqual({ data: { latestChangeId: expect.any(String) } })
    expect(server.sandbox.calls).toEqual([])
  })

  test('one document is judged anew for each caller', async () => {
    const query = '{ viewer { userName } }'
    expect((await server.askAs(['read'], query)).errors).toBeUndefined()
    expect(await refusals(['watch'], query)).toEqual([needs('viewer', 'read')])
    expect((await server.askAs(['read'], query)).errors).toBeUndefined()
  })
})

test('scopes are named as the token has them', async () => {
  await using server = await startAuthenticatedServer({ scopePrefix: 'api://gateway/' })
  const headers = await server.bearer({ scopes: ['api://gateway/watch', 'read'] })
  const { head } = await sendRaw(server.url, postText(JSON.stringify({ query: '{ viewer { id } }' }), headers))
  expect(head).toMatch(/^www-authenticate: .*, scope="api:\/\/gateway\/read"\r?$/im)
})
