import { type Authentication, createAuthentication } from '../auth/authentication.ts'
import { BadKeySet } from '../auth/key-set.ts'
import { isLoopback } from '../config/address.ts'
import { isLocal } from '../config/opening.ts'
import { ConfigError, type GatewayOptions } from '../config.ts'
import type { Logger } from '../log.ts'
import { readNamedFile } from './named-file.ts'

const everybodyMay =
  'INSECURE: nobody is asked who he is, so WHOEVER REACHES THIS ADDRESS USES THE CREDENTIALS of this gateway'

export const keysAreAway = "the issuer's keys cannot be had: callers whose tokens need them are turned away"

/** Undefined: whoever reaches the gateway may ask. Throws ConfigError where `--jwks-file` cannot be used. */
export async function startAuthentication(config: GatewayOptions, log: Logger): Promise<Authentication | undefined> {
  const { oidcIssuer: issuer, jwksFile, host, allowedHost } = config
  if (issuer === undefined) {
    if (!isLocal(config)) log.warn({ host, allowedHost }, everybodyMay)
    return undefined
  }
  if (!isLoopback(host) && allowedHost.length === 0) {
    log.warn(
      { host },
      'no --allowed-host names this gateway: whoever asks it by a name is refused, for its Host header',
    )
  }
  const jwks = jwksFile === undefined ? undefined : await readNamedFile('--jwks-file', jwksFile)
  const authentication = create(config, issuer, jwks, log)
  // Nobody waits for it: what fails is logged, and tried again when the first caller comes.
  void authentication.warmUp()
  return authentication
}

function create(config: GatewayOptions, issuer: string, jwks: string | undefined, log: Logger): Authentication {
  const { oidcAudience: audiences, oidcAlgorithm: algorithms, scopeClaim, scopePrefix, clockTolerance } = config
  const rules = { issuer, audiences, algorithms, scopeClaim, scopePrefix, clockTolerance, log }
  try {
    return createAuthentication({ ...rules, ...(jwks !== undefined && { jwks }) })
  } catch (error) {
    if (!(error instanceof BadKeySet)) throw error
    throw new ConfigError(`--jwks-file: ${config.jwksFile}: ${error.message}`)
  }
}
