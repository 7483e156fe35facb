import { StandardRetryStrategy } from '@smithy/core/retry'
import type { RetryErrorInfo, StandardRetryToken } from '@smithy/types'

/**
 * The SDK's standard retry with IAM's rules in place of the SDK's guesses: only the code `Throttling` is throttling.
 * The SDK counts the quota error LimitExceeded as throttling too, so that an upload over quota took three calls and
 * over a second (measured).
 *
 * - `ask`: repeated when throttled, and when IAM's answer is lost (5xx, resets, time-outs).
 * - `change`: repeated only when throttled, for then IAM has said that it did nothing.
 */
export class IamRetryStrategy extends StandardRetryStrategy {
  readonly #kind: 'ask' | 'change'

  constructor(maxAttempts: number, kind: 'ask' | 'change') {
    super(maxAttempts)
    this.#kind = kind
  }

  override refreshRetryTokenForRetry(token: StandardRetryToken, info: RetryErrorInfo): Promise<StandardRetryToken> {
    const code = wireCode(info.error)
    const throttled = code === 'Throttling'
    const lost = code === undefined || (info.error?.$metadata?.httpStatusCode ?? 0) >= 500
    if (!throttled && !(this.#kind === 'ask' && lost)) throw new Error('not repeated')
    return super.refreshRetryTokenForRetry(token, { ...info, errorType: throttled ? 'THROTTLING' : info.errorType })
  }
}

/** `error.name` is the SDK's shape name; the code on the wire is `error.Code`. Undefined: IAM did not answer. */
export function wireCode(error: unknown): string | undefined {
  const code: unknown = typeof error === 'object' && error !== null && 'Code' in error ? error.Code : undefined
  return typeof code === 'string' ? code : undefined
}
