import { createHash } from 'node:crypto'
import { GatewayError } from '../gateway-error.ts'
import { claimAt, type Token } from '../principal.ts'

export interface RoleChoice {
  /** The ARNs of the roles that callers may have. */
  readonly roles: readonly string[]
  /** The claim that names a caller's, or a path to it; undefined: there is one role, everybody's. */
  readonly claim: string | undefined
}

/**
 * The role that a token names, by its ARN or its bare name: of those allowed it must be exactly one, whatever else a list
 * names. Throws ROLE_REFUSED, which says where it looked and not what it found.
 */
export function chooseRole({ claims }: Token, { roles, claim }: RoleChoice): string {
  const names = claim === undefined ? roles : namesOf(claims, claim)
  const [role, another] = roles.filter(one => names.includes(one) || names.includes(nameOf(one)))
  if (role !== undefined && another === undefined) return role
  const where = claim === undefined ? 'The gateway' : `The token's claim ${claim}`
  throw roleRefused(`${where} names ${role === undefined ? 'no role' : 'several roles'} that its caller may have`)
}

export function roleRefused(message: string): GatewayError {
  return new GatewayError('ROLE_REFUSED', `${message}.`, { http: { status: 403 } })
}

/**
 * What CloudTrail calls the caller: the subject, where IAM takes it as it is (2–64 of `[\w+=,.@-]`); else as much of it as
 * IAM takes and a hash, without which two subjects might have one name. A subject that ends like such a hash gets one,
 * too, so that nobody can have another's.
 */
export function sessionName({ issuer, subject }: Pick<Token, 'issuer' | 'subject'>): string {
  if (/^[\w+=,.@-]{2,64}$/.test(subject) && !/-[0-9a-f]{16}$/.test(subject)) return subject
  const hash = createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('hex')
    .slice(0, 16)
  return `${subject.replace(/[^\w+=,.@-]/g, '-').slice(0, 47)}-${hash}`
}

/** As AWS names whoever has taken on a role: without the role's path. */
export function assumedRoleArn(role: string, session: string): string {
  const [, partition, , , account, path = ''] = role.split(':')
  return `arn:${partition}:sts::${account}:assumed-role/${nameOf(path)}/${session}`
}

function nameOf(role: string): string {
  return role.slice(role.lastIndexOf('/') + 1)
}

function namesOf(claims: Token['claims'], claim: string): readonly unknown[] {
  const value = claimAt(claims, claim)
  return Array.isArray(value) ? value : [value]
}
