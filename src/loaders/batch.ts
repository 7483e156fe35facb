import DataLoader from 'dataloader'
import type { PageRequest } from '../iam/model.ts'
import type { MaybePromise } from './maybe-promise.ts'

/** Within one operation a key has one answer, until everything is cleared. */
export interface Loader<Key, Value> {
  load(key: Key): MaybePromise<Value>
  clearAll(): void
}

export interface Loading<Key, Value> {
  /** Keys of one name are the same. */
  readonly keyOf: (key: Key) => string
  /** Gives the answer where nobody has to be asked; else undefined. */
  readonly recall: (key: Key) => Value | undefined
  readonly load: (key: Key) => Promise<Value>
}

/** A loader whose keys cost one IAM call each; those asked at once come at once, and a key that fails, fails alone. */
export function eachAlone<Key, Value>({ load, ...loading }: Loading<Key, Value>): Loader<Key, Value> {
  const together = new DataLoader<Key, Value>(keys => settle(keys, load), { cache: false })
  return recallFirst({ ...loading, load: key => together.load(key) })
}

/**
 * As eachAlone, but each key's answer comes as soon as IAM gives it, not when the whole batch is answered: rows that
 * hang on it can be shown as they come. The price is that what is then asked of them is no batch any more.
 */
export function recallFirst<Key, Value>({ keyOf, recall, load }: Loading<Key, Value>): Loader<Key, Value> {
  const answers = new Map<string, MaybePromise<Value>>()
  return {
    load(key) {
      const name = keyOf(key)
      const answer = answers.get(name) ?? recall(key) ?? load(key)
      answers.set(name, answer)
      return answer
    },
    clearAll: () => answers.clear(),
  }
}

/** DataLoader wants every failure as an Error in its key's place. */
export function settle<Key, Value>(
  keys: readonly Key[],
  load: (key: Key) => Promise<Value>,
): Promise<(Value | Error)[]> {
  return Promise.all(
    keys.map(key =>
      load(key).catch((reason: unknown) =>
        reason instanceof Error ? reason : new Error('not an Error', { cause: reason }),
      ),
    ),
  )
}

/** Free text comes last: no other part has a line break in it. */
export function pageKey({ marker = '', maxItems }: PageRequest, text = ''): string {
  return `${maxItems}\n${marker}\n${text}`
}
