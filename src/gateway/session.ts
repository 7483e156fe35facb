import type { Audit } from '../audit/audit.ts'
import type { GatewayOptions } from '../config.ts'
import type { IamClient } from '../iam/client.ts'
import type { Identity } from '../iam/identity.ts'
import { createSessions, type Sessions } from '../iam/web-identity.ts'
import type { Logger } from '../log.ts'
import { StartError } from '../start-error.ts'

/**
 * Undefined where IAM is asked in the gateway's own name for everybody. Throws StartError where tokens would go to another
 * STS than that of the account.
 */
export function startSessions(
  config: GatewayOptions,
  {
    iam,
    identity,
    stsEndpoint,
    audit,
    log,
  }: {
    readonly iam: IamClient
    readonly identity: Identity
    readonly stsEndpoint: string | undefined
    /** Undefined: whom STS refuses is written down nowhere. */
    readonly audit: Audit | undefined
    readonly log: Logger
  },
): Sessions | undefined {
  const { awsWebIdentityRole: roles, awsRoleClaim: roleClaim, awsSessionDuration: duration } = config
  if (roles.length === 0) return undefined
  if (identity.lacksSts) {
    throw new StartError(
      `the configured AWS endpoint of IAM is ${identity.endpoint}, and none is of STS: callers' tokens would be shown to ` +
        'AWS. Set AWS_ENDPOINT_URL_STS, too, or leave out --aws-web-identity-role.',
    )
  }
  return createSessions({
    sts: { endpoint: stsEndpoint, region: iam.sdk.config.region },
    roles,
    roleClaim,
    duration,
    onSilence: error => log.warn({ err: error }, 'STS did not answer'),
    onRefused({ code, message }, principal, awsIdentity) {
      void audit?.refused({ code, message, principal, awsIdentity })
    },
  })
}
