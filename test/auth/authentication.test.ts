import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { authenticating } from './authenticating.ts'
import { type Claims, type Issuer, startIssuer } from './issuer.ts'

let issuer: Issuer
beforeAll(async () => {
  issuer = await startIssuer()
})
afterAll(() => issuer.close())
afterEach(() => vi.useRealTimers())

const seconds = (count: number) => Math.floor(Date.now() / 1000) + count

describe('a token that the issuer gave', () => {
  test('says who asks, and what he may', async () => {
    using authentication = authenticating(issuer.url)
    const text = await issuer.token({ subject: 'bob', scopes: ['read', 'openid', 'watch'], claims: { team: 'blue' } })
    const { token, ...principal } = await authentication.authenticate(text)
    expect(principal).toEqual({
      name: 'bob',
      key: JSON.stringify([issuer.url, 'bob']),
      scopes: new Set(['read', 'watch']),
    })
    expect(token).toMatchObject({ text, issuer: issuer.url, subject: 'bob' })
    expect(token?.claims).toMatchObject({ sub: 'bob', team: 'blue', client_id: 'test' })
    expect(token?.expiresAt.getTime()).toBe(Number(token?.claims['exp']) * 1000)
  })

  test('says it of one subject by the same key, whichever token it is', async () => {
    using authentication = authenticating(issuer.url)
    const subjects = ['alice', 'alice', 'bob']
    const tokens = await Promise.all(subjects.map(subject => issuer.token({ subject, claims: { jti: Math.random() } })))
    const principals = await Promise.all(tokens.map(authentication.authenticate))
    const [first, second, third] = principals.map(({ key }) => key)
    expect(second).toBe(first)
    expect(third).not.toBe(first)
  })

  test.each<[string, Claims, Claims?]>([
    ['for several audiences, ours among them', { aud: ['another', 'iam-gateway'] }],
    ['that expired within the clock’s tolerance', { exp: seconds(-20) }],
    ['that begins within the clock’s tolerance', { nbf: seconds(20), iat: seconds(20) }],
    ['of typ JWT', {}, { typ: 'JWT' }],
    ['of typ application/at+jwt', {}, { typ: 'application/AT+JWT' }],
    ['without typ', {}, { typ: undefined }],
    ['that does not name its key, while there is one', {}, { kid: undefined }],
    ['without iat', { iat: undefined }],
    ['with a subject of 255 characters', { sub: 's'.repeat(255) }],
  ])('is taken: one %s', async (_which, claims, header) => {
    using authentication = authenticating(issuer.url)
    const token = await issuer.sign({ ...issuer.claims(), ...claims }, header)
    await expect(authentication.authenticate(token)).resolves.toMatchObject({
      scopes: new Set(['read', 'write', 'watch']),
    })
  })

  test.each<[string, Claims, string, Claims?]>([
    ['expired', { exp: seconds(-31) }, 'The token has expired.'],
    ['is for another audience', { aud: 'another' }, 'The token is not for this gateway: it names another audience.'],
    ['is for none', { aud: undefined }, 'The token lacks the claim aud.'],
    [
      'is for an audience that begins as ours',
      { aud: 'iam-gateway-2' },
      'The token is not for this gateway: it names another audience.',
    ],
    ['is of another issuer', { iss: 'https://other.example.com' }, 'The token is from another issuer.'],
    ['is of an issuer that begins as ours', { iss: 'http://127.0.0.1' }, 'The token is from another issuer.'],
    ['is of no issuer', { iss: undefined }, 'The token lacks the claim iss.'],
    ['is of several issuers', { iss: ['a'] }, 'The token is from another issuer.'],
    ['never expires', { exp: undefined }, 'The token lacks the claim exp.'],
    ['expires at no time', { exp: '2999-01-01' }, "The token's claim exp is malformed."],
    ['expires when no calendar goes', { exp: 1e15 }, "The token's claim exp is malformed."],
    ['is nobody’s', { sub: undefined }, 'The token lacks the claim sub.'],
    [
      'is of an empty subject',
      { sub: '' },
      "The token's claim sub is malformed: expected 1 to 255 printable characters.",
    ],
    ['is of a number', { sub: 7 }, "The token's claim sub is malformed: expected 1 to 255 printable characters."],
    [
      'is of a subject of 256 characters',
      { sub: 's'.repeat(256) },
      "The token's claim sub is malformed: expected 1 to 255 printable characters.",
    ],
    [
      'is of a subject of two lines',
      { sub: 'alice\nbob' },
      "The token's claim sub is malformed: expected 1 to 255 printable characters.",
    ],
    ['begins later', { nbf: seconds(60) }, 'The token is not valid yet.'],
    ['begins at no time', { nbf: 'now' }, "The token's claim nbf is malformed."],
    ['is of the future', { iat: seconds(60) }, 'The token is not valid yet: it is of the future.'],
    ['is a logout token', {}, 'The token is not an access token: see its typ.', { typ: 'logout+jwt' }],
    ['is a proof', {}, 'The token is not an access token: see its typ.', { typ: 'dpop+jwt' }],
  ])('is refused where it %s', async (_what, claims, message, header) => {
    using authentication = authenticating(issuer.url)
    const token = await issuer.sign({ ...issuer.claims(), ...claims }, header)
    await expect(authentication.authenticate(token)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message,
      extensions: { http: { status: 401 } },
    })
  })

  test('is refused, by the provider itself, where it expired or is for others', async () => {
    using authentication = authenticating(issuer.url)
    const expired = await issuer.token({ expiresIn: -60 })
    const foreign = await issuer.token({ audience: ['another', 'third'] })
    await expect(authentication.authenticate(expired)).rejects.toThrow('The token has expired.')
    await expect(authentication.authenticate(foreign)).rejects.toThrow('it names another audience')
  })
})

