/**
 * One API's rate, found from outside. IAM's token buckets are unpublished (IAM.md, grade D), but a bucket is empty
 * whenever it throttles: so what it let pass between two throttles, over the time between them, is its rate, and what
 * others take of the same bucket is left out by itself. A bucket of the same size and rate is kept here and asked first.
 * Times are in milliseconds, rates in calls a second.
 */
export interface Rate {
  /** Until a call may be sent: 0 is now, Infinity is once one under way has been answered. */
  wait(now: number): number
  sent(now: number): void
  /** However it ended. */
  ended(): void
  /** IAM did not throttle it: it took a token. */
  accepted(): void
  throttled(now: number, sentAt: number): void
  /** Undefined until the first throttle. */
  readonly perSecond: number | undefined
}

export function createRate(): Rate {
  let perSecond: number | undefined
  /** What passed by the newest measurement; undefined where the rate was lowered without one. */
  let delivered: number | undefined
  /** The highest rate found lately: what growth is measured by, so that instances on one bucket grow alike. */
  let peak = 0
  /** No interval between two throttles was measured yet: the rate is a guess, and the search goes in longer steps. */
  let searching = true
  let capacity = 1
  let level = 0
  let levelAt = 0
  let emptyAt = 0
  /** Two moments of late, so that the first guess is about what passes now, not about hours of light use. */
  let begun: Mark = { at: Number.NEGATIVE_INFINITY, passed: 0 }
  let later: Mark = begun
  /** A call waits, so that the bucket cannot be full for want of calls. */
  let isWanted = false
  let underWay = 0
  let passed = 0
  let passedSinceEmpty = 0
  /** Calls sent since then meet only calls of the newest rate at the bucket, none of the one before. */
  let settledAt = Number.NEGATIVE_INFINITY
  /** Since when the bucket had time to overflow: what passed since then says nothing of its rate. */
  let full: Mark | undefined
  let empties: readonly Mark[] = []

  /** Grows the longer nothing was throttled: slowly at first, near what was found, then faster. */
  function growing(found: number, now: number): number {
    const highest = Math.max(found, peak)
    const { step: least, calls } = searching ? tuning.search : tuning.growth
    const step = Math.min(tuning.longestStep, Math.max(least, (calls / highest) * 1000))
    return found + highest * (Math.max(0, now - emptyAt) / step) ** 2
  }

  function fill(found: number, now: number): void {
    const elapsed = now - levelAt
    if (elapsed <= 0) return
    const filled = level + (growing(found, now - elapsed / 2) * elapsed) / 1000
    levelAt = now
    level = Math.min(filled, Math.max(1, capacity))
    if (!isWanted && filled > capacity + 2 && elapsed > tuning.idle) {
      full = { at: now, passed }
      emptyAt = now
    }
  }

  /** The rate between an earlier throttle and now. */
  function since(mark: Mark, now: number): number {
    return ((passed - mark.passed) / (now - mark.at)) * 1000
  }

  function measured(found: number, now: number): number {
    delivered = undefined
    if (passedSinceEmpty === 0) return found / 2
    if (passedSinceEmpty < 3) return found * 0.75
    if (full) {
      capacity = Math.max(1, passed - full.passed - (found * (now - full.at)) / 1000)
      return found
    }
    const isEnough = (mark: Mark) => passed - mark.passed >= tuning.sample
    const short = empties.findLast(mark => isEnough(mark) || now - mark.at >= 1000)
    const long = empties.find(mark => isEnough(mark) && now - mark.at <= tuning.memory)
    // The long interval is the more exact, unless the rate has dropped within it.
    const mark = short && since(short, now) < found * 0.75 ? short : (long ?? short)
    if (!mark) return found
    delivered = since(mark, now)
    // Below what was measured, so that the next throttle is some way off: what is left over waits in the bucket.
    return delivered * tuning.backOff
  }

  return {
    get perSecond() {
      return delivered ?? perSecond
    },
    wait(now) {
      if (perSecond === undefined) {
        return underWay < tuning.firstCalls + passed / tuning.passedACall ? 0 : Number.POSITIVE_INFINITY
      }
      fill(perSecond, now)
      isWanted = level < 1
      // It grows meanwhile: so nobody waits longer before looking again.
      return isWanted ? Math.min(tuning.look, ((1 - level) / growing(perSecond, now)) * 1000) : 0
    },
    sent(now) {
      underWay += 1
      if (perSecond === undefined) {
        if (now - later.at > tuning.guess) {
          const mark = { at: now, passed }
          begun = now - later.at > 2 * tuning.guess ? mark : later
          later = mark
        }
        return
      }
      fill(perSecond, now)
      level -= 1
      isWanted = false
    },
    ended() {
      underWay -= 1
    },
    accepted() {
      passed += 1
      passedSinceEmpty += 1
    },
    throttled(now, sentAt) {
      if (perSecond === undefined) {
        // A first guess: what has passed was a full bucket, of a second's worth, and what came in since.
        const elapsed = now - begun.at
        const lately = passed - begun.passed
        // Where hardly any has, others had emptied the bucket before, and its rate may be any.
        const guess = lately / (1 + elapsed / 1000)
        perSecond = lately < tuning.sample ? Math.max(guess, tuning.firstGuess) : guess
        capacity = Math.max(1, lately - (perSecond * elapsed) / 1000)
        peak = perSecond
        settledAt = now + (now - sentAt) / 2
      } else if (sentAt >= settledAt) {
        // What was sent before the last decrease, or came to the bucket among such calls, says nothing against the rate
        // since then: those under way at the time were on their way for half a round trip yet.
        perSecond = Math.max(tuning.least, measured(perSecond, now))
        peak = Math.max(perSecond, peak * 0.98)
        if (searching && passedSinceEmpty >= 3) {
          searching = false
          // The first guess may have been a full bucket more than a rate.
          peak = Math.min(peak, Math.max(perSecond * tuning.firstPeak, tuning.firstGuess))
        }
        settledAt = now + (now - sentAt) / 2
      }
      empties = [...(full ? [] : empties.filter(({ at }) => now - at <= tuning.memory)), { at: now, passed }]
      full = undefined
      passedSinceEmpty = 0
      level = 0
      levelAt = now
      emptyAt = now
    },
  }
}

/** A moment, and how many calls had passed by then. */
interface Mark {
  readonly at: number
  readonly passed: number
}

/** Found by simulating buckets of 1 to 350 tokens, at 2 to 200 ms of latency, with one instance and with four. */
const tuning = {
  /** Calls under way until the first throttle: so many, and one more for each so many that passed. */
  firstCalls: 4,
  passedACall: 12,
  /** How long it takes until the rate has doubled, and how many calls: a slow bucket throttles no larger part of them. */
  search: { step: 1_500, calls: 15 },
  growth: { step: 7_000, calls: 40 },
  /** However slow it was found: it may have been others who drew from the bucket. */
  longestStep: 15_000,
  firstPeak: 1.5,
  /** Slower than public tools pace reads of IAM (15 to 40 a second): what is known of a bucket that others empty. */
  firstGuess: 10,
  backOff: 0.75,
  /** How many calls make a measurement. */
  sample: 8,
  memory: 6_000,
  /** How far back the first guess looks: as far, to twice as far. */
  guess: 3_000,
  idle: 500,
  look: 250,
  least: 0.1,
}
