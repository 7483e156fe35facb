import { errors } from 'jose'
import { GatewayError } from '../gateway-error.ts'

/** Nobody said who asks. */
export class TokenMissing extends GatewayError {
  constructor() {
    super('UNAUTHENTICATED', 'Expected a bearer token, got none.', unauthorized)
  }
}

/** A token was shown, but proves nobody. The message says why in words that are ours alone: nothing of the token. */
export class TokenRefused extends GatewayError {
  constructor(message: string) {
    super('UNAUTHENTICATED', message, unauthorized)
  }
}

/** It was good until then. */
export class TokenExpired extends TokenRefused {
  constructor() {
    super('The token has expired.')
  }
}

/** It is signed, it says, by a key that is not in the set: in a newer one there may be. */
export class UnknownKey extends TokenRefused {
  constructor() {
    super('The token is signed by a key that its issuer does not publish.')
  }
}

/** The token may be good or not: nobody can tell now. */
export class KeysUnavailable extends GatewayError {
  constructor() {
    super(
      'AUTHENTICATION_UNAVAILABLE',
      'The keys of the issuer of tokens cannot be had, so no token can be checked: ask again.',
      { http: { status: 503 } },
    )
  }
}

/** What jose has against a token; undefined where it is not the token that is at fault. */
export function refusalOf(error: unknown): TokenRefused | undefined {
  if (error instanceof errors.JWTExpired) return new TokenExpired()
  if (error instanceof errors.JWTClaimValidationFailed) return new TokenRefused(claimMessage(error))
  if (error instanceof errors.JWKSNoMatchingKey) return new UnknownKey()
  if (!(error instanceof errors.JOSEError)) return undefined
  const message = messages.get(error.code)
  return message === undefined ? undefined : new TokenRefused(message)
}

const unauthorized = { http: { status: 401 } }

const malformed = 'The token is malformed: expected a signed JWT.'

const messages: ReadonlyMap<string, string> = new Map([
  [errors.JWSInvalid.code, malformed],
  [errors.JWTInvalid.code, malformed],
  [errors.JOSENotSupported.code, 'The token asks for something that this gateway does not know.'],
  [errors.JOSEAlgNotAllowed.code, 'The token is signed by an algorithm that is not accepted here.'],
  [errors.JWSSignatureVerificationFailed.code, "The token's signature does not hold."],
])

/** By jose's own names of claims: what is in the claim is never repeated. */
function claimMessage({ claim, reason }: errors.JWTClaimValidationFailed): string {
  if (reason === 'missing') return `The token lacks the claim ${claim}.`
  if (reason !== 'check_failed') return `The token's claim ${claim} is malformed.`
  return failedClaims.get(claim) ?? `The token's claim ${claim} is not as expected.`
}

const failedClaims: ReadonlyMap<string, string> = new Map([
  ['aud', 'The token is not for this gateway: it names another audience.'],
  ['iss', 'The token is from another issuer.'],
  ['nbf', 'The token is not valid yet.'],
])
