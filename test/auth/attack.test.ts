import { createHmac, createPublicKey } from 'node:crypto'
import { EncryptJWT, exportJWK, FlattenedSign, generateKeyPair, importJWK, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { longestToken } from '../../src/auth/bearer.ts'
import { type Authenticating, authenticating } from './authenticating.ts'
import { type Issuer, startIssuer } from './issuer.ts'

let issuer: Issuer
let authentication: Authenticating
beforeAll(async () => {
  issuer = await startIssuer()
})
beforeEach(async () => {
  authentication = authenticating(issuer.url)
  // The attacks fail for what they are, not for want of the keys.
  await authentication.authenticate(await issuer.token())
})
afterEach(() => {
  vi.useRealTimers()
  authentication.close()
})
afterAll(() => issuer.close())

const refused = (message: string) => ({ code: 'UNAUTHENTICATED', message: expect.stringContaining(message) })
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const publicKey = () => JSON.parse(issuer.jwks()).keys[0]

describe('JWT: alg none', () => {
  test.each(['none', 'None', 'NONE', 'nOnE', ''])('spelt %j is refused, with a signature and without', async alg => {
    const unsigned = `${part({ alg, kid: publicKey().kid, typ: 'at+jwt' })}.${part(issuer.claims())}`
    const [, , signature] = (await issuer.sign(issuer.claims())).split('.')
    await expect(authentication.authenticate(`${unsigned}.`)).rejects.toMatchObject(refused(''))
    await expect(authentication.authenticate(`${unsigned}.${signature}`)).rejects.toMatchObject(refused(''))
  })

  test('is refused where no algorithm is named at all', async () => {
    const token = `${part({ typ: 'at+jwt' })}.${part(issuer.claims())}.AAAA`
    await expect(authentication.authenticate(token)).rejects.toMatchObject(refused('malformed'))
  })
})

describe('JWT: key confusion', () => {
  test.each(['HS256', 'HS384', 'HS512'])('is refused: %s with what is public as the shared secret', async alg => {
    const key = createPublicKey({ key: publicKey(), format: 'jwk' })
    const secrets = [
      key.export({ type: 'spki', format: 'pem' }),
      key.export({ type: 'spki', format: 'der' }),
      key.export({ type: 'pkcs1', format: 'pem' }),
      JSON.stringify(publicKey()),
      publicKey().n,
    ]
    for (const secret of secrets) {
      const input = `${part({ alg, kid: publicKey().kid, typ: 'at+jwt' })}.${part(issuer.claims())}`
      const token = `${input}.${createHmac(alg.replace('HS', 'sha'), secret).update(input).digest('base64url')}`
      await expect(authentication.authenticate(token)).rejects.toMatchObject(
        refused('an algorithm that is not accepted'),
      )
      // Not by the allow-list alone: whoever allowed it by mistake would not be open either.
      using careless = authenticating(issuer.url, { algorithms: ['RS256', alg] })
      await expect(careless.authenticate(token)).rejects.toMatchObject(refused('does not know'))
    }
  })

  test('is refused: the issuer’s key by an algorithm that is not allowed', async () => {
    const token = await issuer.sign(issuer.claims())
    using strict = authenticating(issuer.url, { algorithms: ['ES256'] })
    await expect(strict.authenticate(token)).rejects.toMatchObject(refused('an algorithm that is not accepted'))
  })

  test('is refused: the issuer’s key by an algorithm that it is not for', async () => {
    const token = (await issuer.sign(issuer.claims())).split('.')
    token[0] = part({ alg: 'PS256', kid: publicKey().kid, typ: 'at+jwt' })
    await expect(authentication.authenticate(token.join('.'))).rejects.toMatchObject(refused('a key that its issuer'))
  })
})

describe('JWT: a stranger’s signature', () => {
  test('is refused under the name of the issuer’s key, and under none', async () => {
    for (const kid of [publicKey().kid, undefined]) {
      const forged = await issuer.forge(issuer.claims(), { kid })
      await expect(authentication.authenticate(forged)).rejects.toMatchObject(
        refused("The token's signature does not hold."),
      )
    }
  })

  test('is refused whichever key it brings along, and what it points at is not fetched', async () => {
    await using stranger = await startIssuer()
    const jwk = JSON.parse(stranger.jwks()).keys[0]
    const address = `${stranger.url}/jwks`
    const headers = [
      { jwk },
      { jku: address },
      { x5u: address },
      { jku: address, kid: jwk.kid },
      { jwk, kid: jwk.kid },
      { x5c: ['AAAA'], x5t: 'AAAA' },
      { kid: address },
      { kid: '../../../../dev/null' },
      { kid: "' OR 1=1 --" },
    ]
    for (const header of headers) {
      const token = await stranger.sign({ ...issuer.claims() }, { kid: publicKey().kid, ...header })
      await expect(authentication.authenticate(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    }
    expect(stranger.requests).toEqual([])
  })

  test('is refused on another’s token: header, claims and signature belong together', async () => {
    const [one, other] = await Promise.all([
      issuer.token({ subject: 'alice' }),
      issuer.token({ subject: 'admin', expiresIn: -3600 }),
    ])
    const [header, claims, signature] = one.split('.')
    const [, foreign, theirs] = other.split('.')
    for (const mixed of [
      `${header}.${foreign}.${signature}`,
      `${header}.${claims}.${theirs}`,
      `${header}.${claims}.`,
    ]) {
      await expect(authentication.authenticate(mixed)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    }
  })

  test('is refused of another tenant: a real issuer that is not ours', async () => {
    await using stranger = await startIssuer()
    await expect(authentication.authenticate(await stranger.token())).rejects.toMatchObject(
      refused('a key that its issuer'),
    )
  })

  test('is refused in an ECDSA signature of nothing but zeros', async () => {
    const { publicKey: key } = await generateKeyPair('ES256')
    using elliptic = authenticating(issuer.url, { jwks: JSON.stringify({ keys: [await exportJWK(key)] }) })
    const token = `${part({ alg: 'ES256' })}.${part(issuer.claims())}.${Buffer.alloc(64).toString('base64url')}`
    await expect(elliptic.authenticate(token)).rejects.toMatchObject(refused("The token's signature does not hold."))
  })
})

describe('JWT: wrong issuer or audience, or expired', () => {
  test('is refused, though the issuer’s own key signed it', async () => {
    const claims = issuer.claims()
    const now = Math.floor(Date.now() / 1000)
    const tokens = await Promise.all([
      issuer.sign({ ...claims, iss: `${issuer.url}/` }),
      issuer.sign({ ...claims, iss: issuer.url.toUpperCase() }),
      issuer.sign({ ...claims, aud: ['another', 'IAM-GATEWAY'] }),
      issuer.sign({ ...claims, aud: { 0: 'iam-gateway' } }),
      issuer.sign({ ...claims, aud: [] }),
      issuer.sign({ ...claims, exp: now - 3600 }),
      issuer.sign({ ...claims, exp: `${now + 3600}` }),
      issuer.sign({ ...claims, exp: null }),
      issuer.sign({ ...claims, exp: -1 }),
    ])
    for (const token of tokens) {
      await expect(authentication.authenticate(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    }
  })
})

describe('JWT: what is no such token', () => {
  test.each([
    [{ crit: ['exp'], exp: 1 }, 'does not know'],
    [{ crit: ['urn:unheard-of'], 'urn:unheard-of': true }, 'does not know'],
    [{ crit: [] }, 'malformed'],
    [{ crit: 'exp' }, 'malformed'],
  ])(
    'is refused, before its signature is looked at, where it says what must be understood: %j',
    async (header, message) => {
      const [, claims, signature] = (await issuer.sign(issuer.claims())).split('.')
      const token = `${part({ alg: 'RS256', kid: publicKey().kid, ...header })}.${claims}.${signature}`
      await expect(authentication.authenticate(token)).rejects.toMatchObject(refused(message))
    },
  )

  test('is refused where its claims are signed as they are, unencoded', async () => {
    const { privateKey, publicKey: key } = await generateKeyPair('ES256')
    const rules = { jwks: JSON.stringify({ keys: [await exportJWK(key)] }) }
    using elliptic = authenticating('https://issuer', rules)
    const claims = { ...issuer.claims(), iss: 'https://issuer' }
    const encoded = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(privateKey)
    await expect(elliptic.authenticate(encoded)).resolves.toMatchObject({ name: 'alice' })
    const { protected: header, signature } = await new FlattenedSign(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'ES256', b64: false, crit: ['b64'] })
      .sign(privateKey)
    const token = `${header}.${JSON.stringify(claims)}.${signature}`
    await expect(elliptic.authenticate(token)).rejects.toMatchObject(refused('malformed'))
  })

  test('is refused: encrypted to us, by whomever', async () => {
    const encrypted = await new EncryptJWT({ ...issuer.claims() })
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })
      .encrypt(await importJWK({ ...publicKey(), alg: 'RSA-OAEP-256', use: 'enc' }, 'RSA-OAEP-256'))
    await expect(authentication.authenticate(encrypted)).rejects.toMatchObject(refused('malformed'))
  })

  test.each([
    ['', 'nothing'],
    ['.', 'a dot'],
    ['..', 'two dots'],
    ['a.b.c', 'letters'],
    ['\0.\0.\0', 'zero bytes'],
    [`${part([])}.${part([])}.AAAA`, 'lists'],
    [`${part({ alg: 'RS256' })}.${part('text')}.AAAA`, 'a text for claims'],
    [`${part({ alg: 'RS256' })}.AAAA`, 'two parts'],
    [`${part({ alg: 'RS256' })}.${part({})}.AAAA.AAAA.AAAA`, 'five parts'],
    [`${part({ alg: ['RS256'] })}.${part({})}.AAAA`, 'a list for alg'],
    [`${part({ alg: '__proto__' })}.${part({})}.AAAA`, 'alg __proto__'],
    [`${part({ alg: 'RS256', kid: { a: 1 } })}.${part({})}.AAAA`, 'an object for kid'],
    [`${Buffer.from('{"alg":"RS256","alg":"none"}').toString('base64url')}.${part({})}.`, 'alg twice'],
    [`${'['.repeat(5_000)}.${part({})}.AAAA`, 'brackets'],
    [`${Buffer.from('['.repeat(9_000)).toString('base64url')}.${part({})}.AAAA`, 'lists in lists'],
    ['a'.repeat(longestToken + 1), 'more than a header holds'],
    ['.'.repeat(longestToken), 'dots'],
  ])('is refused: %#', async token => {
    await expect(authentication.authenticate(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(authentication.lines).toEqual([])
  })

  test('is refused where it is longer than a header may be, whoever signed it', async () => {
    const token = await issuer.sign({ ...issuer.claims(), pad: 'a'.repeat(longestToken) })
    await expect(authentication.authenticate(token)).rejects.toMatchObject(refused('The token is too long.'))
  })

  test('is refused in claims that only JavaScript reads so', async () => {
    const token = await issuer.sign({ ...issuer.claims(), scope: undefined, ['constructor']: 'read' })
    using careless = authenticating(issuer.url, { scopeClaim: 'constructor.name' })
    await expect(careless.authenticate(token)).resolves.toMatchObject({ scopes: new Set() })
    using inherited = authenticating(issuer.url, { scopeClaim: '__proto__' })
    await expect(inherited.authenticate(token)).resolves.toMatchObject({ scopes: new Set() })
  })
})

describe('JWT: unknown kid floods', () => {
  const strange = async (count: number) => {
    const { privateKey } = await generateKeyPair('ES256')
    return Promise.all(
      Array.from({ length: count }, (_, index) =>
        new SignJWT({ ...issuer.claims() }).setProtectedHeader({ alg: 'ES256', kid: `${index}` }).sign(privateKey),
      ),
    )
  }

  test('reach the issuer once in five seconds', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    await using own = await startIssuer()
    using flooded = authenticating(own.url)
    const tokens = await strange(200)
    await flooded.authenticate(await own.token())
    const asked = () => own.requests.filter(path => path !== '/token').length
    const before = asked()
    for (let second = 0; second < 20; second += 1) {
      const answers = await Promise.allSettled(tokens.slice(second * 10, second * 10 + 10).map(flooded.authenticate))
      for (const answer of answers)
        expect(answer).toMatchObject({ reason: refused('a key that its issuer does not publish') })
      vi.advanceTimersByTime(1_000)
    }
    expect(asked() - before).toBe(3)
    await expect(flooded.authenticate(await own.token({ subject: 'bob' }))).resolves.toMatchObject({ name: 'bob' })
  })

  test('reach an issuer that is down no more often, and change nothing for those whose keys are known', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    await using own = await startIssuer()
    using flooded = authenticating(own.url)
    const token = await own.token()
    await flooded.authenticate(token)
    own.setDown(true)
    const before = own.requests.length
    for (const [index, strangers] of (await strange(50)).entries()) {
      // Five seconds later it is asked.
      const code = index < 25 ? 'UNAUTHENTICATED' : 'AUTHENTICATION_UNAVAILABLE'
      await expect(flooded.authenticate(strangers)).rejects.toMatchObject({ code })
      await expect(flooded.authenticate(token)).resolves.toMatchObject({ name: 'alice' })
      vi.advanceTimersByTime(200)
    }
    expect(own.requests.length - before).toBe(1)
    expect(flooded.lines).toHaveLength(1)
  })
})
