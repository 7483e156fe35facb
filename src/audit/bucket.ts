export interface BucketOptions {
  readonly perSecond: number
  readonly burst: number
  /** In milliseconds. */
  readonly now: () => number
}

export interface Bucket {
  /** Whether there was something left to take. */
  take(): boolean
}

export function createBucket({ perSecond, burst, now }: BucketOptions): Bucket {
  let left = burst
  let lookedAt = now()
  return {
    take() {
      const at = now()
      // A clock that was set back gives nothing.
      left = Math.min(burst, left + (Math.max(0, at - lookedAt) * perSecond) / 1000)
      lookedAt = at
      if (left < 1) return false
      left -= 1
      return true
    },
  }
}
