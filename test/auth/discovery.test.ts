import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { authenticating } from './authenticating.ts'
import { type StubDocument, type StubDocuments, startStubIssuer } from './stub-issuer.ts'

const pair = generateKeyPair('ES256', { extractable: true })
let keys: StubDocument
beforeAll(async () => {
  keys = { body: { keys: [{ ...(await exportJWK((await pair).publicKey)), kid: 'one' }] } }
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

async function tokenOf(issuer: string): Promise<string> {
  return new SignJWT({ iss: issuer, aud: 'iam-gateway', sub: 'alice' })
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .setExpirationTime('5m')
    .sign((await pair).privateKey)
}

const configuration = '/.well-known/openid-configuration'
const described = (issuer: string, jwks = `${new URL(issuer).origin}/keys`) => ({ body: { issuer, jwks_uri: jwks } })

describe('the keys of an issuer are found', () => {
  test.each<[string, string, (url: string) => StubDocuments]>([
    ['by OpenID Connect Discovery', '', url => ({ [configuration]: described(url) })],
    ['behind its path', '/realms/one', url => ({ [`/realms/one${configuration}`]: described(`${url}/realms/one`) })],
    ['where it ends with a slash', '/', url => ({ [configuration]: described(`${url}/`) })],
    ['where its path does', '/one/', url => ({ [`/one${configuration}`]: described(`${url}/one/`) })],
    ['by RFC 8414', '', url => ({ '/.well-known/oauth-authorization-server': described(url) })],
    [
      'by RFC 8414, before its path',
      '/one',
      url => ({ '/.well-known/oauth-authorization-server/one': described(`${url}/one`) }),
    ],
  ])('%s', async (_how, path, documentsOf) => {
    await using stub = await startStubIssuer(url => ({ ...documentsOf(url), '/keys': keys }))
    using authentication = authenticating(`${stub.url}${path}`)
    const token = await tokenOf(`${stub.url}${path}`)
    await expect(authentication.authenticate(token)).resolves.toMatchObject({ name: 'alice' })
  })
})

describe('the keys of an issuer cannot be had', () => {
  test.each<[string, (url: string) => StubDocuments, string]>([
    ['where nothing describes it', () => ({}), 'expected a description of the issuer at'],
    [
      'where the description is another’s',
      () => ({ [configuration]: described('https://other.example.com') }),
      'got that of "https://other.example.com"',
    ],
    [
      'where it is nobody’s',
      url => ({ [configuration]: { body: { jwks_uri: `${url}/keys` } } }),
      'got that of undefined',
    ],
    ['where it is no JSON', () => ({ [configuration]: { body: '<html>Sign in</html>' } }), 'expected JSON of'],
    ['where it is null', () => ({ [configuration]: { body: 'null' } }), 'expected a description of the issuer at'],
    ['where it is a list', () => ({ [configuration]: { body: [] } }), 'got that of undefined'],
    [
      'where it names no keys',
      url => ({ [configuration]: { body: { issuer: url } } }),
      'begins with https://, got undefined',
    ],
    [
      'where its keys would come over plain HTTP',
      url => ({ [configuration]: described(url, 'http://issuer.example.com/keys') }),
      'begins with https://, got "http://issuer.example.com/keys"',
    ],
    [
      'where its keys are a file',
      url => ({ [configuration]: described(url, 'file:///etc/passwd') }),
      'begins with https://, got "file:///etc/passwd"',
    ],
    [
      'where it leads elsewhere',
      url => ({ [configuration]: { status: 302, headers: { location: '/moved' } }, '/moved': described(url) }),
      'expected status 200',
    ],
    [
      'where its keys lead elsewhere',
      url => ({
        [configuration]: described(url, `${url}/old`),
        '/old': { status: 301, headers: { location: '/keys' } },
      }),
      'expected status 200',
    ],
    ['where it fails', () => ({ [configuration]: { status: 500, body: {} } }), 'got 500'],
    ['where there are no keys', url => ({ [configuration]: described(url, `${url}/none`) }), 'malformed'],
    [
      'where its keys are no set',
      url => ({ [configuration]: described(url, `${url}/set`), '/set': { body: { keys: 'none' } } }),
      'malformed',
    ],
    [
      'where its keys do not end',
      url => ({ [configuration]: described(url, `${url}/set`), '/set': { body: ' '.repeat(10_000), end: 'never' } }),
      'expected at most 524288 bytes',
    ],
  ])('%s', async (_where, documentsOf, message) => {
    await using stub = await startStubIssuer(url => ({ '/keys': keys, ...documentsOf(url) }))
    using authentication = authenticating(stub.url)
    const token = await tokenOf(stub.url)
    await expect(authentication.authenticate(token)).rejects.toMatchObject({ code: 'AUTHENTICATION_UNAVAILABLE' })
    expect(authentication.lines).toMatchObject([{ level: 40, reason: expect.stringContaining(message) }])
  })

  test('where nobody listens', async () => {
    const stub = await startStubIssuer(() => ({}))
    await stub[Symbol.asyncDispose]()
    using authentication = authenticating(stub.url)
    const token = await tokenOf(stub.url)
    await expect(authentication.authenticate(token)).rejects.toMatchObject({ code: 'AUTHENTICATION_UNAVAILABLE' })
  })

  test('of one whose tokens come over plain HTTP from another machine', async () => {
    using authentication = authenticating('http://issuer.example.com')
    const token = await tokenOf('http://issuer.example.com')
    await expect(authentication.authenticate(token)).rejects.toMatchObject({ code: 'AUTHENTICATION_UNAVAILABLE' })
    expect(authentication.lines).toMatchObject([{ reason: expect.stringContaining('begins with https://') }])
  })
})

describe('an issuer that is silent', () => {
  /** Its clock is the test's: what it was set to, and a way to let it run out. */
  function heldClock() {
    const clocks: AbortController[] = []
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => {
      const clock = new AbortController()
      clocks.push(clock)
      return clock.signal
    })
    return { timeout, runOut: () => clocks.at(-1)?.abort(new DOMException('of the test', 'TimeoutError')) }
  }

  test('is given up after five seconds', async () => {
    const { timeout, runOut } = heldClock()
    await using stub = await startStubIssuer(() => ({ [configuration]: { end: 'silence' } }))
    using authentication = authenticating(stub.url)
    const answer = expect(authentication.authenticate(await tokenOf(stub.url))).rejects.toMatchObject({
      code: 'AUTHENTICATION_UNAVAILABLE',
    })
    await stub.arrived(1)
    expect(timeout.mock.calls).toEqual([[5_000]])
    runOut()
    await answer
    expect(authentication.lines).toMatchObject([{ level: 40, reason: 'of the test' }])
  })

  test('is waited for once, by those whose keys are known: while it goes on, they do not', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { runOut } = heldClock()
    let isSilent = false
    await using stub = await startStubIssuer(url => ({
      [configuration]: isSilent ? { end: 'silence' } : described(url),
      '/keys': isSilent ? { end: 'silence' } : keys,
    }))
    using authentication = authenticating(stub.url)
    const token = await tokenOf(stub.url)
    await authentication.authenticate(token)
    isSilent = true
    vi.advanceTimersByTime(60_000)
    const waiting = authentication.authenticate(token)
    await stub.arrived(3)
    runOut()
    await waiting
    vi.advanceTimersByTime(5_000)
    await expect(authentication.authenticate(token)).resolves.toMatchObject({ name: 'alice' })
    await stub.arrived(4)
    expect(stub.requests.slice(2)).toEqual(['/keys', configuration])
  })

  test('holds nobody who closes', async () => {
    heldClock()
    await using stub = await startStubIssuer(() => ({ [configuration]: { end: 'silence' } }))
    using authentication = authenticating(stub.url)
    const answer = expect(authentication.authenticate(await tokenOf(stub.url))).rejects.toMatchObject({
      code: 'AUTHENTICATION_UNAVAILABLE',
    })
    await stub.arrived(1)
    authentication.close()
    await answer
    expect(authentication.lines).toEqual([])
  })
})
