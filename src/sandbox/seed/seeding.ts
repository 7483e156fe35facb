import type { Random } from '../random.ts'
import type { KeyPool } from './key-pool.ts'

/** What there is to make a user's rows up from. */
export interface Seeding {
  readonly accountId: string
  /** To the second, and the same for the whole account. */
  readonly now: Date
  /** Which of the seeded users this is. */
  readonly who: 'alice' | 'bob' | 'other'
  readonly keys: KeyPool
  /** The user's own sequence for this label: neither other users nor other kinds of row change it. */
  random(label: string): Random
}

const DAY = 86_400_000

export function daysFrom(now: Date, days: number): Date {
  return new Date(now.getTime() + Math.round(days * 86_400) * 1000)
}

export function daysBetween(earlier: Date, later: Date): number {
  return Math.floor((later.getTime() - earlier.getTime()) / DAY)
}
