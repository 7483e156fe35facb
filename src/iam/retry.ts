import { StandardRetryStrategy } from '@smithy/core/retry'
import type { RetryErrorInfo, StandardRetryToken } from '@smithy/types'
import { fateOf } from './failure.ts'

/** Bounds of a question's attempts: one that hangs takes the whole time of a call. */
const attempts = { deferred: 6, lost: 3 }

/**
 * How questions are repeated: the SDK's standard backoff and budget, with IAM's rules in place of the SDK's guesses.
 * Only the code `Throttling` is throttling: the SDK counts the quota error LimitExceeded as such, too (measured).
 */
export class QuestionRetryStrategy extends StandardRetryStrategy {
  constructor() {
    super(attempts.deferred)
  }

  override async refreshRetryTokenForRetry(
    token: StandardRetryToken,
    info: RetryErrorInfo,
  ): Promise<StandardRetryToken> {
    const error: unknown = info.error
    const fate = fateOf(error)
    const isAborted = error instanceof Error && error.name === 'AbortError'
    const isExhausted = fate !== 'deferred' && token.getRetryCount() + 1 >= attempts.lost
    if (fate === 'refused' || isAborted || isExhausted) throw new Error('not repeated')
    // Of what was never sent the SDK knows what may pass: a refused connection does, missing credentials do not.
    const errorType = fate === 'unsent' ? info.errorType : fate === 'deferred' ? 'THROTTLING' : 'TRANSIENT'
    return super.refreshRetryTokenForRetry(token, { ...info, errorType })
  }
}
