import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose'
import { AwsError } from '../error.ts'
import { createKeyOf, type KeyOf, noVerificationKey } from './provider-key.ts'
import type { Provider } from './role-file.ts'
import { readSessionTags, type SessionTags } from './session-tag.ts'

/** What a token proved. */
export interface VerifiedToken {
  readonly provider: Provider
  readonly subject: string
  readonly audience: string
  readonly tags: SessionTags
  readonly sourceIdentity: string | undefined
}

/** Throws what STS answers to a token that proves nothing. */
export type VerifyToken = (token: string) => Promise<VerifiedToken>

export function createVerifyToken(providers: ReadonlyMap<string, Provider>, closing: AbortSignal): VerifyToken {
  const keys = new Map(
    [...providers.values()].map((provider): [Provider, KeyOf] => [provider, createKeyOf(provider, closing)]),
  )
  return async token => {
    const issuer = unverifiedIssuer(token)
    const provider = providers.get(issuer)
    const keyOf = provider && keys.get(provider)
    if (provider === undefined || keyOf === undefined) {
      throw invalid(`No OpenIDConnect provider found in your account for ${issuer}`)
    }
    const claims = await verified(token, keyOf)
    return {
      provider,
      subject: claims.sub,
      audience: audienceOf(claims, provider),
      tags: readSessionTags(claims[TAGS]),
      sourceIdentity: readSourceIdentity(claims[SOURCE_IDENTITY]),
    }
  }
}

/** The AWS API model, of WebIdentityToken (grade D). */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512']

/** How far a provider's clock may be ahead. STS's own measure is not established: as for signatures. */
const ALLOWED_SKEW = 5 * 60

// AWS's guide to session tags and to source identity (grade D).
const TAGS = 'https://aws.amazon.com/tags'
const SOURCE_IDENTITY = 'https://aws.amazon.com/source_identity'

function unverifiedIssuer(token: string): string {
  let issuer: unknown
  try {
    issuer = decodeJwt(token).iss
  } catch {
    throw notAToken()
  }
  if (typeof issuer !== 'string') throw missing('iss')
  return issuer
}

interface Claims extends JWTPayload {
  readonly sub: string
}

async function verified(token: string, keyOf: KeyOf): Promise<Claims> {
  const now = new Date()
  const payload = await jwtVerify(token, keyOf, { algorithms: ALGORITHMS, currentDate: now }).then(
    result => result.payload,
    (error: unknown) => {
      throw refusal(error, now)
    },
  )
  const { sub, iat, exp } = payload
  if (typeof sub !== 'string' || sub === '') throw missing('sub')
  if (exp === undefined) throw missing('exp')
  if (iat === undefined) throw missing('iat')
  // A choice, code and words: nothing of the kind was seen in public.
  if (iat > seconds(now) + ALLOWED_SKEW) throw invalid('Token was issued in the future')
  return { ...payload, sub }
}

/** Where no grade is given the words are a choice: STS tells little of why it does not believe a token. */
function refusal(error: unknown, now: Date): unknown {
  if (error instanceof errors.JWTExpired) {
    const [at, end] = [seconds(now), error.payload.exp]
    // Seen in public (grade C).
    const message = `Token expired: current date/time ${at} must be before the expiration date/time ${end}`
    return new AwsError('ExpiredTokenException', message)
  }
  if (error instanceof errors.JWKSTimeout) {
    return new AwsError('IDPCommunicationError', 'Your identity provider did not answer in time')
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return invalid('Token signature is invalid')
  if (error instanceof errors.JWTClaimValidationFailed) return invalid(`Token's claim ${error.claim} is invalid`)
  if (isOf(error, errors.JWSInvalid, errors.JWTInvalid, errors.JOSEAlgNotAllowed, errors.JOSENotSupported)) {
    return notAToken()
  }
  // What is left of jose's is about the provider's keys.
  return error instanceof errors.JOSEError ? noVerificationKey() : error
}

/** Where there is an `azp`, it stands for the audience (AWS's guide, grade D; a token with another was seen refused, C). */
function audienceOf({ aud, azp }: JWTPayload, { clientIds }: Provider): string {
  const claimed = typeof azp === 'string' ? [azp] : [aud ?? []].flat()
  if (claimed.length === 0) throw missing('aud')
  const audience = claimed.find(one => clientIds.includes(one))
  if (audience === undefined) throw invalid('Incorrect token audience')
  return audience
}

function readSourceIdentity(claim: unknown): string | undefined {
  if (claim === undefined) return undefined
  if (typeof claim === 'string' && /^[\w+=,.@-]{2,64}$/.test(claim)) return claim
  throw invalid('The source identity in the token must satisfy regular expression pattern: [\\w+=,.@-]{2,64}')
}

/** These words, as those for an issuer that is not registered and an audience, were seen in public (grade C). */
function notAToken(): AwsError {
  return invalid('The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)')
}

/** Seen of sub and aud (grade C). */
function missing(claim: string): AwsError {
  return invalid(`Missing a required claim: ${claim}`)
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidIdentityToken', message)
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000)
}

function isOf(error: unknown, ...classes: readonly (abstract new (...args: never) => unknown)[]): boolean {
  return classes.some(one => error instanceof one)
}
