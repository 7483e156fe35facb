import { AwsError } from './error.ts'
import { type Choose, secretText, uniqueId } from './identifier.ts'
import type { Statement } from './role/policy.ts'
import type { SessionTags } from './role/session-tag.ts'
import type { Account, Kind, Row, User } from './store.ts'

/** Who signed a call. */
export type Principal = { readonly kind: 'user'; readonly user: User } | RoleSession

export interface RoleSession {
  readonly kind: 'role'
  readonly roleName: string
  readonly roleId: string
  readonly session: string
  /** Undefined: of the sandbox's own role, which may do everything, and which nobody assumed. */
  readonly webIdentity: WebIdentity | undefined
}

/** Who assumed a role by a token, and what may be done with it. */
export interface WebIdentity {
  readonly providerArn: string
  readonly subject: string
  readonly tags: SessionTags
  readonly sourceIdentity: string | undefined
  readonly permissions: readonly Statement[]
  readonly began: Date
}

export interface AccessKey extends Row {
  readonly secretAccessKey: string
}

/** Access keys are rows like others, so a user who has one cannot be deleted. */
export const accessKeys: Kind<AccessKey> = {
  deleteConflict: 'Cannot delete entity, must delete access keys first.',
  order: key => key.id,
}

export interface RoleKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly principal: Principal
}

/** Access key ids in AWS's shape: 16 characters behind the letters. */
export function createAccessKey(user: User, choose: Choose): AccessKey {
  return { id: uniqueId('AKIA', 16, choose), user, secretAccessKey: secretText(40, choose) }
}

export function createRoleKey(choose: Choose): RoleKey {
  return {
    accessKeyId: uniqueId('ASIA', 16, choose),
    secretAccessKey: secretText(40, choose),
    sessionToken: secretText(240, choose),
    principal: {
      kind: 'role',
      roleName: 'operator',
      roleId: uniqueId('AROA', 17, choose),
      session: 'sandbox',
      webIdentity: undefined,
    },
  }
}

export function userArn(account: Account, user: User): string {
  return `arn:aws:iam::${account.accountId}:user${user.path}${user.userName}`
}

export function principalArn(account: Account, principal: Principal): string {
  if (principal.kind === 'user') return userArn(account, principal.user)
  return `arn:aws:sts::${account.accountId}:assumed-role/${principal.roleName}/${principal.session}`
}

export function roleArn(accountId: string, roleName: string): string {
  return `arn:aws:iam::${accountId}:role/${roleName}`
}

/** The unique id that AWS knows a caller by. */
export function principalId(principal: Principal): string {
  return principal.kind === 'user' ? principal.user.userId : `${principal.roleId}:${principal.session}`
}

/** The user a call is about: the one it names, or the caller's own (IAM.md, Rules, grades A to C). */
export function targetUser(account: Account, caller: Principal, userName: string | undefined): User {
  if (userName !== undefined) {
    const user = account.user(userName)
    if (user === undefined) throw new AwsError('NoSuchEntity', `The user with name ${userName} cannot be found.`)
    return user
  }
  if (caller.kind === 'user') return caller.user
  throw new AwsError('ValidationError', 'Must specify userName when calling with non-User credentials')
}
