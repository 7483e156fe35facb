import { isLoopback, withoutBrackets } from './address.ts'
import { ConfigError, flagName, type Given, isGiven, sourceName } from './flag.ts'

/** What a gateway's flags say of who may reach it, and of who must say who he is. */
export interface Opening {
  readonly host: string
  readonly allowedHost: readonly string[]
  readonly insecureNoAuth: boolean
  readonly oidcIssuer: string | undefined
  readonly oidcAudience: readonly string[]
  readonly awsWebIdentityRole: readonly string[]
  readonly awsRoleClaim: string | undefined
  readonly persistedOperations: readonly string[]
  readonly persistedOperationsOnly: boolean
}

/** Whether nobody but this machine is meant to ask: not where a proxy in front of it has a name of its own. */
export function isLocal({ host, allowedHost }: Pick<Opening, 'host' | 'allowedHost'>): boolean {
  return [host, ...allowedHost.map(name => withoutBrackets(name.replace(/:\d+$/, '')))].every(isLoopback)
}

/** What means nothing where nobody is asked who he is, so that whoever gives it believes what is not so. */
const needAnIssuer = [
  'oidcAudience',
  'jwksFile',
  'oidcAlgorithm',
  'scopeClaim',
  'scopePrefix',
  'clockTolerance',
  'tokenGrace',
  'awsWebIdentityRole',
  'maxCallerOperations',
  'maxCallerOperationsPerMinute',
  'maxCallerIamCallsPerMinute',
  'maxCallerSubscriptions',
] as const

/** Throws ConfigError where flags that belong together are not. */
export function checkOpening(options: Opening, given: Given): void {
  const { host, insecureNoAuth, oidcIssuer, oidcAudience, awsWebIdentityRole, awsRoleClaim } = options
  const refuse = (flag: string, rest: string): never => {
    throw new ConfigError(`${sourceName(flag, given)}: ${rest}`)
  }
  if (oidcIssuer !== undefined) {
    // Without it a token that the issuer made for another application would do.
    if (oidcAudience.length === 0) refuse('--oidc-issuer', 'expected --oidc-audience beside it, got none')
    if (insecureNoAuth) refuse('--insecure-no-auth', 'expected it without --oidc-issuer, got both')
  } else {
    for (const flag of needAnIssuer.map(property => flagName('', property))) {
      if (isGiven(flag, given)) refuse(flag, 'expected --oidc-issuer beside it, got none')
    }
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
