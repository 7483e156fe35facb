import type { Watcher } from './watcher.ts'

/** What happened at IAM. */
export interface Truth {
  readonly changes: readonly { readonly certificateId: string; readonly status: string }[]
  /** What it lists. */
  readonly statuses: ReadonlyMap<string, string>
}

/** What became of a fault's clients. */
export interface Row {
  readonly fault: string
  readonly clients: number
  readonly changes: number
  /** Who was told each change exactly once. */
  readonly toldOnce: number
  /** Who was told by a coded error to query again, and has the right picture. */
  readonly toldToQuery: number
  /** What is wrong with everybody else: the first of it. */
  readonly wrong: readonly string[]
}

export function rowOf(fault: string, watchers: readonly Watcher[], truth: Truth): Row {
  const isRight = (watcher: Watcher) => faultsOf(watcher, truth).length === 0
  const right = watchers.filter(isRight)
  return {
    fault,
    clients: watchers.length,
    changes: truth.changes.length,
    toldOnce: right.filter(({ codes }) => codes.length === 0).length,
    toldToQuery: right.filter(({ codes }) => codes.length > 0).length,
    wrong: watchers
      .flatMap((watcher, index) => faultsOf(watcher, truth).map(what => `client ${index}: ${what}`))
      .slice(0, 20),
  }
}

/** What a client was told wrongly, or not at all. */
export function faultsOf({ picture, changes, codes, errors }: Watcher, truth: Truth): string[] {
  const ids = new Set(changes.map(({ id }) => id))
  const found = errors.map(error => `gave up at ${JSON.stringify(error)}`)
  if (ids.size < changes.length) found.push(`was told ${changes.length - ids.size} changes again, with the same id`)
  for (const [certificateId, status] of truth.statuses) {
    const shown = picture.get(certificateId)
    if (shown !== status) found.push(`shows ${certificateId} as ${shown}, which is ${status}`)
  }
  // Who queried again may have seen in the answer what others were told.
  if (codes.length > 0) return found
  const told = countsOf(changes)
  const made = countsOf(truth.changes)
  for (const key of new Set([...told.keys(), ...made.keys()])) {
    const [toldCount, madeCount] = [told.get(key) ?? 0, made.get(key) ?? 0]
    if (toldCount !== madeCount) found.push(`was told ${toldCount} times of ${key}, which was made ${madeCount} times`)
  }
  return found
}

/** Of the same certificate and status: no two others are alike. */
function countsOf(
  changes: readonly { readonly certificateId: string; readonly status: string | null }[],
): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { certificateId, status } of changes) {
    const key = `${certificateId} ${status}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

export function printed(rows: readonly Row[]): string {
  const header = ['fault', 'clients', 'changes', 'told once', 'told to query again', 'wrong or missing']
  const lines = rows.map(({ fault, clients, changes, toldOnce, toldToQuery }) =>
    [fault, clients, changes, toldOnce, toldToQuery, clients - toldOnce - toldToQuery].map(String),
  )
  const widths = header.map((title, column) => Math.max(title.length, ...lines.map(line => line[column]?.length ?? 0)))
  const laidOut = [header, ...lines].map(cells =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  '),
  )
  return `\n${laidOut.join('\n')}\n`
}
