import type { JWTHeaderParameters, JWTPayload } from 'jose'
import { claimAt, scopes as known, type Scope } from '../principal.ts'
import { TokenRefused } from './token-error.ts'

/**
 * JWTs that one issuer signs by one key are not only tokens to show: logout tokens and proofs say so by their `typ`. An
 * access token is at+jwt (RFC 9068), or of issuers that are older JWT, or nothing, as ID tokens are.
 */
export function checkType({ typ }: JWTHeaderParameters): void {
  const type = typ?.toLowerCase().replace(/^application\//, '') ?? 'jwt'
  if (type !== 'jwt' && type !== 'at+jwt') throw new TokenRefused('The token is not an access token: see its typ.')
}

/** OpenID Connect has a subject of at most 255 characters. Control characters in one are nobody's. */
export function subjectOf({ sub }: JWTPayload): string {
  if (typeof sub !== 'string' || sub.length > 255 || !/^\P{Cc}+$/u.test(sub)) {
    throw new TokenRefused("The token's claim sub is malformed: expected 1 to 255 printable characters.")
  }
  return sub
}

export function expiryOf({ exp = Number.NaN }: JWTPayload): Date {
  const expiry = new Date(exp * 1000)
  if (Number.isNaN(expiry.getTime())) throw new TokenRefused("The token's claim exp is malformed.")
  return expiry
}

/** jose looks at `iat` only where it bounds a token's age. */
export function checkIssuedAt({ iat }: JWTPayload, tolerance: number): void {
  if (iat === undefined) return
  if (iat > Date.now() / 1000 + tolerance) throw new TokenRefused('The token is not valid yet: it is of the future.')
}

/** What is not a scope of ours is for somebody else. */
export function scopesOf(claims: JWTPayload, claim: string, prefix: string): ReadonlySet<Scope> {
  const value = claimAt(claims, claim)
  const texts: readonly unknown[] = typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : []
  const given = new Set(texts)
  return new Set(known.filter(scope => given.has(prefix + scope)))
}
