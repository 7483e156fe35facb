import { AwsError } from './error.ts'
import { type Principal, principalArn, userArn } from './principal.ts'
import type { Parameters } from './query-protocol.ts'
import { decide } from './role/policy.ts'
import type { Account } from './store.ts'

/** What a call is about: as policies name it, and as refusals do. */
export interface Target {
  readonly arn: string
  readonly words: string
}

/** Who is denied what, in the words of policies. Undefined: nobody, for the call is one that nobody signs. */
export interface Denial {
  readonly callerArn: string | undefined
  /** `iam:ListUsers` */
  readonly permission: string
  readonly resource: string
}

/** Throws AccessDenied where the caller's role does not allow it. Users and the sandbox's own role may do everything. */
export function checkAccess(account: Account, caller: Principal, permission: string, target: Target): void {
  if (caller.kind === 'user' || caller.webIdentity === undefined) return
  const { permissions, tags } = caller.webIdentity
  const context = new Map([...tags.values].map(([key, value]) => [`aws:principaltag/${key.toLowerCase()}`, value]))
  const decision = decide(permissions, { action: permission, resource: target.arn, context })
  if (decision === 'allowed') return
  const denial = { callerArn: principalArn(account, caller), permission, resource: target.words }
  const words = decision === 'denied' ? implicitDenial(denial) : explicitDenial(denial)
  throw new AwsError('AccessDenied', words)
}

/**
 * The user that a call of IAM names, whether there is one or not: whoever is denied does not learn it. That a call which
 * names none is about `*` is a choice; that ListUsers is about a path, and says so, was seen in public (grade C).
 */
export function targetOf(account: Account, action: string, parameters: Parameters): Target {
  const { UserName, Path = '/', PathPrefix = '/' } = parameters
  const users = `arn:aws:iam::${account.accountId}:user`
  if (action === 'ListUsers') return { arn: `${users}${PathPrefix}`, words: `${users}${PathPrefix}` }
  if (UserName === undefined) return { arn: '*', words: '*' }
  const user = account.user(UserName)
  const arn = user === undefined ? `${users}${action === 'CreateUser' ? Path : '/'}${UserName}` : userArn(account, user)
  return { arn, words: `user ${UserName}` }
}

/** IAM.md (grade C); without a caller as STS says it of a role that must not be assumed (grade C). */
export function implicitDenial({ callerArn, permission, resource }: Denial): string {
  if (callerArn === undefined) return `Not authorized to perform ${permission}`
  return `User: ${callerArn} is not authorized to perform: ${permission} on resource: ${resource} because no identity-based policy allows the ${permission} action`
}

/** Seen in public (grade C). */
function explicitDenial({ callerArn, permission, resource }: Denial): string {
  return `User: ${callerArn} is not authorized to perform: ${permission} on resource: ${resource} with an explicit deny in an identity-based policy`
}
