import { describe, expect, test, vi } from 'vitest'
import { createLeases } from '../../src/caller-limit/lease.ts'
import type { SharedStore } from '../../src/caller-limit/shared-store.ts'
import { connectForScripts } from '../../src/events/redis/connection.ts'
import { type Redis, redisServer, startRedis } from '../events/redis.ts'
import { startTcpProxy } from '../events/tcp-proxy.ts'
import { caller, countOf, startLimits } from './caller.ts'

const alice = caller('alice')
const isAway = "Redis is away: callers' limits are counted by each instance alone"
const isBack = "callers' limits are counted by all instances together again"

describe.skipIf(!redisServer)('with Redis', () => {
  test('keys name no caller, and all of them lapse', async () => {
    await using redis = await startRedis([])
    await using limits = startLimits({ url: redis.url })
    await limits.asked(alice)
    await limits.operation(alice)
    await limits.subscription(alice)
    limits.spend(alice, false)
    const keys = await vi.waitUntil(async () => {
      const found = await keysOf(redis)
      return found.length === 4 && found
    })
    for (const key of keys) {
      expect(key).toMatch(/^test:caller:(operations|subscriptions|asked|iam-calls):[\w-]{43}$/)
      const left = Number(await redis.command('PTTL', key))
      expect(left).toBeGreaterThan(0)
      expect(left).toBeLessThanOrEqual(60_000)
    }
  })

  test('that is killed, nothing fails: each instance counts alone, and says so once', async () => {
    await using redis = await startRedis([])
    await using one = startLimits({ url: redis.url, maxCallerOperations: 2, maxCallerIamCallsPerMinute: 100 })
    await using other = startLimits({ url: redis.url, maxCallerOperations: 2 })
    await one.operation(alice)
    await other.operation(alice)
    await redis.kill()
    expect(await countOf(3, () => one.operation(alice))).toBe(1)
    expect(await countOf(3, () => other.operation(alice))).toBe(1)
    expect(await countOf(101, () => one.spend(alice, false))).toBe(100)
    await expect(one.operation(alice)).rejects.toThrow('IAM calls a minute')
    expect(one.said).toEqual([isAway])
  })

  test('that comes back empty, what is under way counts again, and so does what others have', async () => {
    await using redis = await startRedis([])
    const shared = await storeOn(redis)
    await using one = startLeases(shared, 4)
    await using other = startLeases(shared, 4)
    await one.acquire('alice')
    await one.acquire('alice')
    await redis.command('FLUSHALL')
    await vi.waitUntil(async () => (await redis.command('ZCARD', 'test:alice')) === 2)
    await other.acquire('alice')
    await other.acquire('alice')
    expect(await one.acquire('alice')).toBeUndefined()
    shared.close()
  })

  test('that hangs, nobody waits for long, and once it goes on all count together again', async () => {
    await using redis = await startRedis([])
    await using one = startLimits({ url: redis.url, patience: 100, maxCallerOperations: 1 })
    await using other = startLimits({ url: redis.url, patience: 2_000, maxCallerOperations: 1 })
    redis.hang()
    const lease = await one.operation(alice)
    expect(one.said).toEqual([isAway])
    redis.resume()
    lease()
    await other.operation(alice)
    await vi.waitUntil(
      async () => (await countOf(1, async () => (await one.operation(caller('bob')))())) && one.said.length > 1,
      {
        timeout: 10_000,
      },
    )
    expect(one.said).toEqual([isAway, isBack])
    await expect(one.operation(alice)).rejects.toThrow('under way')
  })

  test('that refuses writes, nothing fails, and its log is not filled', async () => {
    await using redis = await startRedis([])
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    await using limits = startLimits({ url: redis.url, maxCallerOperations: 2 })
    expect(await countOf(20, () => limits.operation(alice))).toBe(2)
    expect(limits.said).toEqual([isAway])
  })

  test('that was never there, everything is counted all the same', async () => {
    await using redis = await startRedis([], false)
    await using limits = startLimits({ url: redis.url, maxCallerOperationsPerMinute: 2 })
    expect(await countOf(5, () => limits.asked(alice))).toBe(2)
    expect(limits.said).toEqual([isAway])
  })

  test('a place that nobody renews any more is free after a while: its instance was killed', async () => {
    await using redis = await startRedis([])
    await using proxy = await startTcpProxy(redis.url)
    const cut = await storeOn(proxy)
    const shared = await storeOn(redis)
    await using one = startLeases(cut, 1, 300)
    await using other = startLeases(shared, 1, 300)
    await one.acquire('alice')
    expect(await other.acquire('alice')).toBeUndefined()
    proxy.cut()
    expect(await vi.waitUntil(() => other.acquire('alice'), { timeout: 10_000 })).toBeTypeOf('function')
    shared.close()
  })

  test('a place that is renewed is held for as long as its instance likes', async () => {
    await using redis = await startRedis([])
    const shared = await storeOn(redis)
    await using one = startLeases(shared, 1, 300)
    await one.acquire('alice')
    const lapses = async () => Number(await redis.command('ZSCORE', 'test:alice', await first(redis)))
    const before = await lapses()
    // Twice its lifetime, by the clock that decides.
    await vi.waitUntil(async () => (await lapses()) >= before + 600, { timeout: 10_000 })
    shared.close()
  })

  test('an instance that stops gives back what it holds', async () => {
    await using redis = await startRedis([])
    const one = startLimits({ url: redis.url, maxCallerOperations: 1 })
    await using other = startLimits({ url: redis.url, maxCallerOperations: 1 })
    await one.operation(alice)
    await one.close()
    await other.operation(alice)
  })
})

async function keysOf(redis: Redis): Promise<string[]> {
  return (await redis.command('KEYS', '*')) as string[]
}

async function first(redis: Redis): Promise<string> {
  const [id = ''] = (await redis.command('ZRANGE', 'test:alice', '0', '0')) as string[]
  return id
}

async function storeOn({ url }: { readonly url: string }): Promise<SharedStore> {
  const { run, destroy: close } = await connectForScripts(url, 2_000, new AbortController().signal)
  return { run, close }
}

function startLeases(shared: SharedStore, limit: number, lifetime = 300) {
  const leases = createLeases({ limit, prefix: 'test', shared, lifetime })
  return { ...leases, [Symbol.asyncDispose]: leases.close }
}
