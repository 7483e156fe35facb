import { createBucket } from './bucket.ts'
import { omissionRecord, type Refused, refusedRecord } from './entry.ts'
import { inTime } from './in-time.ts'
import { createOmissions } from './omission.ts'

export interface RefusalOptions {
  /** Tells whether a line is not there, and never will be, by `onFailed`. */
  readonly write: (record: object, onFailed: () => void) => Promise<void>
  readonly now: () => number
  /** How long a line may take, in milliseconds. */
  readonly patience: number
  readonly onLate: (error: unknown) => void
  readonly onMissed: () => void
}

export interface Refusals {
  /** Never rejects. */
  add(refused: Refused): Promise<void>
  /** Writes what waits. */
  close(): Promise<void>
  /** Lines that are not there, without one that says so. */
  readonly omitted: number
}

/**
 * Lines of refused accesses, which clients make, however many they are. Each comes to its turn behind the one before, so
 * that a mutation waits for one at the most. Whoever a token made known is bounded by his own limits, and has all of his;
 * of the others, who are anybody, so many that they do not fill a disk.
 */
export function createRefusals({ write, now, patience, onLate, onMissed }: RefusalOptions): Refusals {
  const strangers = createBucket({ ...strangersLines, now })
  let waiting = 0
  let last = Promise.resolve()
  const omissions = createOmissions((omitted, onFailed) => {
    return enqueue(omissionRecord(omitted, new Date(now())), onFailed, patience, onLate)
  })

  async function enqueue(
    record: object,
    onFailed: () => void,
    most: number,
    late: (error: unknown) => void,
  ): Promise<void> {
    waiting += 1
    let isGivenUp = false
    const written = last.then(() => (isGivenUp ? onFailed() : write(record, onFailed)))
    last = written.then(settled, settled)
    try {
      await inTime(most, written)
    } catch (error) {
      isGivenUp = true
      late(error)
    }
  }

  function settled(): void {
    waiting -= 1
  }

  return {
    async add(refused) {
      const isKnown = refused.principal?.token !== undefined
      if (waiting >= mostWaiting || !(isKnown || strangers.take())) return omissions.add()
      const record = refusedRecord(refused, new Date(now()))
      await (isKnown
        ? enqueue(record, onMissed, patience, onLate)
        : enqueue(record, omissions.add, Math.min(patience, strangersPatience), nobodyMinds))
    },
    async close() {
      await omissions.tell()
      await last
    },
    get omitted() {
      return omissions.count
    },
  }
}

/** Lines that wait for those before them. */
const mostWaiting = 10_000

/** A day of them is about a gigabyte at the most, and a scanner's or a mistaken client's first minutes are all there. */
const strangersLines = { perSecond: 20, burst: 200 } as const

/** How long somebody who is not known waits for his line, in milliseconds: his refusal stands without it. */
const strangersPatience = 250

/** The next line of somebody who is waited for will tell. */
function nobodyMinds(): void {}
