import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import Provider, { type Adapter, type Configuration, type JWKS } from 'oidc-provider'

/** A real OpenID provider over HTTP on loopback, who gives whatever access token a test asks for. */
export interface Issuer extends AsyncDisposable {
  /** As its tokens' `iss` has it. */
  readonly url: string
  /** Paths asked for, in order of arrival: `/.well-known/openid-configuration`, `/jwks`, `/token`. */
  readonly requests: readonly string[]
  /** Resolves once this many requests for the path have arrived. */
  arrived(path: string, count: number): Promise<void>
  /** An access token by the provider itself: a JWT (RFC 9068) by the client credentials grant, for a resource. */
  token(request?: TokenRequest): Promise<string>
  /** A JWT of the test's own, by the issuer's key: for claims and headers that the provider would not give. */
  sign(claims: Claims, header?: Header): Promise<string>
  /** The same by a stranger's key, under the name of the issuer's. */
  forge(claims: Claims, header?: Header): Promise<string>
  /** What a good access token holds, of now: to be changed for `sign` and `forge`. */
  claims(request?: TokenRequest): Claims
  /** The key set that is published, as text: what --jwks-file reads. */
  jwks(): string
  /** From now on there is another key, and the old one is published no more. */
  rotate(): Promise<void>
  /** While it is down it answers 503, to whatever is asked. */
  setDown(isDown: boolean): void
  close(): Promise<void>
}

export interface TokenRequest {
  /** `alice` where left out. */
  readonly subject?: string
  /** `iam-gateway` where left out. */
  readonly audience?: string | readonly string[]
  /** `read`, `write` and `watch` where left out; prefixes are the test's. */
  readonly scopes?: readonly string[]
  /** In seconds; 300 where left out. Negative: it has expired already. */
  readonly expiresIn?: number
  /** Beside the others, and in their place; undefined takes one away. */
  readonly claims?: Claims
}

export type Claims = Readonly<Record<string, unknown>>

/** Beside RS256, the key's id and at+jwt, and in their place; undefined takes one away. */
export type Header = { readonly alg?: string } & Readonly<Record<string, unknown>>

export async function startIssuer(): Promise<Issuer> {
  const news = new EventEmitter()
  const requests: string[] = []
  let key = await createKey()
  let stranger: Promise<Key> | undefined
  let isDown = false
  const server = createServer((request, response) => {
    requests.push(new URL(request.url ?? '/', url).pathname)
    news.emit('request')
    if (isDown) response.writeHead(503).end()
    else answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  let answer = providerOf(url, key)

  const claims = (request: TokenRequest = {}) => {
    const now = Math.floor(Date.now() / 1000)
    const { exp, ...asked } = askedClaims(request, now)
    return { iss: url, aud: 'iam-gateway', scope: 'read write watch', iat: now, exp: exp ?? now + 300, ...asked }
  }
  const close = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  return {
    url,
    requests,
    async arrived(path, count) {
      while (requests.filter(one => one === path).length < count) await once(news, 'request')
    },
    token: (request = {}) => askForToken(url, request),
    sign: (payload, header) => signed(payload, key, header),
    async forge(payload, header) {
      stranger ??= createKey()
      return signed(payload, { ...(await stranger), kid: key.kid }, header)
    },
    claims,
    jwks: () => JSON.stringify({ keys: [key.published] }),
    async rotate() {
      key = await createKey()
      answer = providerOf(url, key)
    },
    setDown(down) {
      isDown = down
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

interface Key {
  readonly kid: string
  readonly secret: CryptoKey
  readonly published: JWK
  readonly jwk: JWK
}

async function createKey(): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const published = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(published)
  const names = { kid, use: 'sig', alg: 'RS256' }
  return {
    kid,
    secret: privateKey,
    published: { ...published, ...names },
    jwk: { ...(await exportJWK(privateKey)), ...names },
  }
}

const client = { client_id: 'test', client_secret: 'the secret of a test' }

/** What a person is at a real issuer, a test says in this header: the claims that the token shall have. */
const askedHeader = 'x-asked-claims'

function providerOf(issuer: string, { jwk }: Key) {
  const configuration: Configuration = {
    adapter: () => forgetful,
    jwks: { keys: [jwk] } as JWKS,
    ttl: { ClientCredentials: 300 },
    cookies: { keys: ['of no use: nobody logs in'] },
    clients: [{ ...client, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: ({ oidc }, resource) => ({
          scope: String(oidc.params?.['scope'] ?? ''),
          audience: resource,
          accessTokenTTL: 300,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    formats: {
      customizers: {
        jwt(context, _token, { payload }) {
          for (const [name, value] of Object.entries(JSON.parse(decodeURIComponent(context.get(askedHeader))))) {
            if (value === null) delete payload[name]
            else payload[name] = value
          }
        },
      },
    },
  }
  return new Provider(issuer, configuration).callback()
}

/** JWTs are not looked up, so nothing is kept. */
const forgetful: Adapter = {
  upsert: async () => undefined,
  find: async () => undefined,
  findByUserCode: async () => undefined,
  findByUid: async () => undefined,
  consume: async () => undefined,
  destroy: async () => undefined,
  revokeByGrantId: async () => undefined,
}

async function askForToken(url: string, request: TokenRequest): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const scope = (request.scopes ?? ['read', 'write', 'watch']).join(' ')
  // A resource is a URI; the audience that it stands for need not be.
  const body = { grant_type: 'client_credentials', resource: 'urn:iam-gateway', ...(scope !== '' && { scope }) }
  const response = await fetch(`${url}/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${btoa([client.client_id, client.client_secret].map(encodeURIComponent).join(':'))}`,
      [askedHeader]: encodeURIComponent(JSON.stringify({ aud: 'iam-gateway', ...askedClaims(request, now) }, unset)),
    },
    body: new URLSearchParams(body),
  })
  const answered = (await response.json()) as { access_token?: string }
  if (answered.access_token === undefined) throw new Error(`expected an access token, got ${JSON.stringify(answered)}`)
  return answered.access_token
}

/** JSON has no undefined: null is what the token shall not have. */
function unset(_name: string, value: unknown): unknown {
  return value === undefined ? null : value
}

function askedClaims({ subject = 'alice', audience, scopes, expiresIn, claims }: TokenRequest, now: number): Claims {
  return {
    sub: subject,
    ...(audience !== undefined && { aud: audience }),
    ...(scopes !== undefined && { scope: scopes.length > 0 ? scopes.join(' ') : undefined }),
    ...(expiresIn !== undefined && { exp: now + expiresIn }),
    ...claims,
  }
}

function signed(payload: Claims, { kid, secret }: Key, header: Header = {}): Promise<string> {
  const { alg = 'RS256', ...rest } = header
  return new SignJWT({ ...payload }).setProtectedHeader({ alg, kid, typ: 'at+jwt', ...rest }).sign(secret)
}
