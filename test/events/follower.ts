import { vi } from 'vitest'
import type { ChangeStore, Entry, Follower, Place } from '../../src/events/change-store.ts'

/** What a store tells an instance. */
export interface Followed {
  readonly entries: readonly Entry[]
  readonly restarts: readonly Place[]
  readonly states: readonly string[]
  /** Up to which position nothing is remembered. */
  readonly forgotten: number
  /** Resolves once so many entries have come. */
  until(count: number): Promise<readonly Entry[]>
}

export async function follow(store: ChangeStore): Promise<Followed> {
  const entries: Entry[] = []
  const restarts: Place[] = []
  const states: string[] = []
  let forgotten = 0
  const follower: Follower = {
    restarted: from => restarts.push(from),
    appended: entry => entries.push(entry),
    forgotten: position => {
      forgotten = position
    },
    changedState: state => states.push(state),
  }
  await store.follow(follower)
  return {
    entries,
    restarts,
    states,
    get forgotten() {
      return forgotten
    },
    async until(count) {
      await vi.waitUntil(() => entries.length >= count, { timeout: 20_000, interval: 5 })
      return entries
    },
  }
}
