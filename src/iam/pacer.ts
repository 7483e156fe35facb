import type { CostCount } from './cost.ts'
import { isThrottling, wireCode } from './failure.ts'
import { createHold } from './hold.ts'
import { createRate, type Rate } from './rate.ts'
import { createTurns, type Parties, type Party, type Turns } from './turn.ts'

/** Changes and the reads they need, then what a person waits for, then the rest. */
export const lanes = ['urgent', 'waiting', 'background'] as const
export type Lane = (typeof lanes)[number]

export interface PacedCall<Value> {
  /** IAM's buckets are per API: `ListUsers`. */
  readonly api: string
  /** Whose call it is: within a lane the callers take turns, and of each the operations. */
  readonly parties: Parties<Lane>
  /** While the call waits, or waits again, this ends it. What was sent is for `send` to end. */
  readonly signal?: AbortSignal | undefined
  readonly cost?: CostCount | undefined
  /** One attempt. */
  readonly send: () => Promise<Value>
}

export interface Pacer {
  /**
   * Sends in its turn, at the rate that IAM accepts, and again while IAM throttles. Rejects as `send` does, and with the
   * signal's reason; where IAM had throttled it by then, with that.
   */
  run<Value>(call: PacedCall<Value>): Promise<Value>
  /** The rate found, in calls a second; undefined while IAM has not throttled the API. */
  rateOf(api: string): number | undefined
  /** The lowest rate found of the APIs that calls wait for. */
  readonly slowest: number | undefined
  readonly queued: number
  readonly underWay: number
}

export interface PacerOptions {
  /** Most calls under way at once; urgent ones go all the same. */
  readonly concurrency: number
  readonly now?: () => number
}

interface Job {
  readonly start: () => void
}

interface Bucket {
  readonly rate: Rate
  readonly lanes: Readonly<Record<Lane, Turns<Job>>>
  timer: NodeJS.Timeout | undefined
}

/** One for each account: all its identities draw from the same buckets. */
export function createPacer({ concurrency, now = () => performance.now() }: PacerOptions): Pacer {
  const buckets = new Map<string, Bucket>()
  const hold = createHold(now, dispatch)
  let underWay = 0

  function bucketOf(api: string): Bucket {
    const bucket = buckets.get(api) ?? {
      rate: createRate(),
      lanes: { urgent: createTurns(), waiting: createTurns(), background: createTurns() },
      timer: undefined,
    }
    buckets.set(api, bucket)
    return bucket
  }

  /** Sends what may be sent now, lane by lane and in each lane API by API, and comes back when the next one may. */
  function dispatch(): void {
    for (const lane of lanes) {
      let sent = true
      while (sent) {
        sent = false
        for (const bucket of buckets.values()) sent = sendNext(bucket, lane) || sent
      }
    }
  }

  function sendNext(bucket: Bucket, lane: Lane): boolean {
    const first = lanes.find(one => bucket.lanes[one].size > 0)
    if (first === undefined) stopTimer(bucket)
    if (first !== lane || (lane !== 'urgent' && (underWay >= concurrency || !hold.isOpen))) return false
    const wait = bucket.rate.wait(now())
    // Infinity is caution, not a rate: no change waits for calls that may never be answered.
    if (wait === 0 || (lane === 'urgent' && wait === Number.POSITIVE_INFINITY)) {
      if (lane === 'urgent') hold.begin()
      else hold.pass()
      bucket.lanes[lane].take()?.start()
      return true
    }
    if (wait !== Number.POSITIVE_INFINITY) bucket.timer ??= setTimeout(wake, Math.ceil(wait), bucket)
    return false
  }

  function wake(bucket: Bucket): void {
    bucket.timer = undefined
    dispatch()
  }

  /** Nobody waits any more, and the process need not either. */
  function stopTimer(bucket: Bucket): void {
    clearTimeout(bucket.timer)
    bucket.timer = undefined
  }

  /** Resolves when it is this call's turn; `again`: before the other calls of its operation. */
  function inTurn(bucket: Bucket, call: Omit<PacedCall<unknown>, 'send'>, again: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const { signal, parties } = call
      const waiting: ((() => void) | undefined)[] = []
      const enqueue = (party: Party<Lane>) => {
        waiting.push(party.waits?.())
        const queue = bucket.lanes[party.lane]
        if (again) queue.addFirst(party, job)
        else queue.add(party, job)
      }
      const leaveQueues = () => {
        parties.onJoin = undefined
        for (const party of parties.all) bucket.lanes[party.lane].remove(party, job)
        signal?.removeEventListener('abort', abort)
        for (const waited of waiting) waited?.()
      }
      const abort = () => {
        leaveQueues()
        reject(signal?.reason)
        dispatch()
      }
      const job: Job = {
        start() {
          leaveQueues()
          underWay += 1
          bucket.rate.sent(now())
          resolve()
        },
      }
      signal?.addEventListener('abort', abort, { once: true })
      for (const party of parties.all) enqueue(party)
      parties.onJoin = party => {
        enqueue(party)
        dispatch()
      }
      dispatch()
    })
  }

  return {
    async run(call) {
      const bucket = bucketOf(call.api)
      let throttling: unknown
      for (;;) {
        if (call.signal?.aborted) throw throttling ?? call.signal.reason
        await inTurn(bucket, call, throttling !== undefined).catch((reason: unknown) => {
          throw throttling ?? reason
        })
        const sentAt = now()
        call.cost?.sent()
        try {
          const value = await call.send()
          bucket.rate.accepted()
          return value
        } catch (error) {
          if (!isThrottling(error)) {
            // Without an answer nobody knows whether it took a token.
            if (wireCode(error) !== undefined) bucket.rate.accepted()
            throw error
          }
          call.cost?.wasThrottled()
          bucket.rate.throttled(now(), sentAt)
          throttling = error
        } finally {
          underWay -= 1
          bucket.rate.ended()
          if (call.parties.all.some(({ lane }) => lane === 'urgent')) hold.end()
          dispatch()
        }
      }
    },
    rateOf: api => buckets.get(api)?.rate.perSecond,
    get slowest() {
      const rates = [...buckets.values()]
        .filter(bucket => queuedIn(bucket) > 0)
        .flatMap(({ rate }) => rate.perSecond ?? [])
      return rates.length === 0 ? undefined : Math.min(...rates)
    },
    get queued() {
      return [...buckets.values()].reduce((sum, bucket) => sum + queuedIn(bucket), 0)
    },
    get underWay() {
      return underWay
    },
  }
}

function queuedIn(bucket: Bucket): number {
  return lanes.reduce((size, lane) => size + bucket.lanes[lane].size, 0)
}
