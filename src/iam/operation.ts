import { setMaxListeners } from 'node:events'
import { GatewayError } from '../gateway-error.ts'
import { type CostCount, createCost } from './cost.ts'
import type { Lane } from './pacer.ts'
import type { PageKey } from './sharing.ts'

/** On whose behalf IAM is asked: a GraphQL operation, or one event of a subscription. */
export interface Operation {
  readonly lane: Lane
  /** Whose it is, by the key of a principal: callers take turns. */
  readonly caller: string
  readonly cost: CostCount
  /** Ends with the operation's time. Its reason is what the client is told. */
  readonly deadline: AbortSignal
  /** Ends with the deadline, and before it when the client goes away. */
  readonly signal: AbortSignal
  /**
   * Counts a call that is about to be asked for. Throws IAM_CALLS_EXCEEDED where it is one too many. `owed`: a change that
   * has begun needs it.
   */
  spend(owed?: boolean): void
  /** What it looked for among what is remembered, and until when its answer is right, where all of that is unchanged. */
  readonly recalled: readonly Recalled[]
  readonly holdsUntil: number
  /** Only the client recalls. */
  recalls(page: Recalled): void
  /**
   * To be called by a field of a query that shows anything but what IAM answered: until this moment, in milliseconds
   * since 1970, it shows the same of the same. By the clock it may be known; -Infinity: by something else, it is not.
   */
  answerHoldsUntil(moment: number): void
  /** Lets go of the clock and of the client. */
  end(): void
}

/** A page that was looked for among what is remembered, and which reading of it was found. */
export interface Recalled {
  readonly page: PageKey
  /** Undefined: none, and the answer was made of other pages. */
  readonly stamp: symbol | undefined
}

export interface OperationOptions {
  /** Aborts when the client goes away. */
  readonly client?: AbortSignal | undefined
  /** In milliseconds. */
  readonly timeout: number
  /** Most IAM calls. */
  readonly maxCalls: number
  readonly onEnd?: () => void
  /** Told of each call; what it throws refuses the call, but for one that is owed. */
  readonly onSpend?: ((owed: boolean) => void) | undefined
  /** Default: somebody waits. */
  readonly lane?: Lane
  /** Default: the gateway itself. */
  readonly caller?: string
}

/** A caller like others: what the gateway asks for by itself. No principal has this key. */
export const itself = ''

export function beginOperation(options: OperationOptions): Operation {
  const { client, timeout, maxCalls, onEnd, onSpend, lane = 'waiting', caller = itself } = options
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
  const cost = createCost()
  const recalled: Recalled[] = []
  let holdsUntil = Number.POSITIVE_INFINITY
  let asked = 0
  return {
    lane,
    caller,
    cost,
    recalled,
    get holdsUntil() {
      return holdsUntil
    },
    recalls(page) {
      if (page.stamp) cost.wasCached()
      recalled.push(page)
    },
    answerHoldsUntil(moment) {
      holdsUntil = Math.min(holdsUntil, moment)
    },
    deadline: deadline.signal,
    signal: departure.signal,
    spend(owed = false) {
      asked += 1
      if (asked <= maxCalls) return onSpend?.(owed)
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
