import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { NewChange } from '../../src/events/change.ts'
import { changeId } from '../../src/events/change-id.ts'
import type { ChangeStore, Pictured } from '../../src/events/change-store.ts'
import { createMemoryStore } from '../../src/events/memory-store.ts'
import { createRedisStore } from '../../src/events/redis/store.ts'
import { aCall, aChange, at } from './change.ts'
import { type Followed, follow } from './follower.ts'
import { type Redis, redisServer, startRedis } from './redis.ts'

interface Bounds {
  readonly capacity: number
  readonly rememberedFor: number
}

let redis: Redis | undefined

const inMemory = (bounds: Bounds): ChangeStore => createMemoryStore({ ...bounds, instance: 'one' })
const inRedis = (bounds: Bounds): ChangeStore =>
  createRedisStore({ ...bounds, url: redis?.url ?? '', prefix: randomUUID(), account: '123456789012' })

const kinds: [string, (bounds: Bounds) => ChangeStore][] = [['memory', inMemory]]
if (redisServer !== undefined) kinds.push(['Redis', inRedis])

beforeAll(async () => {
  if (redisServer !== undefined) redis = await startRedis(['--appendonly', 'no'])
})
afterAll(async () => redis?.[Symbol.asyncDispose]())

describe.each(kinds)('a store in %s', (_name, create) => {
  let store: ChangeStore
  let followed: Followed
  const open = async (bounds: Partial<Bounds> = {}) => {
    store = create({ capacity: 100, rememberedFor: 3_600_000, ...bounds })
    followed = await follow(store)
  }
  const outcome = async (change: NewChange) => (await store.tell(change)).outcome
  const last = async (count: number) => {
    const entry = (await followed.until(count))[count - 1]
    if (entry?.of !== 'change') throw new Error(`expected a change, got ${entry?.of}`)
    return entry
  }
  const latest = () => changeId(followed.entries.at(-1) ?? followed.restarts[0] ?? { epoch: '', position: 0, mark: '' })

  beforeEach(async () => {
    await open()
    return () => store.close()
  })

  describe('tells', () => {
    test('what it is given, whole and in order, at consecutive positions of one epoch', async () => {
      const one = aChange({ changedBy: 'arn:aws:iam::1:user/ann', previousStatus: 'Inactive' })
      const two = { ...aChange({ kind: 'ServiceSpecificCredential', status: undefined }), serviceName: 'codecommit' }
      const three = aChange({ call: undefined, source: 'RECONCILIATION', credentialId: 'other' })
      for (const change of [one, two, three]) expect(await outcome(change)).toBe('told')
      const entries = await followed.until(3)
      expect(entries.map(entry => entry.of === 'change' && entry.change)).toEqual([one, two, three])
      expect(entries.map(({ position }) => position)).toEqual([1, 2, 3])
      expect(new Set(entries.map(({ epoch }) => epoch)).size).toBe(1)
      expect(new Set(entries.map(({ mark }) => mark)).size).toBe(3)
      expect(followed.restarts).toMatchObject([{ position: 0, epoch: entries[0]?.epoch }])
      expect(followed.states).toEqual(['ok'])
    })

    test('a span as it was', async () => {
      const span = { sentAt: 1234567.891234, answeredAt: 1234599.000001 }
      await store.tell(aChange({ call: aCall({ span, accessKeyId: undefined }) }))
      expect((await last(1)).change.call).toMatchObject({ span, accessKeyId: undefined })
    })

    test('loss in its place', async () => {
      await store.tell(aChange())
      await store.tellLoss()
      await store.tell(aChange())
      expect((await followed.until(3)).map(({ of }) => of)).toEqual(['change', 'loss', 'change'])
    })

    test('of many at once each', async () => {
      const changes = Array.from({ length: 50 }, (_, index) => aChange({ credentialId: String(index) }))
      await Promise.all(changes.map(change => store.tell(change)))
      const ids = (await followed.until(50)).map(entry => entry.of === 'change' && entry.change.credentialId)
      expect(ids).toEqual(changes.map(({ credentialId }) => credentialId))
    })
  })

  describe('knows a repeat', () => {
    test('by request, API and credential, whoever tells it', async () => {
      const change = aChange()
      expect(await outcome(change)).toBe('told')
      expect(await outcome(change)).toBe('repeated')
      expect(await outcome({ ...change, source: 'CLOUDTRAIL', changedAt: at(600) })).toBe('repeated')
      expect(await outcome({ ...change, credentialId: 'another of the same request' })).toBe('told')
      expect(await outcome({ ...change, call: aCall({ ...change.call, api: 'DeleteSigningCertificate' }) })).toBe(
        'told',
      )
    })

    test('also where the change itself is remembered no longer', async () => {
      await store.close()
      await open({ capacity: 2 })
      const change = aChange()
      await store.tell(change)
      for (const credentialId of ['a', 'b', 'c']) await store.tell(aChange({ credentialId }))
      expect(await outcome(change)).toBe('repeated')
    })

    test('of which nobody knows the call never', async () => {
      const change = aChange({ call: undefined })
      expect(await outcome(change)).toBe('told')
      expect(await outcome(change)).toBe('told')
    })

    test('of a change of the gateway’s in a record with another request id, once', async () => {
      await store.tell(aChange())
      const echo = () => aChange({ source: 'CLOUDTRAIL', changedAt: at(-5) })
      const first = echo()
      expect(await outcome(first)).toBe('repeated')
      expect(await outcome(first)).toBe('repeated')
      expect(await outcome(echo())).toBe('told')
    })

    test('never in what the gateway itself did, whatever record came before', async () => {
      await store.tell(aChange({ source: 'CLOUDTRAIL' }))
      expect(await outcome(aChange({ changedAt: at(1) }))).toBe('told')
    })

    test('not in a record behind which another status was told', async () => {
      await store.tell(aChange())
      await store.tell(aChange({ source: 'CLOUDTRAIL', status: 'Inactive', changedAt: at(1) }))
      expect(await outcome(aChange({ source: 'CLOUDTRAIL', changedAt: at(2) }))).toBe('told')
    })

    test.each<[string, Partial<NewChange>]>([
      ['six seconds later', { changedAt: at(6) }],
      ['to another status', { status: 'Inactive', changedAt: at(1) }],
      ['of another credential', { credentialId: 'other' }],
      ['by another API', { call: aCall({ api: 'UploadSigningCertificate' }) }],
      ['with another access key', { call: aCall({ accessKeyId: 'AKIAOTHER' }) }],
      ['with an unknown access key', { call: aCall({ accessKeyId: undefined }) }],
    ])('not in a record %s', async (_what, other) => {
      await store.tell(aChange())
      expect(await outcome(aChange({ source: 'CLOUDTRAIL', ...other }))).toBe('told')
    })

    test('not in a record with another request id, once such ids were the same', async () => {
      const proof = aChange({ credentialId: 'other' })
      await store.tell(proof)
      await store.tell({ ...proof, source: 'CLOUDTRAIL' })
      await store.tell(aChange())
      expect(await outcome(aChange({ source: 'CLOUDTRAIL', changedAt: at(1) }))).toBe('told')
    })

    test('not for good in a record that was taken for another’s: it is told once its own change comes', async () => {
      const [first, second] = [aChange(), aChange({ changedAt: at(1) })]
      const recordOf = (change: NewChange): NewChange => ({ ...change, source: 'CLOUDTRAIL' })
      expect(await outcome(first)).toBe('told')
      expect(await outcome(recordOf(second))).toBe('repeated')
      expect(await outcome(second)).toBe('told')
      for (const change of [recordOf(first), recordOf(second), first, second]) {
        expect(await outcome(change)).toBe('repeated')
      }
    })

    test('no more where the record with the same request id has come', async () => {
      const change = aChange()
      await store.tell(change)
      await store.tell({ ...change, source: 'CLOUDTRAIL' })
      expect(await outcome(aChange({ source: 'CLOUDTRAIL' }))).toBe('told')
    })

    test('of the newest of many that wait for their records: where no queue is read none ever comes', async () => {
      const made = Array.from({ length: 150 }, (_, index) => aChange({ changedAt: at(index * 60) }))
      for (const change of made) await store.tell(change)
      const recorded = (seconds: number) => aChange({ source: 'CLOUDTRAIL', changedAt: at(seconds) })
      expect(await outcome(recorded(149 * 60))).toBe('repeated')
      expect(await outcome(recorded(51 * 60))).toBe('repeated')
      expect(await outcome(recorded(0))).toBe('told')
    })

    test('of what a comparison found, once, and only up to its time', async () => {
      const found = aChange({ source: 'RECONCILIATION', call: undefined, changedAt: at(60) })
      const record = (seconds: number, status = 'Active') =>
        aChange({ source: 'CLOUDTRAIL', changedAt: at(seconds), status, call: aCall({ accessKeyId: 'AKIACONSOLE' }) })
      await store.tell(found)
      const first = record(10)
      expect(await outcome(record(5, 'Inactive'))).toBe('told')
      expect(await outcome(first)).toBe('repeated')
      expect(await outcome(first)).toBe('repeated')
      expect(await outcome(record(11))).toBe('told')
      expect(await outcome(record(61))).toBe('told')
    })
  })

  test('knows the record of what a comparison found also where something newer was told since', async () => {
    const found = aChange({ source: 'RECONCILIATION', call: undefined, status: 'Inactive', changedAt: at(60) })
    await store.tell(found)
    await store.tell(aChange({ status: 'Active', changedAt: at(90) }))
    const record = () => aChange({ source: 'CLOUDTRAIL', status: 'Inactive', changedAt: at(10) })
    expect(await outcome(record())).toBe('repeated')
    expect(await outcome(record())).toBe('told')
  })

  describe('knows what is newer', () => {
    test('by the time of the change: what is older is superseded', async () => {
      await store.tell(aChange({ changedAt: at(10) }))
      await store.tell(aChange({ changedAt: at(9), status: 'Inactive' }))
      await store.tell(aChange({ changedAt: at(9), status: 'Inactive', userName: 'bob' }))
      await store.tell(aChange({ changedAt: at(11), status: 'Inactive', userName: 'ANN' }))
      const told = (await followed.until(4)).map(entry => entry.of === 'change' && entry.superseded)
      expect(told).toEqual([false, true, false, false])
    })

    test('not of two in the same second with another status: nothing is told before a verdict', async () => {
      await store.tell(aChange({ changedAt: at(0) }))
      const other = aChange({ changedAt: at(0.9), status: 'Inactive' })
      const tie = await store.tell(other)
      if (tie.outcome !== 'tied') throw new Error(`expected a tie, got ${tie.outcome}`)
      expect(tie.status).toBe('Active')
      expect(await store.tell(other)).toEqual(tie)
      expect(await store.tell(other, { verdict: { with: tie.with, isNewer: false } })).toEqual({ outcome: 'told' })
      expect(await last(2)).toMatchObject({ superseded: true })
      // Of a deletion, too.
      const third = await store.tell(aChange({ status: undefined }))
      if (third.outcome !== 'tied') throw new Error(`expected a tie, got ${third.outcome}`)
      expect(
        await store.tell(aChange({ status: undefined }), { verdict: { with: third.with, isNewer: true } }),
      ).toEqual({
        outcome: 'told',
      })
      expect(await last(3)).toMatchObject({ superseded: false })
      expect(await store.tell(aChange())).toMatchObject({ outcome: 'tied', status: undefined })
    })

    test('by no verdict on what is not the newest any more', async () => {
      await store.tell(aChange())
      const other = aChange({ status: 'Inactive' })
      const tie = await store.tell(other)
      if (tie.outcome !== 'tied') throw new Error(`expected a tie, got ${tie.outcome}`)
      await store.tell(aChange())
      expect(await store.tell(other, { verdict: { with: tie.with, isNewer: true } })).toMatchObject({ outcome: 'tied' })
    })

    test('of what one gateway made one after the other, whatever the times', async () => {
      const span = (sentAt: number, answeredAt: number) => aCall({ span: { sentAt, answeredAt } })
      await store.tell(aChange({ changedAt: at(1), call: span(100, 110) }))
      await store.tell(aChange({ changedAt: at(1), call: span(110, 120), status: 'Inactive' }))
      await store.tell(aChange({ changedAt: at(0), call: span(125, 130) }))
      await store.tell(aChange({ changedAt: at(2), call: span(111, 112), status: 'Inactive' }))
      const told = (await followed.until(4)).map(entry => entry.of === 'change' && entry.superseded)
      expect(told).toEqual([false, false, false, true])
    })

    test('not by one gateway’s order where somebody else’s change of the same second may be the newest', async () => {
      const span = (sentAt: number, answeredAt: number) => aCall({ span: { sentAt, answeredAt } })
      await store.tell(aChange({ source: 'CLOUDTRAIL', call: aCall({ accessKeyId: 'AKIACONSOLE' }) }))
      expect(await outcome(aChange({ call: span(100, 110) }))).toBe('told')
      expect(await outcome(aChange({ call: span(120, 130), status: 'Inactive' }))).toBe('tied')
    })

    test('of two that one gateway had under way at once not, whatever the times', async () => {
      const span = (sentAt: number, answeredAt: number) => aCall({ span: { sentAt, answeredAt } })
      await store.tell(aChange({ changedAt: at(1), call: span(100, 110) }))
      const other = aChange({ changedAt: at(3), call: span(109, 120), status: 'Inactive' })
      expect(await outcome(other)).toBe('tied')
      expect(await outcome({ ...other, status: 'Active' })).toBe('told')
    })
  })

  describe('of a quiet change', () => {
    const quiet = (of: Partial<NewChange>) => store.tell(aChange(of), { isQuiet: true })

    test('tells nothing where nothing else was known', async () => {
      expect(await quiet({})).toEqual({ outcome: 'repeated' })
      await store.tell(aChange({ changedAt: at(1) }))
      expect(await quiet({ changedAt: at(2) })).toEqual({ outcome: 'repeated' })
      expect(await quiet({ changedAt: at(0), status: 'Inactive' })).toEqual({ outcome: 'repeated' })
      await store.tell(aChange({ credentialId: 'last' }))
      const ids = (await followed.until(2)).map(entry => entry.of === 'change' && entry.change.credentialId)
      expect(ids).toEqual(['certificate', 'last'])
    })

    test('tells what is not what was told or pictured', async () => {
      await store.tell(aChange({ status: 'Inactive' }))
      expect(await quiet({ changedAt: at(1) })).toEqual({ outcome: 'told' })
      const rows = [{ userName: 'bob', credentialId: 'b', status: 'Inactive', detail: {} }]
      await followed.until(2)
      await store.takePicture({ kind: 'SigningCertificate', userNames: undefined, rows, since: latest() })
      expect(await quiet({ userName: 'bob', credentialId: 'b' })).toEqual({ outcome: 'told' })
    })

    test('knows its record, and compares with it what was under way at the same time', async () => {
      const call = aCall({ span: { sentAt: 10, answeredAt: 20 } })
      await quiet({ call })
      expect(await outcome(aChange({ call, source: 'CLOUDTRAIL' }))).toBe('repeated')
      const other = aChange({
        changedAt: at(1),
        status: 'Inactive',
        call: aCall({ span: { sentAt: 1, answeredAt: 30 } }),
      })
      const tie = await store.tell(other)
      if (tie.outcome !== 'tied') throw new Error(`expected a tie, got ${tie.outcome}`)
      expect(tie.status).toBe('Active')
      await store.tell(other, { verdict: { with: tie.with, isNewer: false } })
      expect(await last(1)).toMatchObject({ superseded: true })
    })
  })

  test('fills in what a record does not say: the status before', async () => {
    const record = (status: string | undefined, seconds: number) =>
      aChange({ source: 'CLOUDTRAIL', status, changedAt: at(seconds) })
    for (const [index, status] of ['Active', 'Inactive', undefined, 'Active', 'Active'].entries()) {
      await store.tell(record(status, index * 10))
    }
    await store.tell(record('Inactive', 5))
    const told = (await followed.until(6)).map(entry => entry.of === 'change' && entry.change.previousStatus)
    expect(told).toEqual([undefined, 'Active', 'Inactive', undefined, undefined, undefined])
  })

  describe('remembers', () => {
    test('as many as it has room for', async () => {
      await store.close()
      await open({ capacity: 3 })
      for (const credentialId of ['a', 'b', 'c', 'd', 'e']) await store.tell(aChange({ credentialId }))
      await followed.until(5)
      await vi.waitUntil(() => followed.forgotten === 2, 20_000)
    })

    test('for no longer than it is to', async () => {
      await store.close()
      await open({ rememberedFor: 300 })
      await store.tell(aChange())
      await followed.until(1)
      const { entries } = followed
      await vi.waitUntil(async () => {
        // In memory nothing is forgotten before something is told.
        await store.tell(aChange())
        return followed.forgotten > 0
      }, 20_000)
      expect(entries[0]).toMatchObject({ position: 1 })
    })
  })

  describe('has a picture', () => {
    const row = (userName: string, credentialId: string, status = 'Active'): Pictured => ({
      userName,
      credentialId,
      status,
      detail: {},
    })
    const kind = 'SigningCertificate'
    const take = (rows: readonly Pictured[], userNames?: readonly string[], since = latest()) =>
      store.takePicture({ kind, userNames, rows, since })

    test('of nobody at first', async () => {
      expect(await store.pictureOf(kind, undefined)).toBeUndefined()
      expect(await store.pictureOf(kind, 'ann')).toBeUndefined()
      await store.tell(aChange())
      expect(await store.pictureOf(kind, 'ann')).toBeUndefined()
    })

    test('of those of whom it was taken, and tells where', async () => {
      expect(await take([row('Ann', 'a')], ['ANN', 'bob'])).toBe('taken')
      expect(await store.pictureOf(kind, 'ann')).toEqual([row('Ann', 'a')])
      expect(await store.pictureOf(kind, 'Bob')).toEqual([])
      expect(await store.pictureOf(kind, 'carol')).toBeUndefined()
      expect(await store.pictureOf(kind, undefined)).toBeUndefined()
      expect(await store.pictureOf('ServiceSpecificCredential', 'ann')).toBeUndefined()
      expect(await followed.until(1)).toMatchObject([{ of: 'picture', kind, userNames: ['ann', 'bob'], position: 1 }])
    })

    test('of everybody in place of the one before', async () => {
      await take([row('ann', 'a')], ['ann'])
      await followed.until(1)
      expect(await take([row('bob', 'b'), row('bob', 'c', 'Inactive')])).toBe('taken')
      expect(await store.pictureOf(kind, undefined)).toEqual([row('bob', 'b'), row('bob', 'c', 'Inactive')])
      expect(await store.pictureOf(kind, 'ann')).toEqual([])
      expect((await followed.until(2))[1]).toMatchObject({ of: 'picture', userNames: undefined })
    })

    test('that follows what is told, but not what is superseded', async () => {
      await take([row('Ann', 'a'), row('Ann', 'b')])
      await store.tell(aChange({ credentialId: 'a', status: 'Inactive', changedAt: at(10) }))
      await store.tell(aChange({ credentialId: 'a', status: 'Active', changedAt: at(5) }))
      await store.tell(aChange({ credentialId: 'b', status: undefined }))
      await store.tell(aChange({ credentialId: 'c', userName: 'new' }))
      const rows = await store.pictureOf(kind, undefined)
      expect(rows).toEqual(expect.arrayContaining([row('ann', 'a', 'Inactive'), row('new', 'c')]))
      expect(rows).toHaveLength(2)
    })

    test('that keeps what a change does not say', async () => {
      const credential = { ...row('ann', 'a'), detail: { serviceName: 'codecommit' } }
      const since = latest()
      const of = 'ServiceSpecificCredential'
      await store.takePicture({ kind: of, userNames: undefined, rows: [credential], since })
      const change = aChange({ kind: of, credentialId: 'a', status: 'Inactive' })
      await store.tell(change)
      expect(await store.pictureOf(of, 'ann')).toEqual([{ ...credential, status: 'Inactive' }])
      await store.tell(
        Object.assign(aChange({ ...change, call: aCall(), credentialId: 'b' }), { serviceName: 'cassandra' }),
      )
      expect(await store.pictureOf(of, 'ann')).toContainEqual({
        userName: 'ann',
        credentialId: 'b',
        status: 'Inactive',
        detail: { serviceName: 'cassandra' },
      })
    })

    test('over which goes what was told since its lists were asked', async () => {
      await store.tell(aChange({ credentialId: 'before', status: 'Inactive' }))
      await followed.until(1)
      const since = latest()
      await store.tell(aChange({ credentialId: 'a', status: 'Inactive' }))
      await store.tell(aChange({ credentialId: 'b', status: undefined }))
      const rows = [row('ann', 'before'), row('ann', 'a'), row('ann', 'b')]
      expect(await take(rows, ['ann'], since)).toBe('taken')
      expect(await store.pictureOf(kind, 'ann')).toEqual([row('ann', 'before'), row('ann', 'a', 'Inactive')])
    })

    test('not where it is not known what was told since', async () => {
      await store.close()
      await open({ capacity: 2 })
      const since = latest()
      expect(await take([], undefined, 'another.0.0')).toBe('moved')
      for (const credentialId of ['a', 'b', 'c']) await store.tell(aChange({ credentialId }))
      expect(await take([row('ann', 'a')], undefined, since)).toBe('moved')
      expect(await store.pictureOf(kind, undefined)).toBeUndefined()
    })

    test('with which a comparison must have been made', async () => {
      const found = (of: Partial<NewChange>) => outcome(aChange({ source: 'RECONCILIATION', call: undefined, ...of }))
      await take([row('ann', 'a')])
      expect(await found({ credentialId: 'a', previousStatus: 'Inactive', status: undefined })).toBe('moved')
      expect(await found({ credentialId: 'a', previousStatus: undefined, status: 'Inactive' })).toBe('moved')
      expect(await found({ credentialId: 'a', previousStatus: 'Active', status: 'Inactive' })).toBe('told')
      expect(await found({ credentialId: 'a', previousStatus: 'Active', status: 'Inactive' })).toBe('moved')
      expect(await found({ credentialId: 'new', previousStatus: undefined, status: 'Active' })).toBe('told')
      expect(await store.pictureOf(kind, 'ann')).toEqual([row('ann', 'a', 'Inactive'), row('ann', 'new')])
    })
  })

  test('leases to one at a time', async () => {
    expect(await store.lease('one', 60_000)).toBe(true)
    expect(await store.lease('two', 60_000)).toBe(false)
    expect(await store.lease('one', 60_000)).toBe(true)
    await store.release('two')
    expect(await store.lease('two', 60_000)).toBe(false)
    await store.release('one')
    expect(await store.lease('two', 1)).toBe(true)
    await vi.waitUntil(() => store.lease('one', 60_000))
  })

  test('knows what anybody watches, as long as they say so', async () => {
    expect(await store.watchedByAnybody()).toEqual(new Map())
    await store.watch('one', new Map([['SigningCertificate', new Set(['ann'])]]), 60_000)
    await store.watch('two', new Map([['SigningCertificate', new Set(['bob'])]]), 60_000)
    await store.watch('three', new Map([['ServiceSpecificCredential', 'all']]), 1)
    await vi.waitUntil(async () => (await store.watchedByAnybody()).size === 1)
    expect(await store.watchedByAnybody()).toEqual(new Map([['SigningCertificate', new Set(['ann', 'bob'])]]))
    await store.watch('one', new Map([['SigningCertificate', 'all']]), 60_000)
    expect(await store.watchedByAnybody()).toEqual(new Map([['SigningCertificate', 'all']]))
  })
})