describe('the set of keys', () => {
  test('may hold several keys: a token that names none is of any of them', async () => {
    const pairs = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')])
    const keys = await Promise.all(
      pairs.map(async ({ publicKey }, index) => ({ ...(await exportJWK(publicKey)), kid: `${index}` })),
    )
    using authentication = authenticating('https://issuer.example.com', { jwks: JSON.stringify({ keys }) })
    const claims = { iss: 'https://issuer.example.com', aud: 'iam-gateway', exp: seconds(60) }
    const sign = (key: CryptoKey, sub: string) =>
      new SignJWT({ ...claims, sub }).setProtectedHeader({ alg: 'ES256' }).sign(key)
    for (const [index, { privateKey }] of pairs.entries()) {
      const token = await sign(privateKey, `${index}`)
      await expect(authentication.authenticate(token)).resolves.toMatchObject({ name: `${index}` })
    }
    const { privateKey: stranger } = await generateKeyPair('ES256')
    await expect(authentication.authenticate(await sign(stranger, 'eve'))).rejects.toThrow('signature does not hold')
  })

  test('may hold a key that is of no use: a token of it cannot be checked, and the log says so once', async () => {
    const { publicKey } = await generateKeyPair('ES256')
    const key = { ...(await exportJWK(publicKey)), kid: 'bad', x: 'AAAA' }
    const good = { ...(await exportJWK(publicKey)), kid: 'good' }
    using authentication = authenticating(issuer.url, { jwks: JSON.stringify({ keys: [key, good] }) })
    const { privateKey } = await generateKeyPair('ES256')
    const sign = (kid: string, sub: string) =>
      new SignJWT({ ...issuer.claims(), sub }).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey)
    for (const sub of ['alice', 'bob']) {
      await expect(authentication.authenticate(await sign('bad', sub))).rejects.toMatchObject({
        code: 'AUTHENTICATION_UNAVAILABLE',
      })
    }
    expect(authentication.lines).toMatchObject([{ level: 40, msg: "a key of the issuer's cannot be used" }])
    await expect(authentication.authenticate(await sign('good', 'eve'))).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
  })
})

describe('the set of keys, one of which is too short', () => {
  test('serves the tokens of the others, also those that name no key', async () => {
    const [short, good] = [1024, 2048].map(modulusLength => generateKeyPairSync('rsa', { modulusLength }))
    const keys = [short, good].map(pair => pair?.publicKey.export({ format: 'jwk' }))
    using authentication = authenticating(issuer.url, { jwks: JSON.stringify({ keys }) })
    const sign = (key: KeyObject) => new SignJWT(issuer.claims()).setProtectedHeader({ alg: 'RS256' }).sign(key)
    if (!good) throw new Error('expected two pairs of keys')
    await expect(authentication.authenticate(await sign(good.privateKey))).resolves.toMatchObject({ name: 'alice' })
  })
})

describe('a token that was taken', () => {
  test('is refused once it has expired', async () => {
    using authentication = authenticating(issuer.url)
    const token = await issuer.token({ expiresIn: 10 })
    await authentication.authenticate(token)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 38_000 })
    await authentication.authenticate(token)
    vi.setSystemTime(Date.now() + 3_000)
    await expect(authentication.authenticate(token)).rejects.toThrow('The token has expired.')
  })
})

test('neither a refusal nor the log repeats anything of a token', async () => {
  using authentication = authenticating(issuer.url)
  const canary = 'canary-4711'
  const claims = { ...issuer.claims({ subject: canary, audience: canary }), secret: canary }
  const tokens = await Promise.all([
    issuer.sign(claims),
    issuer.sign({ ...claims, aud: 'iam-gateway', iss: canary }),
    issuer.sign({ ...claims, aud: 'iam-gateway', exp: 1 }),
    issuer.sign({ ...claims, aud: 'iam-gateway' }, { kid: canary }),
    issuer.sign({ ...claims, aud: 'iam-gateway' }, { typ: canary }),
    issuer.forge({ ...claims, aud: 'iam-gateway' }),
    canary,
  ])
  for (const token of tokens) {
    const refusal = await authentication.authenticate(token).catch(error => error)
    const shown = JSON.stringify([refusal, refusal.message, refusal.stack, refusal.cause, authentication.lines])
    expect(refusal.code).toBe('UNAUTHENTICATED')
    expect(shown).not.toContain(canary)
    expect(shown).not.toContain(token)
  }
})
