import { setTimeout as pause } from 'node:timers/promises'
import { backoff } from './backoff.ts'
import { mayPass, questionFailure } from './failure.ts'

/** One that hangs takes the whole time of a call. */
const maxAttempts = 3

/**
 * Asks, and asks again where there was no answer of IAM's, or its own failure (5xx). `send` is one attempt, throttling
 * not among its failures. Throws IamError, or the signal's reason.
 */
export async function question<Value>(send: () => Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send()
    } catch (error) {
      signal?.throwIfAborted()
      if (!mayPass(error) || attempt === maxAttempts) throw questionFailure(error)
      await pause(backoff(attempt, 200), undefined, signal && { signal }).catch(() => signal?.throwIfAborted())
    }
  }
}
