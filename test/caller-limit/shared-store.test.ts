import { describe, expect, test, vi } from 'vitest'
import { createSharedStore } from '../../src/caller-limit/shared-store.ts'
import { connectForScripts } from '../../src/events/redis/connection.ts'
import { createLog } from '../../src/log.ts'
import { type Redis, redisServer, startRedis } from '../events/redis.ts'

const write = "return redis.call('INCR', KEYS[1])"

/** With a clock of the test's own. */
function storeOn(redis: Redis) {
  const said: string[] = []
  const log = createLog('info', { write: line => said.push((JSON.parse(line) as { msg: string }).msg) })
  let clock = 0
  let connections = 0
  const connect = (over: AbortSignal) => {
    connections += 1
    return connectForScripts(redis.url, 2_000, over)
  }
  const store = createSharedStore(connect, log, () => clock)
  return {
    said,
    run: () => store.run(write, ['key'], []),
    /** A second goes by. */
    tick() {
      clock += 1000
    },
    /** What it answers, or why it does not, once that is another than that it is away. */
    reached: () =>
      vi.waitUntil(async () => {
        const answer = await store.run(write, ['key'], []).catch((error: unknown) => String(error))
        return !/is away$/.test(String(answer)) && answer
      }),
    connections: () => connections,
    [Symbol.dispose]: store.close,
  }
}

describe.skipIf(!redisServer)('a shared store', () => {
  test('is connected with once it is needed, once', async () => {
    await using redis = await startRedis([])
    using store = storeOn(redis)
    expect(store.connections()).toBe(0)
    expect(await Promise.all([store.run(), store.run(), store.run()])).toEqual([1, 2, 3])
    expect(store.connections()).toBe(1)
  })

  test('that refuses what it is asked says so once, however often it is tried', async () => {
    await using redis = await startRedis([])
    using store = storeOn(redis)
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    await expect(store.run()).rejects.toThrow('OOM')
    for (const attempt of [2, 3, 4]) {
      store.tick()
      expect(await store.reached()).toContain('OOM')
      expect(store.connections()).toBe(attempt)
    }
    expect(store.said).toEqual(["Redis is away: callers' limits are counted by each instance alone"])
    await redis.command('CONFIG', 'SET', 'maxmemory', '0')
    store.tick()
    expect(await store.reached()).toBe(1)
    expect(store.said).toHaveLength(2)
  })

  test('that is away is tried once a second, and nobody waits for it', async () => {
    await using redis = await startRedis([], false)
    using store = storeOn(redis)
    await expect(store.run()).rejects.toThrow()
    for (const _ of [1, 2, 3]) await expect(store.run()).rejects.toThrow('away')
    expect(store.connections()).toBe(1)
    store.tick()
    await expect(store.run()).rejects.toThrow('away')
    expect(store.connections()).toBe(2)
  })

  test('that is closed is not connected with again', async () => {
    await using redis = await startRedis([])
    const store = storeOn(redis)
    await store.run()
    store[Symbol.dispose]()
    store.tick()
    await expect(store.run()).rejects.toThrow('away')
    expect(store.connections()).toBe(1)
  })
})
