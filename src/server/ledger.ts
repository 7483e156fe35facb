import type { Calls } from '../schema/iam-calls.ts'

/** What an operation costs, and where in the response most of it is spent. */
export interface Estimate {
  readonly calls: number
  /** Undefined where it costs nothing. */
  readonly dearest: Spent | undefined
}

export interface Spent {
  /** Of the response, without indices: `users.nodes.signingCertificates`. */
  readonly path: string
  readonly calls: number
}

export interface Ledger {
  /** Calls that are written down already are not made again. */
  add(calls: Calls, path: string): void
  sum(): Estimate
}

export function createLedger(): Ledger {
  const entries = new Map<string, Entry>()
  return {
    add(calls, path) {
      const of = calls.areBudgeted ? `${calls.of} ${path}` : calls.of
      const known = entries.get(of)
      // Where one field asks for things one by one and another for all of them at once, the second asks first: as soon
      // as the things are known.
      if (!known || (calls.batch && !known.batch)) entries.set(of, { ...calls, path })
    },
    sum() {
      const spent = new Map<string, number>()
      const batches = [...inBatches(entries.values())]
      for (const entry of batches) spent.set(entry.path, (spent.get(entry.path) ?? 0) + costOf(entry, batches))
      const paths = [...spent].map(([path, calls]) => ({ path, calls }))
      return {
        calls: paths.reduce((sum, { calls }) => sum + calls, 0),
        dearest: paths.filter(({ calls }) => calls > 0).sort((one, other) => other.calls - one.calls)[0],
      }
    },
  }
}

interface Entry extends Calls {
  readonly path: string
}

/** Others may have asked for some of a batch before: then it is smaller, which may be dearer. */
function costOf(entry: Entry, batches: readonly Entry[]): number {
  const { count, batch, kind } = entry
  if (!batch) return count
  const alike = batches.filter(other => other !== entry && kind !== undefined && other.kind === kind)
  const others = alike.reduce((sum, other) => sum + other.count, 0)
  let most = batch.cost(count)
  for (let left = count - 1; left >= Math.max(0, count - others); left -= 1) most = Math.max(most, batch.cost(left))
  return most
}

/** What is batched, as one entry for each moment, where it was first met. */
function inBatches(entries: Iterable<Entry>): Iterable<Entry> {
  const joined = new Map<string | Entry, Entry>()
  for (const entry of entries) {
    const key = entry.batch?.moment ?? entry
    const before = joined.get(key)
    joined.set(key, before ? { ...before, count: before.count + entry.count } : entry)
  }
  return joined.values()
}
