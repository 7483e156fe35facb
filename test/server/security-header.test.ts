import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AuthenticatedServer, startAuthenticatedServer } from './authenticated-server.ts'
import { type LoggedServer, startLoggedServer } from './logged-server.ts'
import { postText, requestText, sendRaw, subscribeBySse } from './transport.ts'

const latest = JSON.stringify({ query: '{ latestChangeId }' })

describe.each([
  ['off', () => startLoggedServer()],
  ['on', () => startAuthenticatedServer()],
])('with authentication %s', (mode, start: () => Promise<LoggedServer>) => {
  let server: LoggedServer
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test('GraphiQL’s page is framed by nobody, and tells nobody where it was', async () => {
    const { headers } = await fetch(server.url, { headers: { accept: 'text/html' } })
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': expect.stringContaining('camera=()'),
      'cache-control': 'no-store',
    })
    // Whoever ends TLS knows whether there is any.
    expect(headers.has('strict-transport-security')).toBe(false)
  })

  test('its policy lets its own scripts run and no other, and lets it ask the gateway alone', async () => {
    const response = await fetch(server.url, { headers: { accept: 'text/html' } })
    const policy = policyOf(response.headers)
    const page = await response.text()
    const scripts = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, script = '']) => script)
    expect(scripts.length).toBeGreaterThan(0)
    expect(page).not.toMatch(/<script [^>]*>/)
    expect(policy.get('script-src')).toEqual(scripts.map(script => `'sha256-${hash(script)}'`))
    const { host } = new URL(server.url)
    expect(policy.get('connect-src')).toEqual(mode === 'on' ? ["'self'"] : ["'self'", `ws://${host}`, `wss://${host}`])
    expect(Object.fromEntries(policy)).toMatchObject({
      'default-src': ["'none'"],
      'base-uri': ["'none'"],
      'form-action': ["'none'"],
      'frame-ancestors': ["'none'"],
    })
  })

  test.each([
    ['an answer', postText(latest)],
    ['what is not found', requestText('GET /other', {})],
    ['what the gate refuses', postText(latest, { host: 'evil.example' })],
    ['what is no GraphQL', postText('{')],
    ['/health', requestText('GET /health', {})],
  ])('nothing runs in %s', async (_what, request) => {
    const { head } = await sendRaw(server.url, request)
    expect(head).toMatch(/^content-security-policy: default-src 'none'; frame-ancestors 'none'\r?$/im)
    expect(head).toMatch(/^x-content-type-options: nosniff\r?$/im)
    expect(head).toMatch(/^cache-control: no-store\r?$/im)
    expect(head).toMatch(/^vary: Origin\r?$/im)
  })
})

test('an event stream is stored nowhere', async () => {
  await using server = await startLoggedServer()
  for (const query of ['subscription { signingCertificateStatusChanged { id } }', '{ latestChangeId }', '{ wrong }']) {
    await using stream = await subscribeBySse(server.url, { query })
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream')
    expect(stream.response.headers.get('cache-control')?.split(', ')).toContain('no-store')
    expect(stream.response.headers.get('vary')).toBe('Origin')
  }
})

describe('the page, where callers must say who they are', () => {
  let server: AuthenticatedServer
  let page: string
  beforeAll(async () => {
    server = await startAuthenticatedServer({
      graphiql: {
        title: 'user/gateway in 123456789012',
        target: 'arn:aws:iam::123456789012:user/gateway',
        example: {
          userName: 'zoe.of.the.account',
          certificateId: 'ZOESCERTIFICATE',
          uploadUserName: 'yan.of.the.account',
          uploadCertificateBody: 'THE BODY OF YAN',
        },
      },
    })
    const response = await fetch(server.url, { headers: { accept: 'text/html' } })
    expect(response.status).toBe(200)
    page = await response.text()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test('says nothing of the account', () => {
    expect(page).toContain('<title>iam-graphql-gateway</title>')
    const account = ['123456789012', 'arn:aws', 'of.the.account', 'ZOESCERTIFICATE', 'THE BODY OF YAN']
    expect(account.filter(said => page.includes(said))).toEqual([])
  })

  test('keeps no headers in the browser, and sends them with subscriptions', () => {
    const options = page.slice(page.lastIndexOf('renderYogaGraphiQL'))
    expect(options).toContain('"shouldPersistHeaders":false')
    expect(options).toContain('"subscriptionsProtocol":"SSE"')
  })
})

describe('without GraphiQL', () => {
  test.each([
    ['off', () => startLoggedServer(undefined, { graphiql: undefined }), 406],
    ['on', () => startAuthenticatedServer({ graphiql: undefined }), 401],
  ])('there is no page, with authentication %s', async (_mode, start: () => Promise<LoggedServer>, expected) => {
    await using server = await start()
    const get = (path: string) => sendRaw(server.url, requestText(`GET ${path}`, { accept: 'text/html' }))
    for (const path of ['/graphql', '/graphql?query={latestChangeId}']) {
      const { status, head, body } = await get(path)
      expect(status).toBe(expected)
      expect(head).toMatch(/^content-type: application\/json/im)
      expect(JSON.parse(body).errors).toHaveLength(1)
    }
    expect((await get('/')).status).toBe(404)
  })
})

function policyOf(headers: Headers): ReadonlyMap<string, readonly string[]> {
  const directives = (headers.get('content-security-policy') ?? '').split('; ')
  return new Map(
    directives.map(directive => {
      const [name = '', ...sources] = directive.split(' ')
      return [name, sources] as const
    }),
  )
}

function hash(script: string): string {
  return createHash('sha256').update(script).digest('base64')
}
