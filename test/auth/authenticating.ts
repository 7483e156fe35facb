import { type Authentication, type AuthenticationOptions, createAuthentication } from '../../src/auth/authentication.ts'
import { createLog } from '../../src/log.ts'

export interface Authenticating extends Authentication, Disposable {
  /** What was logged so far, every level. */
  readonly lines: readonly {
    readonly level: number
    readonly msg: string
    readonly reason?: string
  }[]
}

/** As the flags have it where nothing else is said. */
export function authenticating(issuer: string, options: Partial<AuthenticationOptions> = {}): Authenticating {
  const lines: Authenticating['lines'][number][] = []
  const authentication = createAuthentication({
    issuer,
    audiences: ['iam-gateway'],
    algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
    scopeClaim: 'scope',
    scopePrefix: '',
    clockTolerance: 30,
    log: createLog('trace', { write: line => void lines.push(JSON.parse(line)) }),
    ...options,
  })
  return {
    authenticate: authentication.authenticate,
    warmUp: authentication.warmUp,
    get isFailing() {
      return authentication.isFailing
    },
    close: authentication.close,
    lines,
    [Symbol.dispose]: authentication.close,
  }
}
