import type { Watched } from './change-store.ts'
import { userName as possibleName } from './recorded-call.ts'

export interface Watcher {
  readonly kind: string
  /** Folded; undefined: everybody's are watched. */
  readonly userName: string | undefined
}

/**
 * Anybody may watch a name that no user can have. It is left out: no list is to be asked for it, and no picture taken,
 * whose script Redis would not even read.
 */
export function watchedBy(watchers: Iterable<Watcher>): Watched {
  const watched = new Map<string, 'all' | Set<string>>()
  for (const { kind, userName } of watchers) {
    const whose = watched.get(kind) ?? new Set()
    if (userName === undefined) watched.set(kind, 'all')
    else if (whose !== 'all' && possibleName.test(userName)) watched.set(kind, whose.add(userName))
  }
  return watched
}

/** What is watched by one of them. */
export function unionOf(all: readonly Watched[]): Watched {
  const union = new Map<string, 'all' | Set<string>>()
  for (const [kind, whose] of all.flatMap(watched => [...watched])) {
    const known = union.get(kind) ?? new Set()
    if (whose === 'all') union.set(kind, 'all')
    else if (known !== 'all') union.set(kind, new Set([...known, ...whose]))
  }
  return union
}

export function watchedText(watched: Watched): string {
  return JSON.stringify([...watched].map(([kind, whose]) => [kind, whose === 'all' ? whose : [...whose]]))
}

export function readWatched(text: string): Watched {
  const entries = JSON.parse(text) as readonly (readonly [string, 'all' | readonly string[]])[]
  return new Map(entries.map(([kind, whose]) => [kind, whose === 'all' ? whose : new Set(whose)]))
}
