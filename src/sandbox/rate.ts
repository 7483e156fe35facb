/** Takes one token of the API's bucket; false when it is empty. */
export type TakeToken = (action: string) => boolean

interface Bucket {
  tokens: number
  filled: number
}

/**
 * A token bucket for each API, filled at `rate` tokens a second, holding a second's worth and at least one. IAM's own
 * rates are unpublished (IAM.md, grade D). 0 is unlimited.
 */
export function createRateLimit(rate: number): TakeToken {
  if (rate <= 0) return () => true
  const capacity = Math.max(1, rate)
  const buckets = new Map<string, Bucket>()
  return action => {
    const now = performance.now()
    const bucket = buckets.get(action) ?? { tokens: capacity, filled: now }
    buckets.set(action, bucket)
    bucket.tokens = Math.min(capacity, bucket.tokens + ((now - bucket.filled) / 1000) * rate)
    bucket.filled = now
    if (bucket.tokens < 1) return false
    bucket.tokens -= 1
    return true
  }
}
