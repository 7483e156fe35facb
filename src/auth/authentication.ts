import { createHash } from 'node:crypto'
import { errors, type JWTPayload, type JWTVerifyOptions, type JWTVerifyResult, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { Principal, Token } from '../principal.ts'
import { longestToken } from './bearer.ts'
import { checkIssuedAt, checkType, expiryOf, scopesOf, subjectOf } from './claim.ts'
import { createIssuerKeys } from './issuer-keys.ts'
import { createFixedKeys, type KeySet } from './key-set.ts'
import { KeysUnavailable, refusalOf, TokenRefused, UnknownKey } from './token-error.ts'

export interface AuthenticationOptions {
  /** As the tokens' `iss` has it, to the letter. */
  readonly issuer: string
  /** A token must be for one of them. */
  readonly audiences: readonly string[]
  /** The text of a JSON Web Key Set; left out: what the issuer publishes. */
  readonly jwks?: string
  /** Signatures that a token may have. */
  readonly algorithms: readonly string[]
  readonly scopeClaim: string
  /** Stands before each of our scopes in that claim. */
  readonly scopePrefix: string
  /** How far the issuer's clock may be off, in seconds. */
  readonly clockTolerance: number
  readonly log: Logger
}

/** Who is asking, by a bearer token. */
export interface Authentication {
  /** Rejects with TokenRefused or KeysUnavailable. */
  authenticate(token: string): Promise<Principal>
  /** Asks for the issuer's keys before the first caller needs them. What fails is logged, and tried again then. */
  warmUp(): Promise<void>
  /** The issuer's keys could not be had when they were last asked for. */
  readonly isFailing: boolean
  /** Ends what is being asked of the issuer. */
  close(): void
}

/** What a token said, without the token itself. */
interface Checked {
  readonly keys: KeySet
  readonly principal: Omit<Principal, 'token'>
  readonly token: Omit<Token, 'text'>
}

/** Throws BadKeySet. */
export function createAuthentication(options: AuthenticationOptions): Authentication {
  const { issuer, jwks, clockTolerance, log } = options
  const source = jwks === undefined ? createIssuerKeys(issuer, log) : createFixedKeys(jwks)
  // Of signatures, which take the processor a fifth of a millisecond to check; a hash takes a sixtieth of that.
  const remembered = new LRUCache<string, Checked>({ max: 10_000, maxSize: 16 * 1024 * 1024 })
  let unusable: KeySet | undefined

  async function recall(id: string): Promise<Checked | undefined> {
    const checked = remembered.get(id)
    // Once the issuer has withdrawn a key, nothing counts that it proved.
    if (checked === undefined || checked.keys !== (await source.current())) return undefined
    return Date.now() < checked.token.expiresAt.getTime() + clockTolerance * 1000 ? checked : undefined
  }

  async function check(text: string): Promise<Checked> {
    const keys = await source.current()
    try {
      return await checkBy(keys, text)
    } catch (error) {
      if (!(error instanceof UnknownKey)) throw error
      const newest = await source.newest()
      if (newest === keys) throw error
      return checkBy(newest, text)
    }
  }

  async function checkBy(keys: KeySet, text: string): Promise<Checked> {
    const { payload, protectedHeader } = await verify(text, keys, options).catch(error => {
      const refusal = refusalOf(error)
      if (refusal) throw refusal
      // Once of each set: whoever knows the key's id may send as many tokens as he likes.
      if (keys !== unusable) log.warn({ err: error, issuer }, "a key of the issuer's cannot be used")
      unusable = keys
      throw new KeysUnavailable()
    })
    checkType(protectedHeader)
    checkIssuedAt(payload, clockTolerance)
    return { keys, ...read(payload, options) }
  }

  return {
    async authenticate(text) {
      if (text.length > longestToken) throw new TokenRefused('The token is too long.')
      const id = createHash('sha256').update(text).digest('base64')
      const known = await recall(id)
      const checked = known ?? (await check(text))
      if (known === undefined) remembered.set(id, checked, { size: text.length })
      return { ...checked.principal, token: { ...checked.token, text } }
    },
    async warmUp() {
      await source.newest().catch(error => {
        if (!(error instanceof KeysUnavailable)) throw error
      })
    },
    get isFailing() {
      return source.isFailing
    },
    close: () => source.close(),
  }
}

type Rules = Pick<
  AuthenticationOptions,
  'issuer' | 'audiences' | 'algorithms' | 'clockTolerance' | 'scopeClaim' | 'scopePrefix'
>

async function verify(text: string, keys: KeySet, rules: Rules): Promise<JWTVerifyResult> {
  const { issuer, audiences, algorithms, clockTolerance } = rules
  const expected: JWTVerifyOptions = {
    issuer,
    audience: [...audiences],
    algorithms: [...algorithms],
    clockTolerance,
    requiredClaims: ['exp', 'sub'],
  }
  try {
    return await jwtVerify(text, keys, expected)
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    // A token may leave out which key it is of: one of them, then. One that cannot be used, as a short one of RSA, is
    // nobody's but its own fault.
    let unusable: unknown
    for await (const key of error) {
      try {
        return await jwtVerify(text, key, expected)
      } catch (failure) {
        if (!(failure instanceof errors.JOSEError)) unusable ??= failure
        else if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure
      }
    }
    throw unusable ?? new errors.JWSSignatureVerificationFailed()
  }
}

function read(payload: JWTPayload, { issuer, scopeClaim, scopePrefix }: Rules): Omit<Checked, 'keys'> {
  const subject = subjectOf(payload)
  const key = JSON.stringify([issuer, subject])
  return {
    principal: { name: subject, key, scopes: scopesOf(payload, scopeClaim, scopePrefix) },
    token: { issuer, subject, expiresAt: expiryOf(payload), claims: payload },
  }
}
