import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AuthenticatedServer, startAuthenticatedServer } from './authenticated-server.ts'
import { startLoggedServer } from './logged-server.ts'
import { postText, requestText, sendRaw, subscribeBySse, upgradeStatus } from './transport.ts'

const origin = 'https://console.example'
const latest = JSON.stringify({ query: '{ latestChangeId }' })
const upload = 'mutation { uploadSigningCertificate(input: { certificateBody: "x" }) { __typename } }'
const subscription = 'subscription { signingCertificateStatusChanged { id } }'

describe('with authentication on', () => {
  let server: AuthenticatedServer
  beforeAll(async () => {
    server = await startAuthenticatedServer({ allowedOrigins: [origin] })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test('a caller with a good token is answered', async () => {
    const { status, body } = await sendRaw(server.url, postText(latest, await server.bearer()))
    expect([status, JSON.parse(body)]).toEqual([200, { data: { latestChangeId: expect.any(String) } }])
  })

  test.each([
    ['a query', postText(latest)],
    ['a query by GET', requestText('GET /graphql?query={latestChangeId}', {})],
    ['a mutation', postText(JSON.stringify({ query: upload }))],
    ['a subscription', postText(JSON.stringify({ query: subscription }), { accept: 'text/event-stream' })],
    ['introspection', postText(JSON.stringify({ query: '{ __schema { types { name } } }' }))],
    ['what is no GraphQL', postText('{')],
    ['another scheme', postText(latest, { authorization: 'Basic YWxpY2U6c2VjcmV0' })],
  ])('%s without a token is refused, and it is said what is missing', async (_kind, request) => {
    const { status, head, body } = await sendRaw(server.url, request)
    expect(status).toBe(401)
    expect(JSON.parse(body)).toEqual({
      errors: [{ message: 'Expected a bearer token, got none.', extensions: { code: 'UNAUTHENTICATED' } }],
    })
    // RFC 6750, section 3.1: nothing is said of a token where none was shown.
    expect(head).toMatch(/^www-authenticate: Bearer realm="iam-graphql-gateway"\r?$/im)
    expect(head).toMatch(/^connection: close\r?$/im)
    expect(head).toMatch(/^cache-control: no-store\r?$/im)
    expect(head).toMatch(/^x-request-id: \S+\r?$/im)
  })

  test.each([
    ['a token that has expired', async () => server.bearer({ expiresIn: -60 }), 'The token has expired.'],
    ['a token for somebody else', async () => server.bearer({ audience: 'other' }), /another audience/],
    ['a stranger', async () => bearer(await server.issuer.forge(server.issuer.claims())), /signature/],
    ['nonsense', async () => bearer('nonsense'), /malformed/],
  ])('%s is refused, and it is said why', async (_kind, headers, why) => {
    const given = await headers()
    const { status, head, body } = await sendRaw(server.url, postText(latest, given))
    expect(status).toBe(401)
    const [error] = JSON.parse(body).errors
    expect(error).toEqual({
      message: expect.stringMatching(why instanceof RegExp ? why : new RegExp(why)),
      extensions: { code: 'UNAUTHENTICATED' },
    })
    expect(head).toMatch(/^www-authenticate: Bearer .*error="invalid_token", error_description=".+"\r?$/im)
    expect(body + head).not.toContain(given.authorization.slice('Bearer '.length))
  })

  test('two Authorization headers are one too many', async () => {
    const { authorization } = await server.bearer()
    const twice = postText(latest, { authorization, Authorization: authorization })
    expect(await sendRaw(server.url, twice)).toMatchObject({ status: 401 })
  })

  test('a token in the address is no token', async () => {
    const token = await server.token()
    for (const name of ['access_token', 'token', 'authorization']) {
      const line = `GET /graphql?query={latestChangeId}&${name}=${token}`
      expect(await sendRaw(server.url, requestText(line, {}))).toMatchObject({ status: 401 })
      const { body } = await sendRaw(
        server.url,
        postText(latest).replace('POST /graphql', `POST /graphql?${name}=${token}`),
      )
      expect(JSON.parse(body).errors[0].extensions).toEqual({ code: 'UNAUTHENTICATED' })
    }
  })

  test('a subscription by SSE takes its token from the header', async () => {
    const { authorization } = await server.bearer({ scopes: ['watch'] })
    await using stream = await subscribeBySse(server.url, { query: subscription }, { authorization })
    expect(stream.response.status).toBe(200)
  })

  test('neither load balancers nor GraphiQL need one', async () => {
    const get = (path: string, accept: string) => fetch(new URL(path, server.url), { headers: { accept } })
    expect((await get('/health', '*/*')).status).toBe(200)
    expect((await get('/ready', '*/*')).status).toBe(200)
    expect((await get('/graphql', 'text/html')).headers.get('content-type')).toMatch(/^text\/html/)
  })

  test('who asks for the page gets the page, and no answer', async () => {
    const line = 'GET /graphql?query={latestChangeId}'
    const { status, head, body } = await sendRaw(
      server.url,
      requestText(line, { accept: 'text/html, application/json' }),
    )
    expect(status).toBe(200)
    expect(head).toMatch(/^content-type: text\/html/im)
    expect(body).not.toContain('"latestChangeId"')
  })

  test('a preflight needs none, and says that one may be sent', async () => {
    const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
    const response = await fetch(server.url, { method: 'OPTIONS', headers: { origin, ...preflight } })
    expect(response.status).toBe(204)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-headers': 'content-type, authorization',
      'access-control-allow-methods': 'GET, POST',
      vary: 'Origin',
    })
    expect(response.headers.has('access-control-allow-credentials')).toBe(false)
  })

  test('a page of an allowed origin can read why it was refused', async () => {
    const response = await fetch(server.url, { method: 'POST', headers: { origin, ...json }, body: latest })
    expect(response.status).toBe(401)
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)
    expect(response.headers.get('access-control-expose-headers')?.split(', ')).toContain('www-authenticate')
    expect(response.headers.get('vary')).toBe('Origin')
  })
})

