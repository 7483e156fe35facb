export interface Rate {
  /** Calls a second, by a token bucket; 0: unlimited. */
  readonly rate: number
  /** What a bucket holds: the calls that may come at once. Left out, or 0: a second's worth. At least 1. */
  readonly burst?: number
}

/** A bucket for each API. IAM's own rates are unpublished (IAM.md, grade D). */
export interface RateLimit {
  /** Takes one token of the API's bucket; false when it is empty. */
  take(action: string): boolean
  /** The rate from now on: of one API, without regard to case, or of all. */
  set(change: RateChange): void
}

export interface RateChange extends Rate {
  readonly action?: string
}

/** An unlimited one holds infinitely much. */
interface Bucket {
  rate: number
  capacity: number
  tokens: number
  filled: number
}

export function createRateLimit(initial: Rate): RateLimit {
  const buckets = new Map<string, Bucket>()
  let ofOthers = initial

  function bucketOf(action: string): Bucket {
    const name = action.toLowerCase()
    const bucket = buckets.get(name) ?? fullBucket(ofOthers)
    buckets.set(name, bucket)
    fill(bucket)
    return bucket
  }

  return {
    take(action) {
      const bucket = bucketOf(action)
      if (bucket.tokens < 1) return false
      bucket.tokens -= 1
      return true
    },
    set({ action, ...rate }) {
      if (action !== undefined) return change(bucketOf(action), rate)
      for (const bucket of buckets.values()) {
        fill(bucket)
        change(bucket, rate)
      }
      ofOthers = rate
    },
  }
}

function fullBucket({ rate, burst = 0 }: Rate): Bucket {
  const capacity = rate <= 0 ? Number.POSITIVE_INFINITY : Math.max(1, burst > 0 ? burst : rate)
  return { rate: Math.max(0, rate), capacity, tokens: capacity, filled: performance.now() }
}

function fill(bucket: Bucket): void {
  const now = performance.now()
  bucket.tokens = Math.min(bucket.capacity, bucket.tokens + ((now - bucket.filled) / 1000) * bucket.rate)
  bucket.filled = now
}

/** What it holds stays, as far as there is room; one that was unlimited begins full. */
function change(bucket: Bucket, to: Rate): void {
  const { rate, capacity } = fullBucket(to)
  const tokens = capacity === Number.POSITIVE_INFINITY ? capacity : Math.min(bucket.tokens, capacity)
  Object.assign(bucket, { rate, capacity, tokens })
}
