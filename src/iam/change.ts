import { setTimeout as pause } from 'node:timers/promises'
import type { Clocked } from './answer-clock.ts'
import { changeFailure, type Fate, fateOf } from './failure.ts'
import type { Receipt } from './model.ts'

export interface Changed<Value> extends Receipt {
  readonly value: Value
  /** Milliseconds between sending and the answer. */
  readonly elapsed: number
}

export interface ChangeKind<Output, Value> {
  /** Only what disables may be made twice: a repeated enable could undo an emergency disable made meanwhile. */
  readonly disables: boolean
  /** What the answer says. Throws where it was not IAM's. */
  readonly read: (output: Output) => Value
}

const maxAttempts = 4

/**
 * Makes a change. `send` is one attempt. It is repeated where IAM said that it did nothing, or, of a change that
 * disables, where its fate is not known. Throws IamError: OUTCOME_UNKNOWN where nobody knows whether it was made.
 */
export async function change<Output extends Clocked, Value>(
  send: () => Promise<Output>,
  { disables, read }: ChangeKind<Output, Value>,
): Promise<Changed<Value>> {
  const sentAt = performance.now()
  let doubtful = false
  for (let attempt = 1; ; attempt++) {
    try {
      const output = await send()
      const { requestId, answeredAt } = output.$metadata
      // The SDK resolves a proxy's page, with nothing in it (measured). Operations without output leave no other sign.
      if (requestId === undefined) throw new Error("the answer does not carry IAM's request id")
      // Where IAM's clock is not to be had, this machine's is a choice: a change without a time cannot be told.
      const receipt = { requestId, answeredAt: answeredAt ?? new Date() }
      return { ...receipt, value: read(output), elapsed: performance.now() - sentAt }
    } catch (error) {
      const fate = fateOf(error)
      const isRepeated = fate === 'deferred' || (disables && fate !== 'refused')
      if (!isRepeated || attempt === maxAttempts) throw changeFailure(error, doubtful)
      doubtful ||= fate === 'lost' || fate === 'failed'
      await pause(backoff(attempt, fate))
    }
  }
}

/** Exponential, with full jitter. IAM's token buckets fill by the second. */
function backoff(attempt: number, fate: Fate): number {
  const base = fate === 'deferred' ? 500 : 100
  return Math.random() * base * 2 ** (attempt - 1)
}
