import DataLoader from 'dataloader'

/** A loader whose keys are compared by value and cost one IAM call each; a key that fails, fails alone. */
export function eachAlone<Key, Value>(load: (key: Key) => Promise<Value>, keyOf: (key: Key) => string) {
  return new DataLoader<Key, Value, string>(keys => settle(keys, load), { cacheKeyFn: keyOf })
}

/**
 * As eachAlone, but each key's answer comes as soon as IAM gives it, not when the whole batch is answered: rows that
 * hang on it can be shown as they come. The price is that what is then asked of them is no batch any more.
 */
export function eachAsItComes<Key, Value>(load: (key: Key) => Promise<Value>, keyOf: (key: Key) => string) {
  // DataLoader resolves a key with its value, and so waits for a promise that is one.
  const begin = async (keys: readonly Key[]) => keys.map(load) as unknown as Value[]
  return new DataLoader<Key, Value, string>(begin, { cacheKeyFn: keyOf })
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

export function valueKey(...parts: readonly (string | number | undefined)[]): string {
  return JSON.stringify(parts.map(part => part ?? null))
}
