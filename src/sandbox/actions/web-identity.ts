import { integer, type Member, required, text } from '../constraint.ts'
import { AwsError } from '../error.ts'
import { uniqueId } from '../identifier.ts'
import { principalArn, principalId, roleArn } from '../principal.ts'
import type { Members } from '../query-protocol.ts'
import { createRandom } from '../random.ts'
import type { Federation } from '../role/federation.ts'
import type { VerifiedToken } from '../role/identity-token.ts'
import { decide } from '../role/policy.ts'
import { FEDERATED_PROVIDER } from '../role/policy-document.ts'
import type { Role } from '../role/role-file.ts'
import type { Session, Sessions } from '../role/session.ts'
import type { Account } from '../store.ts'
import { type OpenAction, openAction } from './action.ts'

export interface SecurityTokenParts extends Federation {
  readonly sessions: Sessions
  /** Roles have the same ids after every start. */
  readonly seed: number
}

export function assumeRoleWithWebIdentity(parts: SecurityTokenParts): OpenAction {
  return openAction(
    {
      // From the AWS API model (grade D).
      RoleArn: required(text({ min: 20, max: 2048 })),
      RoleSessionName: required(text({ min: 2, max: 64, pattern: '[\\w+=,.@-]*' })),
      WebIdentityToken: required(text({ min: 4, max: 20_000 })),
      DurationSeconds: integer({ min: 900, max: 43_200 }),
      // To ignore them would give more than was asked for.
      Policy: unsupported('a session policy'),
      'PolicyArns.member.1.arn': unsupported('a session policy'),
      ProviderId: unsupported('a ProviderId: tokens of OpenID Connect come without'),
    },
    async ({ RoleArn, RoleSessionName, WebIdentityToken, DurationSeconds = 3600 }, account) => {
      if (!/^arn:[^:]+:iam::\d{12}:role\/./.test(RoleArn)) throw invalid('Request ARN is invalid')
      const token = await parts.verifyToken(WebIdentityToken)
      const role = [...parts.roles.values()].find(({ name }) => roleArn(account.accountId, name) === RoleArn)
      // Whether there is such a role is not for strangers to learn.
      if (role === undefined) throw notAuthorized('AssumeRoleWithWebIdentity')
      checkTrust(role, token)
      if (DurationSeconds > role.maxSessionDuration) {
        throw invalid('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.')
      }
      return answer(account, token, begin(parts, role, token, { name: RoleSessionName, seconds: DurationSeconds }))
    },
  )
}

/** What else the token asks for must be allowed, too (AWS's guides to session tags and to source identity, grade D). */
function checkTrust({ trust }: Role, { provider, subject, audience, tags, sourceIdentity }: VerifiedToken): void {
  if (trust === undefined) return
  const context = new Map([
    [FEDERATED_PROVIDER, provider.arn],
    [`${provider.prefix}:sub`.toLowerCase(), subject],
    [`${provider.prefix}:aud`.toLowerCase(), audience],
  ])
  const asked = [
    'AssumeRoleWithWebIdentity',
    ...(tags.values.size > 0 ? ['TagSession'] : []),
    ...(sourceIdentity !== undefined ? ['SetSourceIdentity'] : []),
  ]
  for (const action of asked) {
    if (decide(trust, { action: `sts:${action}`, resource: '*', context }) !== 'allowed') throw notAuthorized(action)
  }
}

function begin(
  { sessions, seed }: SecurityTokenParts,
  { name, permissions }: Role,
  { provider, subject, tags, sourceIdentity }: VerifiedToken,
  asked: { readonly name: string; readonly seconds: number },
): Session {
  const roleId = uniqueId('AROA', 17, createRandom(seed, `role ${name}`).choose)
  return sessions.begin(
    { kind: 'role', roleName: name, roleId, session: asked.name },
    { providerArn: provider.arn, subject, tags, sourceIdentity, permissions, began: new Date() },
    asked.seconds,
  )
}

function answer(account: Account, token: VerifiedToken, session: Session): Members {
  const { accessKeyId, secretAccessKey, sessionToken, expiration, principal } = session
  return {
    Credentials: {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      SessionToken: sessionToken,
      Expiration: expiration,
    },
    SubjectFromWebIdentityToken: token.subject,
    AssumedRoleUser: { AssumedRoleId: principalId(principal), Arn: principalArn(account, principal) },
    // Answers seen in public are without it where there are no tags (grade C).
    PackedPolicySize: token.tags.packedSize,
    // The model says the token's `iss`; answers seen in public have the provider's ARN (grade C).
    Provider: token.provider.arn,
    Audience: token.audience,
    SourceIdentity: token.sourceIdentity,
  }
}

/** Both messages were seen in public (grade C). */
function invalid(message: string): AwsError {
  return new AwsError('ValidationError', message)
}

/** In these words (grade C), seen of the first; of the others by analogy. */
function notAuthorized(action: string): AwsError {
  return new AwsError('AccessDenied', `Not authorized to perform sts:${action}`)
}

/** A choice, code and words. */
function unsupported(what: string): Member<string> {
  return {
    ...text({ min: 0, max: Number.POSITIVE_INFINITY }),
    ownRefusal: () => new AwsError('ValidationError', `The sandbox does not support ${what}`),
  }
}
