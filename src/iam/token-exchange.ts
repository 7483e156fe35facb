import { setTimeout as pause } from 'node:timers/promises'
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { Provider } from '@smithy/types'
import type { Token } from '../principal.ts'
import { complete } from './answer.ts'
import { answerClock, answeredAt } from './answer-clock.ts'
import { backoff } from './backoff.ts'
import { IamError } from './errors.ts'
import { isSilence, mayPass, questionFailure, wireCode } from './failure.ts'
import { createHttpHandler } from './http-handler.ts'
import type { Issued } from './session.ts'

export interface StsOptions {
  /** Left out: `AWS_ENDPOINT_URL_STS`, the profile, else AWS's own. */
  readonly endpoint?: string | undefined
  readonly region: string | Provider<string>
  /** How long one call may take, in milliseconds. Default 10,000. */
  readonly callTimeout?: number
}

export interface Assumed {
  readonly role: string
  readonly sessionName: string
  /** In seconds. */
  readonly duration: number
}

/** STS, where a caller's token is proof enough: its calls carry no signature of ours. */
export interface TokenExchange {
  /** Throws IamError, by STS's own code. */
  exchange(token: Token, assumed: Assumed): Promise<Issued>
  destroy(): void
}

const maxAttempts = 3

export function createTokenExchange({ endpoint, region, callTimeout = 10_000 }: StsOptions): TokenExchange {
  const sts = new STSClient({
    region,
    ...(endpoint !== undefined && { endpoint }),
    maxAttempts: 1,
    requestHandler: createHttpHandler({ callTimeout }),
  })
  sts.middlewareStack.use(answerClock)

  async function attempt(token: Token, { role, sessionName, duration }: Assumed): Promise<Issued> {
    const answer = await sts.send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: role,
        RoleSessionName: sessionName,
        WebIdentityToken: token.text,
        DurationSeconds: duration,
      }),
    )
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = complete(answer.Credentials, 'Credentials')
    const asOf = answeredAt(answer)?.getTime() ?? Date.now()
    return {
      accessKeyId: complete(AccessKeyId, 'AccessKeyId'),
      secretAccessKey: complete(SecretAccessKey, 'SecretAccessKey'),
      sessionToken: complete(SessionToken, 'SessionToken'),
      lifetime: complete(Expiration, 'Expiration').getTime() - asOf,
    }
  }

  return {
    async exchange(token, assumed) {
      for (let attempts = 1; ; attempts++) {
        try {
          return await attempt(token, assumed)
        } catch (error) {
          if (!isPassing(error) || attempts === maxAttempts) throw failureOf(error)
          await pause(backoff(attempts, 200))
        }
      }
    },
    destroy: () => sts.destroy(),
  }
}

/** STS could not reach the issuer, for its keys: asked again, it may (STS API Reference). */
function isPassing(error: unknown): boolean {
  return mayPass(error) || wireCode(error) === 'IDPCommunicationError'
}

function failureOf(error: unknown): IamError {
  const failure = questionFailure(error)
  if (!isSilence(failure)) return failure
  const message =
    "STS could not be reached, or its answer was not one of STS: IAM cannot be asked in the caller's name."
  return IamError.own('IAM_UNREACHABLE', message, { cause: error })
}
