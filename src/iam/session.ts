import type { AwsCredentialIdentity } from '@smithy/types'
import type { Token } from '../principal.ts'
import type { IamError } from './errors.ts'
import { unlessAborted } from './unless-aborted.ts'

/** In whose name IAM is asked, where that is not the gateway's own. */
export interface Session {
  /** One for each caller, role and set of tags: nothing that one reads is another's. No line break is in it. */
  readonly key: string
  /** As CloudTrail names whoever acts in it; undefined: nobody can. */
  readonly arn: string | undefined
  /**
   * Resolves once there is something to sign with. Rejects with what STS answered, by its own code, and with the
   * signal's reason.
   */
  ready(signal?: AbortSignal): Promise<void>
  /** What calls are signed with: for the SDK, which asks before each call. */
  readonly credentials: () => Promise<AwsCredentialIdentity>
  /**
   * AWS takes this access key no longer, so that nothing more is signed with it. False where it has just come in the
   * place of such a one: what would come in its own would be no better.
   */
  drop(accessKeyId: string): boolean
}

/** A session that is renewed with the newest of its caller's tokens. */
export interface TokenSession extends Session {
  /** Of two tokens the one that expires later is kept, unless STS refused it: what is wrong with it may be its own. */
  offer(token: Token): void
}

export interface SessionOptions extends Pick<Session, 'key' | 'arn'> {
  /** Throws IamError. */
  readonly exchange: (token: Token) => Promise<Issued>
  /** Default: the clock. */
  readonly now?: () => number
}

/** What STS gives for a token. */
export interface Issued {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  /** In milliseconds, by STS's clock alone. */
  readonly lifetime: number
}

interface Held {
  readonly credentials: AwsCredentialIdentity
  /** From then on it is exchanged for a new one, while it still serves. */
  readonly renewedFrom: number
  readonly servesUntil: number
}

interface Failure {
  readonly token: Token
  readonly error: IamError
  readonly until: number
}

/** How long before its end a session is renewed; of a short one a fifth before. In milliseconds. */
const ahead = 300_000
/** What is signed at the very end would arrive behind it. */
const margin = 10_000
/**
 * How long a failure is everybody's who asks, and new credentials are the answer though AWS refuses them: a page of a
 * hundred rows is not a hundred exchanges.
 */
const failureKept = 5_000

export function createSession({ key, arn, exchange, now = Date.now }: SessionOptions): TokenSession {
  let newest: Token | undefined
  let held: Held | undefined
  let failure: Failure | undefined
  let underWay: Promise<AwsCredentialIdentity> | undefined
  let droppedAt = Number.NEGATIVE_INFINITY

  async function renew(token: Token): Promise<AwsCredentialIdentity> {
    try {
      const { lifetime, ...credentials } = await exchange(token)
      held = {
        // The SDK remembers what does not end within five minutes; but this may be dropped.
        credentials: { ...credentials, expiration: new Date(0) },
        renewedFrom: now() + lifetime - Math.min(ahead, lifetime / 5),
        servesUntil: now() + lifetime - margin,
      }
      failure = undefined
      return held.credentials
    } catch (error) {
      // A token that came meanwhile has not failed.
      failure = { token, error: error as IamError, until: now() + failureKept }
      throw error
    } finally {
      underWay = undefined
    }
  }

  async function credentials(): Promise<AwsCredentialIdentity> {
    const own = newest
    const serving = held && now() < held.servesUntil ? held : undefined
    if (serving && now() < serving.renewedFrom) return serving.credentials
    const failed = failure && failure.token === newest && now() < failure.until ? failure : undefined
    if (!failed && newest) underWay ??= renew(newest)
    // What comes of a renewal is told to whoever needs it: those who come once the old one serves no more.
    underWay?.catch(() => {})
    if (serving) return serving.credentials
    if (underWay) {
      return underWay.catch((error: unknown) => {
        // Of a token that came before it says nothing of this one.
        if (failure?.token === own) throw error
        return credentials()
      })
    }
    throw failed?.error ?? new Error('expected a token before the first question, got none')
  }

  return {
    key,
    arn,
    offer(token) {
      const isRefused = failure !== undefined && failure.token === newest && failure.token.text !== token.text
      if (!newest || isRefused || token.expiresAt > newest.expiresAt) newest = token
    },
    async ready(signal) {
      await unlessAborted(credentials(), signal)
    },
    credentials,
    drop(accessKeyId) {
      if (held?.credentials.accessKeyId !== accessKeyId) return true
      if (now() < droppedAt + failureKept) return false
      droppedAt = now()
      held = undefined
      return true
    },
  }
}
