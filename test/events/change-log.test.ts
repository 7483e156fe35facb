import { describe, expect, test } from 'vitest'
import type { NewChange } from '../../src/events/change.ts'
import { type ChangeLog, createChangeLog } from '../../src/events/change-log.ts'
import { acceptsSigningCertificateChange } from '../../src/events/signing-certificate.ts'

describe('a subscriber', () => {
  test('is told what is published from then on, in order', async () => {
    const log = createChangeLog({ capacity: 10 })
    log.publish(change('before'))
    const changes = log.subscribe({ accepts: all })
    const first = changes.next()
    log.publish(change('a'))
    log.publish(change('b'))
    expect((await first).value).toMatchObject({ credentialId: 'a' })
    expect((await changes.next()).value).toMatchObject({ credentialId: 'b' })
  })

  test('is told only what it accepts', async () => {
    const log = createChangeLog({ capacity: 10 })
    const changes = log.subscribe({ accepts: acceptsSigningCertificateChange({ certificateId: 'b' }) })
    for (const id of ['a', 'b', 'c']) log.publish(change(id))
    log.close()
    expect(await idsOf(changes)).toEqual(['b'])
  })

  test.each([1, 5])('that waits is woken among %i others, and each is told everything', async others => {
    const log = createChangeLog({ capacity: 10 })
    const subscribers = Array.from({ length: others + 1 }, () => log.subscribe({ accepts: all }))
    const told = Promise.all(subscribers.map(idsOf))
    for (const id of ['a', 'b', 'c']) log.publish(change(id))
    log.close()
    expect(await told).toEqual(subscribers.map(() => ['a', 'b', 'c']))
  })

  test('that leaves is let go at once, also while it waits', async () => {
    const log = createChangeLog({ capacity: 10 })
    const changes = log.subscribe({ accepts: all })
    const waiting = changes.next()
    await changes.return?.()
    expect(await waiting).toEqual({ done: true, value: undefined })
    log.publish(change('a'))
    expect(await changes.next()).toEqual({ done: true, value: undefined })
  })

  test('that asks twice before anything happens is answered twice when it leaves', async () => {
    const log = createChangeLog({ capacity: 10 })
    const changes = log.subscribe({ accepts: all })
    const waiting = [changes.next(), changes.next()]
    await changes.return?.()
    const end = { done: true, value: undefined }
    expect(await Promise.all(waiting)).toEqual([end, end])
  })

  test('is told what it has not read yet before the log closes it', async () => {
    const log = createChangeLog({ capacity: 10 })
    const changes = log.subscribe({ accepts: all })
    log.publish(change('a'))
    log.close()
    expect(await idsOf(changes)).toEqual(['a'])
  })

  test('that does not read in time ends with SUBSCRIBER_TOO_SLOW, and holds up no other', async () => {
    const log = createChangeLog({ capacity: 3 })
    const slow = log.subscribe({ accepts: all })
    const quick = log.subscribe({ accepts: all })
    for (const id of ['a', 'b', 'c', 'd']) {
      log.publish(change(id))
      expect((await quick.next()).value).toMatchObject({ credentialId: id })
    }
    await expect(slow.next()).rejects.toMatchObject({ extensions: { code: 'SUBSCRIBER_TOO_SLOW' } })
    expect(await slow.next()).toEqual({ done: true, value: undefined })
  })

  test('may fall behind by as much as is remembered', async () => {
    const log = createChangeLog({ capacity: 3 })
    const changes = log.subscribe({ accepts: all })
    for (const id of ['a', 'b', 'c']) log.publish(change(id))
    log.close()
    expect(await idsOf(changes)).toEqual(['a', 'b', 'c'])
  })
})

