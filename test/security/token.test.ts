import { createHmac, createPublicKey } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Issuer, startIssuer } from '../auth/issuer.ts'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { requestText, sendRaw } from '../server/transport.ts'
import { openRawSocket, text } from './frame.ts'
import { expectMasked } from './unharmed.ts'

const query = '{ users { nodes { userName } } }'

let issuer: Issuer
let gateway: TestGateway
beforeAll(async () => {
  issuer = await startIssuer()
  gateway = await startTestGateway(
    '--sandbox-users=2',
    `--oidc-issuer=${issuer.url}`,
    '--oidc-audience=iam-gateway',
    '--introspection=false',
    '--graphiql=false',
    '--audit-log=none',
  )
})
afterAll(async () => {
  await gateway.gateway.close()
  await issuer.close()
})

/** On HTTP and on a WebSocket; IAM is asked nothing. */
async function expectRefused(...tokens: readonly string[]): Promise<void> {
  const calls = await gateway.callsOf(async () => {
    for (const token of tokens) {
      const authorization = `Bearer ${token}`
      const response = await fetch(gateway.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: JSON.stringify({ query }),
      })
      expect(response.status, token).toBe(401)
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer /)
      const body = await response.text()
      expectMasked(JSON.parse(body).errors)
      if (token.length > 20) expect(body).not.toContain(token.slice(0, 20))

      await using raw = await openRawSocket(gateway.url)
      raw.send(text(JSON.stringify({ type: 'connection_init', payload: { authorization } })))
      raw.send(text(JSON.stringify({ type: 'subscribe', id: '1', payload: { query } })))
      expect([4401, 4403]).toContain(await raw.closed())
      expect(raw.texts()).toEqual([])
    }
  })
  expect(calls).toEqual([])
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

test('a token signed by nobody, by a stranger, or with the public key as a secret: alg none, key confusion', async () => {
  const authorization = `Bearer ${await issuer.token()}`
  expect((await gateway.ask(query, {}, { authorization })).errors).toBeUndefined()
  const [key] = JSON.parse(issuer.jwks()).keys
  const forged = ['none', 'None', 'HS256', 'HS512'].flatMap(alg => {
    const input = `${encoded({ alg, kid: key.kid, typ: 'at+jwt' })}.${encoded(issuer.claims())}`
    const pem = createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
    const digest = alg === 'HS512' ? 'sha512' : 'sha256'
    return [`${input}.`, `${input}.${createHmac(digest, pem).update(input).digest('base64url')}`]
  })
  const [head = '', claims = '', signature = ''] = (await issuer.token()).split('.')
  const other = encoded(issuer.claims({ subject: 'root' }))
  await expectRefused(
    ...forged,
    await issuer.forge(issuer.claims()),
    `${head}.${other}.${signature}`,
    `${head}.${claims}.`,
    `${head}.${claims}.${signature.split('').reverse().join('')}`,
    '..',
    'x',
    'A'.repeat(8_000),
  )
})

test('a token of another issuer, for another audience, expired, or not valid yet', async () => {
  const now = Math.floor(Date.now() / 1000)
  await expectRefused(
    await issuer.token({ audience: 'elsewhere' }),
    await issuer.sign({ ...issuer.claims(), iss: 'https://evil.example' }),
    await issuer.sign({ ...issuer.claims(), iss: `${issuer.url}/` }),
    await issuer.sign({ ...issuer.claims(), aud: ['elsewhere', 'iam-gateway.evil.example'] }),
    await issuer.sign({ ...issuer.claims(), exp: now - 3_600 }),
    await issuer.sign({ ...issuer.claims(), exp: undefined }),
    await issuer.sign({ ...issuer.claims(), nbf: now + 3_600 }),
  )
})

