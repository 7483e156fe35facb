import { parseChangeId } from '../events/change-id.ts'

/** Ids of the log's latest change, as they were a while ago. */
export interface Samples {
  take(id: string): 'the same history' | 'another history'
  /** What was the latest at least this window ago, as far as that is known. */
  oldest(): string
}

interface Sample {
  readonly id: string
  readonly at: number
}

export function createSamples(window: number, now: () => number): Samples {
  let samples: Sample[] = []
  return {
    take(id) {
      const newest = samples.at(-1)
      const isAnother = newest !== undefined && parseChangeId(newest.id)?.epoch !== parseChangeId(id)?.epoch
      if (isAnother) samples = []
      samples.push({ id, at: now() })
      const last = samples.findLastIndex(({ at }) => at <= now() - window)
      if (last > 0) samples = samples.slice(last)
      return isAnother ? 'another history' : 'the same history'
    },
    oldest: () => samples[0]?.id ?? '',
  }
}