describe('after', () => {
  test('the latest id, read before the state, leaves no gap', async () => {
    const log = createChangeLog({ capacity: 10 })
    log.publish(change('before'))
    const after = log.latestId()
    log.publish(change('between'))
    const changes = log.subscribe({ after, accepts: all })
    log.publish(change('later'))
    log.close()
    expect(await idsOf(changes)).toEqual(['between', 'later'])
  })

  test('the latest id before any change is accepted, too', async () => {
    const log = createChangeLog({ capacity: 10 })
    const after = log.latestId()
    log.publish(change('a'))
    log.close()
    expect(await idsOf(log.subscribe({ after, accepts: all }))).toEqual(['a'])
  })

  test('the id of any change that is remembered goes on behind it', async () => {
    const log = createChangeLog({ capacity: 3 })
    const ids = ['a', 'b', 'c', 'd'].map(id => log.publish(change(id)).id)
    log.close()
    expect(await Promise.all(ids.map(after => idsOf(log.subscribe({ after, accepts: all }))))).toEqual([
      ['b', 'c', 'd'],
      ['c', 'd'],
      ['d'],
      [],
    ])
  })

  test.each([
    ['too old', (log: ChangeLog) => ['a', 'b', 'c', 'd', 'e'].map(id => log.publish(change(id)).id)[0]],
    ['of another run', () => createChangeLog({ capacity: 3 }).latestId()],
    ['from the future', (log: ChangeLog) => log.latestId().replace(/\d+$/, '7')],
    ['malformed', () => 'nonsense'],
    ['empty', () => ''],
  ])('an id that is %s is CHANGE_NOT_REMEMBERED', (_name, idOf) => {
    const log = createChangeLog({ capacity: 3 })
    const after = idOf(log) ?? ''
    expect(() => log.subscribe({ after, accepts: all })).toThrow(
      expect.objectContaining({ extensions: { code: 'CHANGE_NOT_REMEMBERED' } }),
    )
  })
})

describe('a change', () => {
  test('has an id of its own, which is the latest until the next', () => {
    const log = createChangeLog({ capacity: 3 })
    const a = log.publish(change('a'))
    expect(log.latestId()).toBe(a.id)
    const b = log.publish(change('a'))
    expect(b.id).not.toBe(a.id)
    expect(log.latestId()).toBe(b.id)
  })

  test('older than what was told of the same credential is superseded, and touches no state', () => {
    const log = createChangeLog({ capacity: 10 })
    const newer = log.publish(change('a', { changedAt: new Date('2026-01-01T00:00:02Z'), status: 'Active' }))
    const older = log.publish(change('a', { changedAt: new Date('2026-01-01T00:00:01Z'), status: 'Inactive' }))
    const other = log.publish(change('b', { changedAt: new Date('2026-01-01T00:00:01Z') }))
    expect([newer, older, other].map(({ superseded }) => superseded)).toEqual([false, true, false])
    expect(log.lastTold('SigningCertificate', 'a')).toBe(newer)
  })

  test('of the same second as the last is the newer one', () => {
    const log = createChangeLog({ capacity: 10 })
    log.publish(change('a'))
    const second = log.publish(change('a'))
    expect(second.superseded).toBe(false)
    expect(log.lastTold('SigningCertificate', 'a')).toBe(second)
  })

  test('is forgotten with its state once more were told than are remembered', () => {
    const log = createChangeLog({ capacity: 2 })
    log.publish(change('a'))
    const b = log.publish(change('b'))
    log.publish(change('c'))
    expect(log.lastTold('SigningCertificate', 'a')).toBeUndefined()
    expect(log.lastTold('SigningCertificate', 'b')).toBe(b)
    expect(log.lastTold('ServiceSpecificCredential', 'b')).toBeUndefined()
  })
})

describe('whoever is to be told of each change', () => {
  test('is told what subscribers will be, before they are, superseded ones too', async () => {
    const order: string[] = []
    const log = createChangeLog({
      capacity: 10,
      onTold: ({ credentialId, superseded }) => order.push(`${credentialId} ${superseded}`),
    })
    const subscriber = log.subscribe({ accepts: all })
    const first = subscriber.next().then(() => order.push('subscriber'))
    const told = log.publish(change('a'))
    log.publish(change('a', { changedAt: new Date('2025-01-01T00:00:00Z') }))
    await first
    expect(order).toEqual(['a false', 'a true', 'subscriber'])
    expect(told.superseded).toBe(false)
  })
})

const all = (change: NewChange): change is NewChange => change !== undefined

function change(credentialId: string, more: Partial<NewChange> = {}): NewChange {
  return {
    kind: 'SigningCertificate',
    userName: 'ann',
    credentialId,
    previousStatus: undefined,
    status: 'Active',
    changedAt: new Date('2026-01-01T00:00:00Z'),
    changedBy: undefined,
    source: 'GATEWAY',
    ...more,
  }
}

async function idsOf(changes: AsyncIterable<NewChange>): Promise<string[]> {
  const ids: string[] = []
  for await (const { credentialId } of changes) ids.push(credentialId)
  return ids
}
