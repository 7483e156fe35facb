import type { Cost } from './iam/cost.ts'
import type { Logger } from './log.ts'

export interface Tracked {
  readonly requestId: string
  readonly cost: Cost
}

export interface Progress {
  /** Follows an operation until it calls what it is given back. */
  track(operation: Tracked): () => void
}

export interface ProgressOptions {
  readonly log: Logger
  /** The rate found of IAM's slowest API, in calls a second; undefined while none was. */
  readonly perSecond: () => number | undefined
  /** A terminal's last line; undefined takes it away. Left out: there is no terminal, and the log is told. */
  readonly show?: ((line: string | undefined) => void) | undefined
  readonly now?: () => number
}

interface Followed {
  readonly operation: Tracked
  readonly since: number
  loggedAt: number
}

/** What takes less is over before anybody wonders, in milliseconds. */
const patience = 5_000
const logEvery = 10_000
const redrawEvery = 250

/** Shows that a long operation is getting on: one line on a terminal, elsewhere a line of the log now and then. */
export function createProgress({ log, perSecond, show, now = () => performance.now() }: ProgressOptions): Progress {
  const followed = new Set<Followed>()
  let timer: NodeJS.Timeout | undefined
  let shown = false

  function look(): void {
    const long = [...followed].filter(({ since }) => now() - since >= patience)
    if (!show) {
      tell(long)
      return
    }
    if (long.length > 0) show(lineOf(long))
    else if (shown) show(undefined)
    shown = long.length > 0
  }

  function tell(long: readonly Followed[]): void {
    for (const one of long) {
      if (now() - one.loggedAt < logEvery) continue
      one.loggedAt = now()
      const { requestId, cost } = one.operation
      log.info(
        { requestId, iamCalls: answeredBy(cost), expected: cost.estimated, perSecond: rounded(perSecond()) },
        'still asking IAM',
      )
    }
  }

  function lineOf(long: readonly Followed[]): string {
    const calls = long.reduce((sum, { operation }) => sum + answeredBy(operation.cost), 0)
    const expected = long.reduce(
      (sum, { operation: { cost } }) => sum + Math.max(cost.estimated ?? 0, answeredBy(cost)),
      0,
    )
    const rate = rounded(perSecond())
    return `IAM: ${calls} of at most ${expected} calls${rate === undefined ? '' : `, ${rate} a second`}`
  }

  return {
    track(operation) {
      const one = { operation, since: now(), loggedAt: now() }
      followed.add(one)
      timer ??= setInterval(look, redrawEvery).unref()
      return () => {
        if (!followed.delete(one)) return
        if (shown) look()
        if (followed.size > 0) return
        clearInterval(timer)
        timer = undefined
      }
    },
  }
}

/** A throttled call has to be made again. */
function answeredBy({ calls, throttled }: Cost): number {
  return calls - throttled
}

function rounded(rate: number | undefined): number | undefined {
  return rate === undefined ? undefined : Math.round(rate * 10) / 10
}
