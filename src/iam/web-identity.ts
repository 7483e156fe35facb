import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Principal, Token } from '../principal.ts'
import type { IamError } from './errors.ts'
import { isSilence } from './failure.ts'
import type { OnSilence } from './pulse.ts'
import { assumedRoleArn, chooseRole, roleRefused, sessionName } from './role.ts'
import { createSession, type Session, type TokenSession } from './session.ts'
import { createTokenExchange, type StsOptions } from './token-exchange.ts'

export interface SessionsOptions {
  readonly sts: StsOptions
  /** The ARNs of the roles that callers may have; without `roleClaim` one. */
  readonly roles: readonly string[]
  /** The claim that names a caller's role, or a path to it; undefined: there is one, everybody's. */
  readonly roleClaim: string | undefined
  /** How long a session lasts, in seconds. */
  readonly duration: number
  /** Most sessions that are remembered. Default 1,000: those that were not used for longest go first. */
  readonly max?: number
  /** Told where STS leaves an exchange unanswered. Default: nobody is. */
  readonly onSilence?: OnSilence
  /** Told of each exchange that STS refuses, with whose it was and for which session. Default: nobody is. */
  readonly onRefused?: OnRefused
  readonly now?: () => number
}

export type OnRefused = (error: IamError, caller: Pick<Principal, 'name' | 'token'>, arn: string) => void

/** The callers' own sessions at AWS, each for the token that its caller was known by. */
export interface Sessions {
  /** Asks nobody: STS is asked once the session is used. Throws ROLE_REFUSED; whoever showed no token is refused by then. */
  of(principal: Principal): Session
  destroy(): void
}

export function createSessions(options: SessionsOptions): Sessions {
  const { roles, roleClaim: claim, duration, max = 1_000, onSilence = () => {}, onRefused = () => {}, now } = options
  const sts = createTokenExchange(options.sts)
  // A session that goes takes nothing with it: whoever holds it goes on with it, and the next one is a new exchange.
  const sessions = new LRUCache<string, TokenSession>({ max })

  function begin(key: string, caller: string, token: Token, role: string): TokenSession {
    const name = sessionName(token)
    const arn = assumedRoleArn(role, name)
    const session = createSession({
      key,
      arn,
      exchange: newest =>
        sts.exchange(newest, { role, sessionName: name, duration }).catch(error => {
          if (isSilence(error)) onSilence(error)
          if (refusals.has(error.code)) onRefused(error, { name: caller, token: newest }, arn)
          throw error
        }),
      ...(now && { now }),
    })
    sessions.set(key, session)
    return session
  }

  return {
    of({ name, token }) {
      if (!token) return nobodys
      const role = chooseRole(token, { roles, claim })
      const key = keyOf(token, role)
      const session = sessions.get(key) ?? begin(key, name, token, role)
      session.offer(token)
      return session
    },
    destroy: sts.destroy,
  }
}

/** By which STS says that it does not let somebody in (STS API Reference, AssumeRoleWithWebIdentity). */
const refusals: ReadonlySet<string> = new Set([
  'AccessDenied',
  'ExpiredTokenException',
  'IDPRejectedClaim',
  'InvalidIdentityToken',
])

/** In nobody's name nothing is asked, and nothing in the gateway's instead. */
const nobodys: Session = {
  key: 'nobody',
  arn: undefined,
  ready: async () => refuseNobody(),
  credentials: async () => refuseNobody(),
  drop: () => false,
}

function refuseNobody(): never {
  throw roleRefused('Without a token there is no role to take on')
}

/**
 * Whatever STS makes something of. Beside the caller, the role and what the session is told of the caller (tags and source
 * identity) this is all that a role's trust policy may ask of a token: a token that it refuses must not come into the
 * session of one that it takes (IAM User Guide, "Available keys for AWS web identity federation").
 */
function keyOf({ issuer, subject, claims }: Token, role: string): string {
  const told = decisive.map(claim => (Object.hasOwn(claims, claim) ? claims[claim] : null))
  return createHash('sha256')
    .update(JSON.stringify([issuer, subject, role, told]))
    .digest('base64url')
}

const decisive = ['https://aws.amazon.com/tags', 'https://aws.amazon.com/source_identity', 'aud', 'azp', 'amr'] as const
