import { setTimeout as pause } from 'node:timers/promises'
import { GatewayError } from '../gateway-error.ts'
import type { Clocked } from './answer-clock.ts'
import { backoff } from './backoff.ts'
import { IamError } from './errors.ts'
import { changeFailure, fateOf, isThrottling } from './failure.ts'
import type { Receipt } from './model.ts'

export interface Changed<Value> extends Receipt {
  readonly value: Value
}

export interface ChangeKind<Output, Value> {
  /** The kind of credential: `SigningCertificate`. */
  readonly of: string
  /** Only what disables may be made twice: a repeated enable could undo an emergency disable made meanwhile. */
  readonly disables: boolean
  /** What the answer says. Throws where it was not IAM's. */
  readonly read: (output: Output) => Value
}

const maxAttempts = 4

/** Sends a change in its turn, again while IAM throttles; rejects where it never came to its turn. */
export type Pace = <Output>(send: () => Promise<Output>) => Promise<Output>

/**
 * Makes a change. `send` is one attempt. It is repeated where the clock was wrong, or, of a change that disables, where
 * its fate is not known. Throws IamError: OUTCOME_UNKNOWN where nobody knows whether it was made.
 */
export async function change<Output extends Clocked, Value>(
  pace: Pace,
  send: () => Promise<Output>,
  { disables, read }: Pick<ChangeKind<Output, Value>, 'disables' | 'read'>,
): Promise<Changed<Value>> {
  let sentAt: number | undefined
  let doubtful = false
  for (let attempt = 1; ; attempt++) {
    try {
      const output = await pace(() => {
        sentAt ??= performance.now()
        return send()
      })
      const { requestId, answeredAt, accessKeyId } = output.$metadata
      // The SDK resolves a proxy's page, with nothing in it (measured). Operations without output leave no other sign.
      if (requestId === undefined) throw new Error("the answer does not carry IAM's request id")
      // Where IAM's clock is not to be had, this machine's is a choice: a change without a time cannot be told.
      const receipt = { requestId, answeredAt: answeredAt ?? new Date(), accessKeyId }
      const now = performance.now()
      return { ...receipt, value: read(output), span: { sentAt: sentAt ?? now, answeredAt: now } }
    } catch (error) {
      // In whose name it was to be made there is nothing to sign with.
      if (error instanceof IamError && sentAt === undefined) throw error
      if (error instanceof GatewayError && !doubtful) throw notSent(error)
      const fate = fateOf(error)
      // The pace repeats what IAM throttles, for as long as there is time: here it says that there is none left.
      const isRepeated = !isThrottling(error) && (fate === 'deferred' || (disables && fate !== 'refused'))
      if (!isRepeated || error instanceof GatewayError || attempt === maxAttempts) throw changeFailure(error, doubtful)
      doubtful ||= fate === 'lost' || fate === 'failed'
      await pause(backoff(attempt, 100))
    }
  }
}

/** Of a mutation what went wrong is data, the gateway's own refusals too. */
function notSent({ code, message }: GatewayError): IamError {
  return IamError.own(code, `${message} Nothing was changed.`)
}
