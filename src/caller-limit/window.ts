import { LRUCache } from 'lru-cache'
import { RateLimiterMemory, RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible'
import type { SharedStore } from './shared-store.ts'

/** What each caller used in a minute, which begins with the first use. */
export interface Window {
  /** Adds, and gives what was used with it. */
  count(caller: string, points: number): Promise<Used>
}

export interface Used {
  readonly points: number
  /** Milliseconds until all is forgotten. */
  readonly endsIn: number
}

export interface WindowOptions {
  /** What its keys begin with. */
  readonly prefix: string
  /** What others count in as well; undefined: this instance counts alone. */
  readonly shared: SharedStore | undefined
  /** Most callers whose use is remembered here: of more, those are forgotten that came longest ago. */
  readonly maxCallers: number
}

export function createWindow({ prefix, shared, maxCallers }: WindowOptions): Window {
  // How much is too much is not judged here.
  const minute = { keyPrefix: prefix, points: Number.MAX_SAFE_INTEGER, duration: 60 }
  const own = new BoundedMemory(minute, maxCallers)
  const limiter = shared
    ? new RateLimiterRedis({ ...minute, storeClient: clientOf(shared), useRedisPackage: true, insuranceLimiter: own })
    : own
  return {
    async count(caller, points) {
      const { consumedPoints, msBeforeNext } = await limiter.penalty(caller, points)
      return { points: consumedPoints, endsIn: msBeforeNext }
    },
  }
}

class BoundedMemory extends RateLimiterMemory {
  readonly #callers: LRUCache<string, true>

  constructor(options: ConstructorParameters<typeof RateLimiterMemory>[0], maxCallers: number) {
    super(options)
    this.#callers = new LRUCache({
      max: maxCallers,
      dispose: (_value, caller, reason) => {
        if (reason === 'evict') void this.delete(caller)
      },
    })
  }

  override penalty(caller: string, points?: number): Promise<RateLimiterRes> {
    this.#callers.set(caller, true)
    return super.penalty(caller, points)
  }
}

/** As much of `@redis/client` as RateLimiterRedis calls. */
function clientOf(shared: SharedStore) {
  return {
    eval: (script: string, { keys, arguments: parameters }: EvalOptions) => shared.run(script, keys, parameters),
  }
}

interface EvalOptions {
  readonly keys: readonly string[]
  readonly arguments: readonly string[]
}
