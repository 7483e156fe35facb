import type { Whose } from './reading.ts'

/** Whose turn it is to be compared. */
export interface Due {
  readonly kind: string
  readonly whose: Whose
  /** Whether it is all that is watched. */
  readonly isRound: boolean
  /** Users who were compared alone before everybody is. */
  readonly named: readonly string[]
}

/** When what is watched of a kind was compared last. */
export interface Plan {
  /** Undefined: nothing is to be done yet. */
  due(kind: string, whose: 'all' | ReadonlySet<string>): Due | undefined
  /** A round that is to be repeated soon is after so many milliseconds; what is no round, at once. */
  done(due: Due, soon?: number): void
  /** Nothing was compared. */
  forget(): void
}

interface Progress {
  /** When the next round is due. */
  readonly next: number
  /** Who was compared since the last one began: folded names. */
  readonly compared: 'all' | ReadonlySet<string>
}

/**
 * All that is watched is compared each interval; who is watched since then, at once and alone. What is watched no more,
 * and then again, waits for its interval: a page that is loaded anew costs nothing.
 */
export function createPlan(interval: number, now: () => number): Plan {
  const progress = new Map<string, Progress>()
  return {
    forget: () => progress.clear(),

    due(kind, whose) {
      const { next, compared } = progress.get(kind) ?? { next: now(), compared: new Set() }
      const named = compared === 'all' ? [] : [...compared]
      if (next <= now() || (whose === 'all' && compared !== 'all')) {
        return { kind, whose: whose === 'all' ? whose : [...whose], isRound: true, named }
      }
      const since = whose === 'all' || compared === 'all' ? [] : [...whose].filter(name => !compared.has(name))
      return since.length > 0 ? { kind, whose: since, isRound: false, named } : undefined
    },

    done({ kind, whose, isRound }, soon) {
      const earlier = progress.get(kind)
      if (isRound) {
        progress.set(kind, { next: now() + (soon ?? interval), compared: whose === 'all' ? whose : new Set(whose) })
      } else if (earlier && earlier.compared !== 'all' && whose !== 'all' && soon === undefined) {
        progress.set(kind, { ...earlier, compared: new Set([...earlier.compared, ...whose]) })
      }
    },
  }
}
