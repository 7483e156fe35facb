import { randomUUID } from 'node:crypto'
import type { SharedStore } from './shared-store.ts'

/** A place that is held; called, it is given back. */
export type Lease = () => void

/** How many things of each caller are under way at once, over all instances. */
export interface Leases {
  /** Undefined: there is no place left. */
  acquire(caller: string): Promise<Lease | undefined>
  /** Gives back what is held. */
  close(): Promise<void>
}

export interface LeasesOptions {
  /** Most at once of one caller. */
  readonly limit: number
  /** What its keys begin with. */
  readonly prefix: string
  /** Where other instances' are; undefined: there are none. */
  readonly shared: SharedStore | undefined
  /**
   * How long the shared store keeps a place that nobody renews, in milliseconds: an instance that was killed holds its
   * own for so long. Default 45 s; renewed each third of it.
   */
  readonly lifetime?: number
}

/**
 * What this instance has under way counts in any case. Where the store is away, which its log tells, that is all that
 * counts; what began meanwhile is put down there, whatever the limit, by the first renewal after it came back.
 */
export function createLeases({ limit, prefix, shared, lifetime = 45_000 }: LeasesOptions): Leases {
  const instance = randomUUID()
  const held = new Map<string, Set<string>>()
  let count = 0
  /** Of those on their way to the store the last one: it is answered behind all others. */
  let last: Promise<unknown> = Promise.resolve()

  function tell(script: string, caller: string, parameters: readonly string[]): void {
    last = shared?.run(script, [`${prefix}:${caller}`], parameters).catch(withoutIt) ?? last
  }

  const heart = shared && setInterval(renewAll, lifetime / 3)
  heart?.unref()

  function renewAll(): void {
    for (const [caller, ids] of held) tell(renewScript, caller, [String(lifetime), ...ids])
  }

  function drop(caller: string, id: string): boolean {
    const ids = held.get(caller)
    const wasHeld = ids?.delete(id) ?? false
    if (ids?.size === 0) held.delete(caller)
    return wasHeld
  }

  return {
    async acquire(caller) {
      const ids = held.get(caller) ?? new Set()
      if (ids.size >= limit) return undefined
      count += 1
      const id = `${instance}:${count}`
      // Before anything is waited for: what comes meanwhile must see it.
      held.set(caller, ids.add(id))
      const granted = await shared
        ?.run(acquireScript, [`${prefix}:${caller}`], [String(limit), String(lifetime), id])
        .catch(withoutIt)
      if (granted === 0) {
        drop(caller, id)
        return undefined
      }
      return () => {
        if (drop(caller, id)) tell(releaseScript, caller, [id])
      }
    },
    async close() {
      clearInterval(heart)
      for (const [caller, ids] of held) tell(releaseScript, caller, [...ids])
      held.clear()
      await last
    },
  }
}

/** The store tells by itself that it is away. */
function withoutIt(): undefined {
  return undefined
}

// Sorted sets of places by when they lapse. Times are Redis's own: those of two instances may be an hour apart.
const now = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

const acquireScript = `${now}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`

const renewScript = `${now}
for index = 2, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[index]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`

const releaseScript = `
for _, id in ipairs(ARGV) do redis.call('ZREM', KEYS[1], id) end
return 1
`
