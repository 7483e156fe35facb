import type { Logger } from '../log.ts'

/** Where instances count together: what a script does happens in one step. */
export interface Connection {
  /** Rejects where the store is away, refuses it, or does not answer in time. */
  run(script: string, keys: readonly string[], parameters: readonly string[]): Promise<unknown>
  /** Rejects whatever is under way. */
  destroy(): void
}

/** Rejects where no connection can be had, in a bounded time. `over` ends also one that is being made. */
export type Connect = (over: AbortSignal) => Promise<Connection>

/** A store that may go away at any time: whoever asks it goes on without it. */
export interface SharedStore extends Pick<Connection, 'run'> {
  close(): void
}

/** How often a store that is away is tried again, in milliseconds. */
const retryAfter = 1000

/** @param now in milliseconds */
export function createSharedStore(
  connect: Connect,
  log: Logger,
  now: () => number = () => performance.now(),
): SharedStore {
  const over = new AbortController()
  let connection: Connection | undefined
  let connecting: Promise<void> | undefined
  let isAway = false
  let nextAttempt = 0

  async function begin(): Promise<void> {
    try {
      connection = await connect(over.signal)
    } catch (error) {
      lost(error)
    } finally {
      connecting = undefined
    }
  }

  /** Nobody waits for one that is away: it is tried beside what goes on without it. */
  async function reach(): Promise<Connection> {
    if (connection) return connection
    if (!over.signal.aborted && now() >= nextAttempt) connecting ??= begin()
    if (!isAway) await connecting
    if (!connection) throw new Error('the shared store is away')
    return connection
  }

  function lost(error: unknown): void {
    connection?.destroy()
    connection = undefined
    nextAttempt = now() + retryAfter
    if (isAway || over.signal.aborted) return
    isAway = true
    const reason = error instanceof Error ? error.message : 'no answer'
    log.warn({ flag: '--redis-url', reason }, "Redis is away: callers' limits are counted by each instance alone")
  }

  return {
    async run(script, keys, parameters) {
      const on = await reach()
      try {
        const answer = await on.run(script, keys, parameters)
        // A connection alone proves nothing: Redis may refuse every script, as one that is full does.
        if (isAway) log.info("callers' limits are counted by all instances together again")
        isAway = false
        return answer
      } catch (error) {
        if (on === connection) lost(error)
        throw error
      }
    },
    close() {
      over.abort()
      connection?.destroy()
      connection = undefined
    },
  }
}
