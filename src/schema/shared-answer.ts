import type { Operation } from '../iam/operation.ts'
import { unlessAborted } from '../iam/unless-aborted.ts'

/** What one asks for all who want to know it: at the same time, and for a while behind him. */
export interface SharedAnswers<Value> {
  /** At once; undefined where it is not known, or not any more. */
  recall(key: string): Value | undefined
  /** Rejects as `find` does for whoever asks first, for the others too; and with the operation's own reason. */
  get(key: string, operation: Pick<Operation, 'signal' | 'cost'>, find: () => Promise<Value>): Promise<Value>
}

export interface SharedAnswersOptions {
  /** How long an answer is kept from when it was asked for, in milliseconds. */
  readonly keptFor: number
  /** The same of a failure. Default: as an answer. */
  readonly failureKeptFor?: number
  /** Most of them; beyond it those that were asked for first go. */
  readonly most: number
  readonly now?: () => number
}

interface Asked<Value> {
  readonly at: number
  readonly asker: AbortSignal
  readonly answer: Promise<Value>
  value?: Value
  failed?: boolean
}

export function createSharedAnswers<Value>(options: SharedAnswersOptions): SharedAnswers<Value> {
  const { keptFor, failureKeptFor = keptFor, most, now = () => performance.now() } = options
  // In the order in which they were asked for.
  const all = new Map<string, Asked<Value>>()
  const isKept = ({ at, failed }: Asked<Value>) => at >= now() - (failed ? failureKeptFor : keptFor)

  function forgetOld(): void {
    for (const [key, asked] of all) {
      if (all.size < most && isKept(asked)) return
      all.delete(key)
    }
  }

  function begin(key: string, asker: AbortSignal, find: () => Promise<Value>): Promise<Value> {
    all.delete(key)
    forgetOld()
    const asked: Asked<Value> = { at: now(), asker, answer: find() }
    all.set(key, asked)
    asked.answer.then(
      value => {
        asked.value = value
      },
      () => {
        asked.failed = true
      },
    )
    return asked.answer
  }

  return {
    recall(key) {
      const known = all.get(key)
      return known && isKept(known) ? known.value : undefined
    },
    async get(key, { signal, cost }, find) {
      for (;;) {
        signal.throwIfAborted()
        const known = all.get(key)
        if (!known || !isKept(known)) return begin(key, signal, find)
        try {
          const value = await unlessAborted(known.answer, signal)
          cost.wasShared()
          return value
        } catch (error) {
          signal.throwIfAborted()
          // Whoever asked has gone, and with him the answer: that is not the others' failure.
          if (!known.asker.aborted) throw error
          if (all.get(key) === known) all.delete(key)
        }
      }
    },
  }
}
