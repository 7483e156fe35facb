import { describe, expect, test, vi } from 'vitest'
import type { NewChange } from '../../src/events/change.ts'
import { StoreAway } from '../../src/events/change-store.ts'
import { aChange } from './change.ts'
import { next, notRemembered, startInstance, subscribe } from './instance.ts'
import { redisServer, startRedis } from './redis.ts'
import { startTcpProxy } from './tcp-proxy.ts'

const of = (credentialId: string, more: Partial<NewChange> = {}) => aChange({ credentialId, ...more })
const idsOf = (changes: readonly NewChange[]) => changes.map(({ credentialId }) => credentialId)

describe.skipIf(!redisServer)('with Redis', () => {
  test('every instance tells every change once, in one order, with ids that mean the same everywhere', async () => {
    await using redis = await startRedis()
    await using one = await startInstance(redis)
    await using two = await startInstance(redis)
    const [atOne, atTwo] = [subscribe(one.log), subscribe(two.log)]
    const ids = Array.from({ length: 40 }, (_, index) => String(index))
    await Promise.all(ids.map((id, index) => (index % 2 ? one : two).log.publish(of(id))))
    const told = await next(atOne, 40)
    expect(await next(atTwo, 40)).toEqual(told)
    expect(idsOf(told).toSorted()).toEqual(ids.toSorted())
    const after = told[19]?.id
    await using three = await startInstance(redis)
    for (const { log } of [one, two, three]) expect(await next(subscribe(log, { after }), 20)).toEqual(told.slice(20))
    for (const { log } of [one, two, three]) expect(log.latestId()).toBe(told.at(-1)?.id)
    for (const { log } of [one, two, three])
      expect(log.lastTold('SigningCertificate', '7')?.id).toBe(
        told.find(({ credentialId }) => credentialId === '7')?.id,
      )
  })

  test('of two instances that learn of the same change one tells it', async () => {
    await using redis = await startRedis()
    await using one = await startInstance(redis)
    await using two = await startInstance(redis)
    const change = of('a', { source: 'CLOUDTRAIL' })
    const outcomes = await Promise.all([one, two, one, two].map(({ log }) => log.tell(change)))
    expect(outcomes.toSorted()).toEqual(['repeated', 'repeated', 'repeated', 'told'])
    const made = of('b')
    await one.log.publish(made)
    expect(await two.log.tell({ ...made, source: 'CLOUDTRAIL' })).toBe('repeated')
  })

  test('overlays learn of a change at once where it was made, and everywhere before subscribers do', async () => {
    await using redis = await startRedis()
    await using one = await startInstance(redis)
    await using two = await startInstance(redis)
    const told = subscribe(two.log).next()
    const published = one.log.publish(of('a'))
    expect(one.overlaid).toEqual(['a Active'])
    expect(one.log.lastTold('SigningCertificate', 'a')?.status).toBe('Active')
    await told
    expect(two.overlaid).toEqual(['a Active'])
    await published
    await next(subscribe(one.log, { after: two.log.latestId().replace(/\.1\..*/, '.0.0') }), 1)
    expect(one.overlaid).toEqual(['a Active'])
  })

  test('that is killed and comes back nobody misses anything, and nobody waits meanwhile', async () => {
    await using redis = await startRedis()
    await using one = await startInstance(redis)
    await using two = await startInstance(redis)
    const [atOne, atTwo] = [subscribe(one.log), subscribe(two.log)]
    await one.log.publish(of('before'))
    await redis.kill()
    await one.until('degraded')
    await two.until('degraded')
    for (const id of ['a', 'b', 'c']) await one.log.publish(of(id))
    await two.log.publish(of('d'))
    await expect(one.log.tell(of('feed'))).rejects.toThrow(StoreAway)
    expect(one.overlaid).toEqual(['before Active', 'a Active', 'b Active', 'c Active'])
    expect(one.log.waiting).toBe(3)
    expect(idsOf(await next(subscribe(one.log, { after: firstId(one.log.latestId()) }), 1))).toEqual(['before'])
    await redis.start()
    await Promise.all([one.until('ok'), two.until('ok')])
    await one.log.publish(of('after'))
    const told = await next(atOne, 6)
    expect(await next(atTwo, 6)).toEqual(told)
    expect(idsOf(told).filter(id => id !== 'd')).toEqual(['before', 'a', 'b', 'c', 'after'])
    expect(one.states).toEqual(['ok', 'degraded', 'ok'])
    expect(one.overlaid.toSorted()).toEqual(['a', 'after', 'b', 'before', 'c', 'd'].map(id => `${id} Active`))
  })

  test('that hangs is away, and whatever it did or did not do is told once', async () => {
    await using redis = await startRedis()
    await using one = await startInstance(redis)
    const changes = subscribe(one.log)
    redis.hang()
    const published = one.log.publish(of('a'))
    await one.until('degraded')
    await published
    await one.log.publish(of('b'))
    redis.resume()
    await one.until('ok')
    await one.log.publish(of('c'))
    expect(idsOf(await next(changes, 3))).toEqual(['a', 'b', 'c'])
  })

  test('that hangs does not hold up the end', async () => {
    await using redis = await startRedis()
    const one = await startInstance(redis)
    redis.hang()
    await one[Symbol.asyncDispose]()
    redis.resume()
  })

  test.each<[string, (redis: Awaited<ReturnType<typeof startRedis>>) => Promise<unknown>]>([
    ['emptied', redis => redis.command('FLUSHALL')],
    ['replaced by an empty one', async redis => [await redis.kill(), await redis.start({ isEmpty: true })]],
  ])('that was %s, subscribers and ids end with CHANGE_NOT_REMEMBERED', async (_what, empty) => {
    await using redis = await startRedis()
    await using one = await startInstance(redis)
    await using two = await startInstance(redis)
    const ended = subscribe(one.log)
    await two.log.publish(of('a'))
    const [told] = await next(ended, 1)
    const waiting = expect(ended.next()).rejects.toMatchObject(notRemembered)
    await empty(redis)
    await waiting
    expect(() => subscribe(one.log, { after: told?.id })).toThrow(expect.objectContaining(notRemembered))
    await Promise.all([one.until('ok'), two.until('ok')])
    await vi.waitUntil(() => one.log.latestId() === two.log.latestId())
    const anew = subscribe(one.log, { after: one.log.latestId() })
    await two.log.publish(of('b'))
    expect(idsOf(await next(anew, 1))).toEqual(['b'])
  })

  test('that was emptied and filled again is not taken for what it was', async () => {
    await using redis = await startRedis()
    await using one = await startInstance(redis)
    const proxy = await startTcpProxy(redis.url)
    await using two = await startInstance(proxy)
    await one.log.publish(of('a'))
    const changes = subscribe(two.log, { after: firstId(one.log.latestId()) })
    await next(changes, 1)
    proxy.cut()
    await two.until('degraded')
    await redis.command('FLUSHALL')
    for (const id of ['b', 'c']) await one.log.publish(of(id))
    await proxy.mend()
    await expect(changes.next()).rejects.toMatchObject(notRemembered)
    await proxy[Symbol.asyncDispose]()
  })

  test.each([
    ['of its place alone', 'meta'],
    ['of its entries alone', 'changes'],
    ['of what is known alone', 'known'],
  ])('that was emptied %s goes on', async (_what, key) => {
    await using redis = await startRedis()
    await using one = await startInstance(redis)
    await using two = await startInstance(redis)
    for (const id of ['a', 'b']) await one.log.publish(of(id))
    await redis.command('DEL', `test:{123456789012}:${key}`)
    await one.log.publish(of('c'))
    await vi.waitUntil(() => two.log.lastTold('SigningCertificate', 'c') !== undefined, { timeout: 20_000 })
    const changes = subscribe(two.log)
    await one.log.publish(of('d'))
    expect(idsOf(await next(changes, 1))).toEqual(['d'])
  })

  test('that lacks an entry in the middle, those who did not read it are told, and not read for ever', async () => {
    await using redis = await startRedis()
    await using one = await startInstance(redis)
    const proxy = await startTcpProxy(redis.url)
    await using two = await startInstance(proxy)
    const changes = subscribe(two.log)
    proxy.cut()
    await two.until('degraded')
    for (const id of ['a', 'b', 'c']) await one.log.publish(of(id))
    await redis.command('XDEL', 'test:{123456789012}:changes', '2-0')
    await proxy.mend()
    await expect(next(changes, 3)).rejects.toMatchObject(notRemembered)
    await two.until('ok')
    await proxy[Symbol.asyncDispose]()
  })

  test('that came back with an older history, what was read and is gone is not taken for what comes instead', async () => {
    await using redis = await startRedis(['--appendonly', 'no'])
    await using one = await startInstance(redis)
    const changes = subscribe(one.log)
    for (const id of ['a', 'b']) await one.log.publish(of(id))
    await redis.command('SAVE')
    await one.log.publish(of('c'))
    const told = await next(changes, 3)
    await redis.kill()
    await redis.start()
    await expect(changes.next()).rejects.toMatchObject(notRemembered)
    await one.until('ok')
    await one.log.publish(of('d'))
    for (const { id } of told) {
      expect(() => subscribe(one.log, { after: id })).toThrow(expect.objectContaining(notRemembered))
    }
  })

  test('with an older history that grew meanwhile is found out, too', async () => {
    await using redis = await startRedis(['--appendonly', 'no'])
    const proxy = await startTcpProxy(redis.url)
    await using one = await startInstance(proxy)
    await one.log.publish(of('a'))
    await redis.command('SAVE')
    const changes = subscribe(one.log)
    await one.log.publish(of('b'))
    const [b] = await next(changes, 1)
    proxy.cut()
    await one.until('degraded')
    await redis.kill()
    await redis.start()
    await using two = await startInstance(redis)
    for (const id of ['c', 'd']) await two.log.publish(of(id))
    // Another instance, which never saw the lost one, refuses its id as well.
    expect(() => subscribe(two.log, { after: b?.id })).toThrow(expect.objectContaining(notRemembered))
    await proxy.mend()
    await expect(changes.next()).rejects.toMatchObject(notRemembered)
    await proxy[Symbol.asyncDispose]()
  })

  test('that is away at the start the gateway begins, and says to whom it cannot say what they missed', async () => {
    await using redis = await startRedis(undefined, false)
    await using one = await startInstance(redis)
    expect(one.states).toEqual(['degraded'])
    expect(() => subscribe(one.log, { after: 'epoch.1.mark' })).toThrow(expect.objectContaining(notRemembered))
    const early = subscribe(one.log, { after: one.log.latestId() })
    const ended = expect(early.next()).rejects.toMatchObject(notRemembered)
    await one.log.publish(of('a'))
    await redis.start()
    await ended
    await one.until('ok')
    await vi.waitUntil(() => one.log.lastTold('SigningCertificate', 'a')?.id)
    expect(idsOf(await next(subscribe(one.log, { after: firstId(one.log.latestId()) }), 1))).toEqual(['a'])
    expect(one.states).toEqual(['degraded', 'ok'])
  })

  test('away for more changes than wait for it, every subscriber of every instance is told of the loss', async () => {
    await using redis = await startRedis()
    await using one = await startInstance({ ...redis, capacity: 3 })
    await using two = await startInstance(redis)
    const [atOne, atTwo] = [subscribe(one.log), subscribe(two.log)]
    await one.log.publish(of('before'))
    await redis.kill()
    await one.until('degraded')
    for (const id of ['a', 'b', 'c', 'd', 'e']) await one.log.publish(of(id))
    await redis.start()
    for (const changes of [atOne, atTwo]) {
      await expect(next(changes, 2)).rejects.toMatchObject(notRemembered)
    }
    await two.until('ok')
    await vi.waitUntil(() => two.log.lastTold('SigningCertificate', 'e'))
    expect(two.log.lastTold('SigningCertificate', 'b')).toBeUndefined()
    const after = two.log.latestId()
    await one.log.publish(of('later'))
    expect(idsOf(await next(subscribe(two.log, { after }), 1))).toEqual(['later'])
  })

  test('cut off for longer than changes are remembered, its subscribers are told', async () => {
    await using redis = await startRedis()
    await using one = await startInstance({ ...redis, capacity: 3 })
    const proxy = await startTcpProxy(redis.url)
    await using two = await startInstance({ url: proxy.url, capacity: 3 })
    await one.log.publish(of('a'))
    const changes = subscribe(two.log, { after: firstId(one.log.latestId()) })
    await next(changes, 1)
    const a = two.log.latestId()
    proxy.cut()
    await two.until('degraded')
    for (const id of ['b', 'c', 'd', 'e']) await one.log.publish(of(id))
    await proxy.mend()
    await expect(changes.next()).rejects.toMatchObject(notRemembered)
    expect(() => subscribe(two.log, { after: a })).toThrow(expect.objectContaining(notRemembered))
    await one.log.publish(of('f'))
    await vi.waitUntil(() => two.log.latestId() === one.log.latestId())
    expect(two.log.lastTold('SigningCertificate', 'f')?.id).toBe(two.log.latestId())
    await proxy[Symbol.asyncDispose]()
  })

  test('that forgot the scripts is given them again', async () => {
    await using redis = await startRedis()
    await using one = await startInstance(redis)
    await one.log.publish(of('a'))
    await redis.command('SCRIPT', 'FLUSH')
    expect(await one.log.tell(of('b'))).toBe('told')
    expect(one.states).toEqual(['ok'])
  })

  test('that may not be written is away', async () => {
    await using redis = await startRedis()
    await using one = await startInstance(redis)
    const changes = subscribe(one.log)
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    await one.log.publish(of('a'))
    await one.until('degraded')
    await redis.command('CONFIG', 'SET', 'maxmemory', '0')
    expect(idsOf(await next(changes, 1))).toEqual(['a'])
  })
})

/** What is before the first change of the same history. */
function firstId(id: string): string {
  return id.replace(/\.\d+\.[^.]*$/, '.0.0')
}
