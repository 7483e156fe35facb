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
  const walks: Walk[] = []
  let waiting = 0
  let since = 0
  let waited = 0
  const cost = {
    estimated: undefined as number | undefined,
    calls: 0,
    throttled: 0,
    shared: 0,
    cached: 0,
    get waited() {
      return waiting === 0 ? waited : waited + now() - since
    },
    walks,
    estimates(calls: number) {
      cost.estimated = calls
    },
    sent() {
      cost.calls += 1
    },
    wasThrottled() {
      cost.throttled += 1
    },
    wasShared() {
      cost.shared += 1
    },
    wasCached() {
      cost.cached += 1
    },
    walked(walk: Walk) {
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
  return cost
}
