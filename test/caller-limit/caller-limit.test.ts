import { describe, expect, test, vi } from 'vitest'
import { anonymous } from '../../src/principal.ts'
import { type Redis, redisServer, startRedis } from '../events/redis.ts'
import { caller, countOf, startLimits, type TestLimitOptions, type TestLimits } from './caller.ts'

const alice = caller('alice')
const bob = caller('bob')

const refusal = (limitOf: string, limit: number) =>
  expect.objectContaining({
    code: 'RATE_LIMITED',
    extensions: expect.objectContaining({ limitOf, limit, retryAfter: expect.any(Number) }),
  })

describe.each([
  ['in memory', undefined],
  ['with Redis', redisServer],
])('%s', (where, isThere) => {
  const isShared = where === 'with Redis'

  /** Two instances that share, or where nothing is shared one. */
  async function instances(options: TestLimitOptions): Promise<AsyncDisposable & { all: [TestLimits, TestLimits] }> {
    const redis: Redis | undefined = isShared ? await startRedis([]) : undefined
    const one = startLimits({ ...options, url: redis?.url })
    const other = isShared ? startLimits({ ...options, url: redis?.url }) : one
    return {
      all: [one, other],
      async [Symbol.asyncDispose]() {
        await one.close()
        await other.close()
        await redis?.[Symbol.asyncDispose]()
      },
    }
  }

  describe.skipIf(isShared && !isThere)('a caller', () => {
    test('has so many operations under way, and another one as soon as one of them ends', async () => {
      await using running = await instances({ maxCallerOperations: 2 })
      const [one, other] = running.all
      const first = await one.operation(alice)
      const second = await other.operation(alice)
      await expect(one.operation(alice)).rejects.toEqual(refusal('operations', 2))
      await expect(other.operation(alice)).rejects.toEqual(refusal('operations', 2))
      first()
      const third = await one.operation(alice)
      await expect(one.operation(alice)).rejects.toEqual(refusal('operations', 2))
      second()
      third()
      await one.operation(alice)
      await one.operation(alice)
    })

    test('gives back a place once, however often it says so', async () => {
      await using running = await instances({ maxCallerOperations: 2 })
      const [one] = running.all
      const first = await one.operation(alice)
      await one.operation(alice)
      first()
      first()
      await one.operation(alice)
      await expect(one.operation(alice)).rejects.toEqual(refusal('operations', 2))
    })

    test('that asks for many at once gets as many as there are', async () => {
      await using running = await instances({ maxCallerOperations: 5 })
      const asked = Array.from({ length: 20 }, (_, index) => running.all[index % 2 ? 0 : 1].operation(alice))
      const outcomes = await Promise.allSettled(asked)
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
    })

    test('asks for so many operations a minute, and learns when to ask for the next', async () => {
      await using running = await instances({ maxCallerOperationsPerMinute: 3 })
      const [one, other] = running.all
      for (const limits of [one, other, one]) await limits.asked(alice)
      const error: unknown = await other.asked(alice).catch((reason: unknown) => reason)
      expect(error).toEqual(refusal('operationsPerMinute', 3))
      const { message, extensions } = error as Error & { extensions: { retryAfter: number; http: object } }
      const { retryAfter, http } = extensions
      expect(retryAfter).toBeGreaterThanOrEqual(50)
      expect(retryAfter).toBeLessThanOrEqual(60)
      expect(message).toBe(
        `You may ask for 3 operations a minute, and have asked for them: ask again in ${retryAfter} s.`,
      )
      expect(http).toEqual({ status: 429, headers: { 'retry-after': String(retryAfter) } })
    })

    test('has so many subscriptions open, which are no operations under way', async () => {
      await using running = await instances({ maxCallerSubscriptions: 2, maxCallerOperations: 1 })
      const [one, other] = running.all
      const leave = await one.subscription(alice)
      await other.subscription(alice)
      await expect(one.subscription(alice)).rejects.toEqual(refusal('subscriptions', 2))
      await one.operation(alice)
      leave()
      // On its way to Redis from another instance.
      await vi.waitUntil(async () => (await countOf(1, () => other.subscription(alice))) === 1)
    })

    test('that has cost its IAM calls of a minute costs no more, and begins nothing that would', async () => {
      await using running = await instances({ maxCallerIamCallsPerMinute: 3 })
      const [one, other] = running.all
      expect(await countOf(5, () => one.spend(alice, false))).toBe(3)
      expect(() => one.spend(alice, false)).toThrow(refusal('iamCallsPerMinute', 3) as Error)
      await expect(one.operation(alice)).rejects.toEqual(refusal('iamCallsPerMinute', 3))
      await expect(other.operation(alice)).rejects.toEqual(refusal('iamCallsPerMinute', 3))
      expect(() => other.spend(alice, false)).toThrow(refusal('iamCallsPerMinute', 3) as Error)
      await other.subscription(alice)
    })

    test('that is changing something is charged for it beyond what is left', async () => {
      await using running = await instances({ maxCallerIamCallsPerMinute: 2 })
      const [one] = running.all
      expect(await countOf(4, () => one.spend(alice, true))).toBe(4)
      expect(() => one.spend(alice, false)).toThrow(refusal('iamCallsPerMinute', 2) as Error)
    })

    test('takes nothing from another', async () => {
      await using running = await instances({
        maxCallerOperations: 1,
        maxCallerOperationsPerMinute: 1,
        maxCallerIamCallsPerMinute: 1,
      })
      const [one] = running.all
      for (const somebody of [alice, bob]) {
        await one.asked(somebody)
        await one.operation(somebody)
        one.spend(somebody, false)
        await expect(one.asked(somebody)).rejects.toThrow('operations a minute')
      }
    })

    test('is the same with another token', async () => {
      await using running = await instances({ maxCallerOperations: 1 })
      const [one, other] = running.all
      await one.operation(alice)
      const { token } = alice
      const later = { ...alice, token: token && { ...token, text: 'd.e.f', expiresAt: new Date(0) } }
      await expect(other.operation(later)).rejects.toEqual(refusal('operations', 1))
    })

    test('who did not say who he is has no limit', async () => {
      await using running = await instances({
        maxCallerOperations: 1,
        maxCallerOperationsPerMinute: 1,
        maxCallerIamCallsPerMinute: 1,
        maxCallerSubscriptions: 1,
      })
      const [one] = running.all
      expect(await countOf(3, () => one.asked(anonymous))).toBe(3)
      expect(await countOf(3, () => one.operation(anonymous))).toBe(3)
      expect(await countOf(3, () => one.subscription(anonymous))).toBe(3)
      expect(await countOf(3, () => one.spend(anonymous, false))).toBe(3)
    })
  })
})

test('of more callers than are remembered those are forgotten that came longest ago', async () => {
  await using limits = startLimits({ maxCallerOperationsPerMinute: 1, maxCallerIamCallsPerMinute: 1, maxCallers: 2 })
  const begins = async (name: string) => (await countOf(1, () => limits.asked(caller(name)))) === 1
  expect(await begins('a')).toBe(true)
  expect(await begins('b')).toBe(true)
  expect(await begins('a')).toBe(false)
  expect(await begins('c')).toBe(true)
  expect(await begins('a')).toBe(false)
  expect(await begins('b')).toBe(true)
})
