import { secretText, uniqueId } from '../identifier.ts'
import { principalArn, type RoleSession, roleArn, type WebIdentity } from '../principal.ts'
import type { Account } from '../store.ts'

export interface Session {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiration: Date
  readonly principal: RoleSession
  /** The principal's. */
  readonly webIdentity: WebIdentity
}

/** What there is to tell of a session, without its secrets. */
export interface SandboxSession {
  readonly accessKeyId: string
  /** Ends with the session's name. */
  readonly arn: string
  readonly roleArn: string
  /** The token's. */
  readonly subject: string
  readonly tags: Readonly<Record<string, string>>
  readonly transitiveTagKeys: readonly string[]
  readonly sourceIdentity: string | undefined
  readonly expiration: Date
}

/** The sessions that began here, those that are over among them: their keys are refused in words of their own. */
export interface Sessions {
  begin(role: Omit<RoleSession, 'webIdentity'>, webIdentity: WebIdentity, seconds: number): Session
  get(accessKeyId: string): Session | undefined
  /** In order of their beginnings. */
  all(): readonly Session[]
}

/** The oldest gives way: the sandbox would forget it some day in any case, and AWS never. */
const NEWEST = 10_000

export function createSessions(): Sessions {
  const sessions = new Map<string, Session>()
  return {
    begin(role, webIdentity, seconds) {
      const session: Session = {
        accessKeyId: uniqueId('ASIA', 16),
        secretAccessKey: secretText(40),
        sessionToken: secretText(320),
        // IAM's dates have no fraction of a second: what is said of it is when it is over.
        expiration: new Date((Math.floor(Date.now() / 1000) + seconds) * 1000),
        principal: { ...role, webIdentity },
        webIdentity,
      }
      sessions.set(session.accessKeyId, session)
      const [oldest] = sessions.keys()
      if (sessions.size > NEWEST && oldest !== undefined) sessions.delete(oldest)
      return session
    },
    get: accessKeyId => sessions.get(accessKeyId),
    all: () => [...sessions.values()],
  }
}

export function describeSession(account: Account, session: Session): SandboxSession {
  const { accessKeyId, expiration, principal, webIdentity } = session
  const { subject, tags, sourceIdentity } = webIdentity
  return {
    accessKeyId,
    arn: principalArn(account, principal),
    roleArn: roleArn(account.accountId, principal.roleName),
    subject,
    tags: Object.fromEntries(tags.values),
    transitiveTagKeys: tags.transitiveKeys,
    sourceIdentity,
    expiration,
  }
}
