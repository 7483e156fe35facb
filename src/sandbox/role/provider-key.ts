import { createLocalJWKSet, createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose'
import { AwsError } from '../error.ts'
import type { Provider } from './role-file.ts'

/** The key that a token of this provider names. Throws what STS answers when it cannot be had. */
export type KeyOf = JWTVerifyGetKey

/**
 * Keys as the provider publishes them, discovered when first needed, and kept: one that is not among them is looked for
 * again at once. `closing` gives up what is under way.
 */
export function createKeyOf({ url, jwks }: Provider, closing: AbortSignal): KeyOf {
  if (jwks !== undefined) return createLocalJWKSet(jwks)
  let discovered: Promise<KeyOf> | undefined
  return async (header, token) => {
    discovered ??= discover(url, closing)
    const attempt = discovered
    try {
      return await (await attempt)(header, token)
    } catch (error) {
      // Provider and keys may be back elsewhere.
      if (error instanceof AwsError && discovered === attempt) discovered = undefined
      throw error
    }
  }
}

/** Of a provider that can be reached but says nothing of use (seen in public). */
export function noVerificationKey(): AwsError {
  return new AwsError(
    'InvalidIdentityToken',
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
  )
}

const PATIENCE = 5000

async function discover(issuer: string, closing: AbortSignal): Promise<KeyOf> {
  const location = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const signal = AbortSignal.any([closing, AbortSignal.timeout(PATIENCE)])
  const response = await reach(location, { headers: { accept: 'application/json' }, redirect: 'manual', signal })
  const said: unknown = await response.json().catch(() => undefined)
  // OpenID Connect Discovery 1.0, 4.3: the issuer must be the one that was asked.
  if (response.status !== 200 || !isConfiguration(said) || said.issuer !== issuer) throw noVerificationKey()
  return createRemoteJWKSet(new URL(said.jwks_uri), {
    timeoutDuration: PATIENCE,
    // A key is found as soon as it is published: jose would wait for half a minute, to spare providers that are far away.
    cooldownDuration: 0,
    [customFetch]: (jwksUrl, options) =>
      reach(jwksUrl, { ...options, signal: AbortSignal.any([closing, options.signal]) }),
  })
}

async function reach(url: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(url, options)
  } catch {
    // The code is STS's, the words are a choice.
    throw new AwsError('IDPCommunicationError', 'Your identity provider could not be reached')
  }
}

interface Configuration {
  readonly issuer: string
  readonly jwks_uri: string
}

function isConfiguration(said: unknown): said is Configuration {
  if (typeof said !== 'object' || said === null || !('issuer' in said) || !('jwks_uri' in said)) return false
  return typeof said.issuer === 'string' && typeof said.jwks_uri === 'string' && URL.canParse(said.jwks_uri)
}