describe('a good token does not open the gate', () => {
  let server: AuthenticatedServer
  let token: { authorization: string }
  beforeAll(async () => {
    server = await startAuthenticatedServer()
    token = await server.bearer()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test.each([
    ['HOST_REFUSED', { host: 'evil.example' }],
    ['ORIGIN_REFUSED', { origin: 'https://evil.example' }],
    ['ORIGIN_REFUSED', { origin: 'null' }],
    ['ORIGIN_REFUSED', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
  ])('%s: %o', async (code, headers) => {
    const all = { ...token, ...headers }
    const subscribe = JSON.stringify({ query: subscription })
    for (const request of [
      postText(latest, all),
      postText(subscribe, { ...all, accept: 'text/event-stream' }),
      requestText('GET /graphql?query={latestChangeId}', all),
      requestText('OPTIONS /graphql', { ...all, 'access-control-request-method': 'POST' }),
    ]) {
      const answer = await sendRaw(server.url, request)
      expect(answer.status).toBe(403)
      expect(JSON.parse(answer.body).errors[0].extensions).toEqual({ code })
      expect(answer.head.toLowerCase()).not.toContain('access-control')
    }
    expect(await upgradeStatus(server.url, all)).toBe(403)
  })

  test.each([
    ['application/x-www-form-urlencoded', `query=${encodeURIComponent(upload)}`],
    ['text/plain', JSON.stringify({ query: upload })],
    ['multipart/form-data; boundary=b', '--b--'],
    ['application/graphql', upload],
    ['', JSON.stringify({ query: upload })],
  ])('to a body of %o', async (type, body) => {
    server.sandbox.clearCalls()
    const answer = await sendRaw(server.url, postText(body, { ...token, 'content-type': type }))
    expect(answer.status).toBe(415)
    expect(server.sandbox.calls).toEqual([])
  })

  test('to a mutation by GET', async () => {
    server.sandbox.clearCalls()
    const line = `GET /graphql?query=${encodeURIComponent(upload)}`
    expect(await sendRaw(server.url, requestText(line, token))).toMatchObject({ status: 405 })
    expect(server.sandbox.calls).toEqual([])
  })
})

test("where the issuer's keys cannot be had, it is said that this is no fault of the token", async () => {
  await using server = await startAuthenticatedServer()
  server.issuer.setDown(true)
  const { status, head, body } = await sendRaw(server.url, postText(latest, await server.bearer()))
  expect([status, JSON.parse(body).errors[0].extensions]).toEqual([503, { code: 'AUTHENTICATION_UNAVAILABLE' }])
  expect(head.toLowerCase()).not.toContain('www-authenticate')
  expect(head).toMatch(/^retry-after: 5\r?$/im)
})

test('what fails unexpectedly while somebody is recognised is told in one sentence, and logged', async () => {
  const authentication = { authenticate: () => Promise.reject(new Error('the secret reason')) }
  await using server = await startLoggedServer(undefined, { authentication })
  const { status, body } = await sendRaw(server.url, postText(latest, bearer('token')))
  expect(status).toBe(500)
  expect(body).not.toContain('secret')
  const { requestId } = JSON.parse(body).errors[0].extensions
  expect(await server.line(({ err }) => err !== undefined)).toMatchObject({
    requestId,
    err: { message: 'the secret reason' },
  })
})

test('no line of the log holds a token, at any level', async () => {
  await using server = await startAuthenticatedServer()
  const tokens = [await server.token(), await server.token({ expiresIn: -60 })]
  for (const token of tokens) await sendRaw(server.url, postText(latest, bearer(token)))
  const text = JSON.stringify(server.lines())
  for (const token of tokens) expect(text).not.toContain(token.split('.')[2])
  expect(text).toContain('The token has expired.')
})

const json = { 'content-type': 'application/json' }

function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` }
}