test('unknown key ids by the hundred, or a key that the token brings itself', async () => {
  const before = issuer.requests.length
  const tokens = await Promise.all(
    Array.from({ length: 100 }, (_, at) => issuer.forge(issuer.claims(), { kid: `unknown-${at}` })),
  )
  await expectRefused(...tokens)
  // The issuer is not asked for each.
  expect(issuer.requests.length - before).toBeLessThan(5)
  const [jwk] = JSON.parse(issuer.jwks()).keys
  await expectRefused(
    await issuer.forge(issuer.claims(), { jwk }),
    await issuer.forge(issuer.claims(), { jku: 'http://169.254.169.254/jwks', kid: '../../etc/passwd' }),
    await issuer.forge(issuer.claims(), { x5u: 'http://169.254.169.254/x5u' }),
  )
})

test('a token in the place of a header: in the URL, in a cookie, twice, or beside another scheme', async () => {
  const token = await issuer.token()
  for (const [target, headers] of [
    [`/graphql?query=${query}&access_token=${token}`, {}],
    [`/graphql?query=${query}&authorization=Bearer%20${token}`, {}],
    [`/graphql?query=${query}`, { cookie: `token=${token}; authorization=Bearer ${token}` }],
    [`/graphql?query=${query}`, { authorization: `Basic ${token}` }],
    [`/graphql?query=${query}`, { authorization: token }],
    [`/graphql?query=${query}`, { authorization: `Bearer ${token}, Bearer ${token}` }],
  ] as const) {
    expect((await sendRaw(gateway.url, requestText(`GET ${encodeURI(target)}`, headers))).status).toBeOneOf([400, 401])
  }
})

test('introspection where it is off: by POST, by GET and by fragments', async () => {
  const authorization = `Bearer ${await issuer.token()}`
  const documents = [
    '{ __schema { types { name } } }',
    '{ __type(name: "User") { fields { name } } }',
    '{ ...F } fragment F on Query { a: __schema { queryType { name } } }',
    '{ ... { __type(name: "Query") { name } } }',
  ]
  for (const asked of documents) {
    const { data, errors = [] } = await gateway.ask(asked, {}, { authorization })
    expect(data ?? null).toBeNull()
    expect(errors.map(({ extensions }) => extensions.code)).toContain('INTROSPECTION_DISABLED')
    const target = `/graphql?query=${encodeURIComponent(asked)}`
    const { body } = await sendRaw(gateway.url, requestText(`GET ${target}`, { authorization }))
    expect(body).toContain('INTROSPECTION_DISABLED')
    expect(body).not.toContain('"data"')
  }
})

test('fields, arguments and types guessed nearly right where introspection is off', async () => {
  const authorization = `Bearer ${await issuer.token()}`
  for (const guess of [
    '{ user { nodes { id } } }',
    '{ userss { id } }',
    '{ users(frist: 1) { nodes { id } } }',
    '{ viewer { ... on Usr { id } } }',
    '{ viewer { usrName } }',
    'query ($a: Strin) { user(userName: $a) { id } }',
    'mutation { setSigningCertificateStatus(input: { userNam: "a", status: ACTIV }) { __typename } }',
    '{ users @incude(if: true) { nodes { id } } }',
  ]) {
    const { errors = [] } = await gateway.ask(guess, {}, { authorization })
    expect(errors).not.toEqual([])
    expectMasked(errors)
    expect(JSON.stringify(errors)).not.toMatch(/did you mean/i)
  }
  const input = { userName: 'alice', certificatId: 'A'.repeat(32), status: 'INACTIV' }
  const set = `mutation ($input: SetSigningCertificateStatusInput!) { setSigningCertificateStatus(input: $input) { __typename } }`
  expect(JSON.stringify(await gateway.ask(set, { input }, { authorization }))).not.toMatch(/did you mean/i)
})

test('GraphiQL where it is off', async () => {
  const { status, body } = await sendRaw(gateway.url, requestText('GET /graphql', { accept: 'text/html' }))
  expect(status).toBeGreaterThanOrEqual(400)
  expect(body).not.toContain('graphiql')
})
