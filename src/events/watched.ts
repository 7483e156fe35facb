import type { Watched } from './change-store.ts'

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
