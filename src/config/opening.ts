import { isLoopback } from './address.ts'
import { ConfigError, type Given, sourceName } from './flag.ts'

/** What a gateway's flags say of who may reach it, and of who must say who he is. */
export interface Opening {
  readonly host: string
  readonly insecureNoAuth: boolean
  readonly oidcIssuer: string | undefined
  readonly oidcAudience: readonly string[]
  readonly jwksFile: string | undefined
  readonly awsWebIdentityRole: readonly string[]
  readonly awsRoleClaim: string | undefined
  readonly persistedOperations: readonly string[]
  readonly persistedOperationsOnly: boolean
}

/** Throws ConfigError where flags that belong together are not. */
export function checkOpening(options: Opening, given: Given): void {
  const { host, insecureNoAuth, oidcIssuer, oidcAudience, jwksFile, awsWebIdentityRole, awsRoleClaim } = options
  const refuse = (flag: string, rest: string): never => {
    throw new ConfigError(`${sourceName(flag, given)}: ${rest}`)
  }
  if (oidcIssuer !== undefined) {
    // Without it a token that the issuer made for another application would do.
    if (oidcAudience.length === 0) refuse('--oidc-issuer', 'expected --oidc-audience beside it, got none')
    if (insecureNoAuth) refuse('--insecure-no-auth', 'expected it without --oidc-issuer, got both')
  } else {
    if (oidcAudience.length > 0) refuse('--oidc-audience', 'expected --oidc-issuer beside it, got none')
    if (jwksFile !== undefined) refuse('--jwks-file', 'expected --oidc-issuer beside it, got none')
    if (awsWebIdentityRole.length > 0) refuse('--aws-web-identity-role', 'expected --oidc-issuer beside it, got none')
    if (!isLoopback(host) && !insecureNoAuth) {
      refuse(
        '--host',
        `expected a loopback address (127.0.0.0/8, ::1 or localhost), got ${JSON.stringify(host)}: whoever reached the ` +
          'gateway there could use its credentials. Say by --oidc-issuer and --oidc-audience whose tokens callers must ' +
          'show, or by --insecure-no-auth that anybody may',
      )
    }
  }
  if (awsWebIdentityRole.length > 1 && awsRoleClaim === undefined) {
    refuse('--aws-web-identity-role', 'expected --aws-role-claim beside several roles, got none')
  }
  if (awsWebIdentityRole.length === 0 && awsRoleClaim !== undefined) {
    refuse('--aws-role-claim', 'expected --aws-web-identity-role beside it, got none')
  }
  if (options.persistedOperationsOnly && options.persistedOperations.length === 0) {
    refuse('--persisted-operations-only', 'expected --persisted-operations beside it, got none')
  }
}
