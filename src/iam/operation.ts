import { setMaxListeners } from 'node:events'
import { GatewayError } from '../gateway-error.ts'
import { type CostCount, createCost } from './cost.ts'
import type { Lane } from './pacer.ts'

/** On whose behalf IAM is asked: a GraphQL operation, or one event of a subscription. */
export interface Operation {
  readonly lane: Lane
  readonly cost: CostCount
  /** Ends with the operation's time. Its reason is what the client is told. */
  readonly deadline: AbortSignal
  /** Ends with the deadline, and before it when the client goes away. */
  readonly signal: AbortSignal
  /** Counts a call that is about to be asked for. Throws IAM_CALLS_EXCEEDED where it is one too many. */
  spend(): void
  /** Lets go of the clock and of the client. */
  end(): void
}

export interface OperationOptions {
  /** Aborts when the client goes away. */
  readonly client?: AbortSignal | undefined
  /** In milliseconds. */
  readonly timeout: number
  /** Most IAM calls. */
  readonly maxCalls: number
  readonly onEnd?: () => void
  /** Default: somebody waits. */
  readonly lane?: Lane
}

export function beginOperation(options: OperationOptions): Operation {
  const { client, timeout, maxCalls, onEnd, lane = 'waiting' } = options
  const deadline = new AbortController()
  const departure = new AbortController()
  // Each call that waits listens, and there may be a thousand.
  setMaxListeners(0, deadline.signal, departure.signal)
  const clock = setTimeout(() => {
    const reason = new GatewayError('OPERATION_TIMEOUT', `The operation took longer than ${timeout / 1000} s.`)
    deadline.abort(reason)
    departure.abort(reason)
    onEnd?.()
  }, timeout)
  clock.unref()
  const leave = () => departure.abort(new GatewayError('CLIENT_GONE', 'The client went away.'))
  if (client?.aborted) leave()
  client?.addEventListener('abort', leave, { once: true })
  let asked = 0
  return {
    lane,
    cost: createCost(),
    deadline: deadline.signal,
    signal: departure.signal,
    spend() {
      asked += 1
      if (asked <= maxCalls) return
      throw new GatewayError('IAM_CALLS_EXCEEDED', `The operation may cost ${maxCalls} IAM calls, and has cost them.`, {
        limit: maxCalls,
      })
    },
    end() {
      clearTimeout(clock)
      client?.removeEventListener('abort', leave)
      onEnd?.()
    },
  }
}
