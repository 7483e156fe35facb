/** What one operation, or one event of a subscription, has cost so far. */
export interface Cost {
  /** Calls that it was expected to cost; undefined where nobody estimated. */
  readonly estimated: number | undefined
  /** Calls sent to IAM, each repetition counted. */
  readonly calls: number
  /** Of these, how many IAM throttled. */
  readonly throttled: number
  /** Answers of calls that another asker, of this operation or another, had under way already. */
  readonly shared: number
  /** Answers from the cache. */
  readonly cached: number
  /** Milliseconds during which at least one call waited for its turn. */
  readonly waited: number
  /** Walks through the account, as far as they are over. */
  readonly walks: readonly Walk[]
}

export interface Walk {
  /** Where in the response its result stands. */
  readonly path: readonly (string | number)[]
  readonly usersWalked: number
  readonly calls: number
  /** The calls that it might have cost. */
  readonly budget: number
}

/** The counters behind a Cost: only the client counts. */
export interface CostCount extends Cost {
  estimates(calls: number): void
  sent(): void
  wasThrottled(): void
  wasShared(): void
  wasCached(): void
  walked(walk: Walk): void
  /** Begins a wait; returns how to end it. */
  waits(): () => void
}

export function createCost(now: () => number = () => performance.now()): CostCount {
  const count = { calls: 0, throttled: 0, shared: 0, cached: 0 }
  const walks: Walk[] = []
  let estimated: number | undefined
  let waiting = 0
  let since = 0
  let waited = 0
  return {
    get estimated() {
      return estimated
    },
    get calls() {
      return count.calls
    },
    get throttled() {
      return count.throttled
    },
    get shared() {
      return count.shared
    },
    get cached() {
      return count.cached
    },
    get waited() {
      return waiting === 0 ? waited : waited + now() - since
    },
    estimates(calls) {
      estimated = calls
    },
    walks,
    sent() {
      count.calls += 1
    },
    wasThrottled() {
      count.throttled += 1
    },
    wasShared() {
      count.shared += 1
    },
    wasCached() {
      count.cached += 1
    },
    walked(walk) {
      walks.push(walk)
    },
    waits() {
      if (waiting++ === 0) since = now()
      let over = false
      return () => {
        if (over) return
        over = true
        if (--waiting === 0) waited += now() - since
      }
    },
  }
}
