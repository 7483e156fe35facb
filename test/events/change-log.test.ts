import { describe, expect, test } from 'vitest'
import type { NewChange, Told } from '../../src/events/change.ts'
import { type ChangeLog, createChangeLog } from '../../src/events/change-log.ts'
import { createMemoryStore } from '../../src/events/memory-store.ts'
import type { Subscribing } from '../../src/events/replica.ts'
import { acceptsSigningCertificateChange } from '../../src/events/signing-certificate.ts'

describe('a subscriber', () => {
  test('is told what is published from then on, in order', async () => {
    const log = createChangeLog({ capacity: 10 })
    await log.publish(change('before'))
    const changes = subscribe(log)
    const first = changes.next()
    await log.publish(change('a'))
    await log.publish(change('b'))
    expect((await first).value).toMatchObject({ credentialId: 'a' })
    expect((await changes.next()).value).toMatchObject({ credentialId: 'b' })
  })

  test('is told only what it accepts', async () => {
    const log = createChangeLog({ capacity: 10 })
    const changes = subscribe(log, { accepts: acceptsSigningCertificateChange({ certificateId: 'b' }) })
    for (const id of ['a', 'b', 'c']) await log.publish(change(id))
    log.close()
    expect(await idsOf(changes)).toEqual(['b'])
  })

  test.each([1, 5])('that waits is woken among %i others, and each is told everything', async others => {
    const log = createChangeLog({ capacity: 10 })
    const subscribers = Array.from({ length: others + 1 }, () => subscribe(log))
    const told = Promise.all(subscribers.map(idsOf))
    for (const id of ['a', 'b', 'c']) await log.publish(change(id))
    log.close()
    expect(await told).toEqual(subscribers.map(() => ['a', 'b', 'c']))
  })

  test('that leaves is let go at once, also while it waits', async () => {
    const log = createChangeLog({ capacity: 10 })
    const changes = subscribe(log)
    const waiting = changes.next()
    await changes.return?.()
    expect(await waiting).toEqual({ done: true, value: undefined })
    await log.publish(change('a'))
    expect(await changes.next()).toEqual({ done: true, value: undefined })
  })

  test('that asks twice before anything happens is answered twice when it leaves', async () => {
    const log = createChangeLog({ capacity: 10 })
    const changes = subscribe(log)
    const waiting = [changes.next(), changes.next()]
    await changes.return?.()
    const end = { done: true, value: undefined }
    expect(await Promise.all(waiting)).toEqual([end, end])
  })

  test('is told what it has not read yet before the log closes it', async () => {
    const log = createChangeLog({ capacity: 10 })
    const changes = subscribe(log)
    await log.publish(change('a'))
    log.close()
    expect(await idsOf(changes)).toEqual(['a'])
  })

  test('that does not read in time ends with SUBSCRIBER_TOO_SLOW, and holds up no other', async () => {
    const log = createChangeLog({ capacity: 3 })
    const slow = subscribe(log)
    const quick = subscribe(log)
    for (const id of ['a', 'b', 'c', 'd']) {
      await log.publish(change(id))
      expect((await quick.next()).value).toMatchObject({ credentialId: id })
    }
    await expect(slow.next()).rejects.toMatchObject({ extensions: { code: 'SUBSCRIBER_TOO_SLOW' } })
    expect(await slow.next()).toEqual({ done: true, value: undefined })
  })

  test('may fall behind by as much as is remembered', async () => {
    const log = createChangeLog({ capacity: 3 })
    const changes = subscribe(log)
    for (const id of ['a', 'b', 'c']) await log.publish(change(id))
    log.close()
    expect(await idsOf(changes)).toEqual(['a', 'b', 'c'])
  })
})

describe('after', () => {
  test('the latest id, read before the state, leaves no gap', async () => {
    const log = createChangeLog({ capacity: 10 })
    await log.publish(change('before'))
    const after = log.latestId()
    await log.publish(change('between'))
    const changes = subscribe(log, { after })
    await log.publish(change('later'))
    log.close()
    expect(await idsOf(changes)).toEqual(['between', 'later'])
  })

  test('the latest id before any change is accepted, too', async () => {
    const log = createChangeLog({ capacity: 10 })
    const after = log.latestId()
    await log.publish(change('a'))
    log.close()
    expect(await idsOf(subscribe(log, { after }))).toEqual(['a'])
  })

  test('the id of any change that is remembered goes on behind it', async () => {
    const log = createChangeLog({ capacity: 3 })
    const ids = await idsOfPublished(log, ['a', 'b', 'c', 'd'])
    log.close()
    expect(await Promise.all(ids.map(after => idsOf(subscribe(log, { after }))))).toEqual([
      ['b', 'c', 'd'],
      ['c', 'd'],
      ['d'],
      [],
    ])
  })

  test.each([
    ['too old', async (log: ChangeLog) => (await idsOfPublished(log, ['a', 'b', 'c', 'd', 'e']))[0]],
    ['of another run', () => createChangeLog({ capacity: 3 }).latestId()],
    ['from the future', (log: ChangeLog) => log.latestId().replace('.0.', '.7.')],
    ['of a history that was lost', (log: ChangeLog) => log.latestId().replace(/[^.]+$/, 'another')],
    ['malformed', () => 'nonsense'],
    ['empty', () => ''],
  ])('an id that is %s is CHANGE_NOT_REMEMBERED', async (_name, idOf) => {
    const log = createChangeLog({ capacity: 3 })
    const after = (await idOf(log)) ?? ''
    expect(() => subscribe(log, { after })).toThrow(
      expect.objectContaining({ extensions: { code: 'CHANGE_NOT_REMEMBERED' } }),
    )
  })
})

describe('a change', () => {
  test('has an id of its own, which is the latest until the next', async () => {
    const log = createChangeLog({ capacity: 3 })
    const a = await told(log, change('a'))
    expect(log.latestId()).toBe(a.id)
    const b = await told(log, change('a'))
    expect(b.id).not.toBe(a.id)
    expect(log.latestId()).toBe(b.id)
  })

  test('older than what was told of the same credential is superseded, and touches no state', async () => {
    const log = createChangeLog({ capacity: 10 })
    const newer = await told(log, change('a', { changedAt: new Date('2026-01-01T00:00:02Z'), status: 'Active' }))
    const older = await told(log, change('a', { changedAt: new Date('2026-01-01T00:00:01Z'), status: 'Inactive' }))
    const other = await told(log, change('b', { changedAt: new Date('2026-01-01T00:00:01Z') }))
    expect([newer, older, other].map(({ superseded }) => superseded)).toEqual([false, true, false])
    expect(log.lastTold('SigningCertificate', 'a')).toBe(newer)
  })

  test('of the same second and status as the last is the newer one', async () => {
    const log = createChangeLog({ capacity: 10 })
    await told(log, change('a'))
    const second = await told(log, change('a'))
    expect(second.superseded).toBe(false)
    expect(log.lastTold('SigningCertificate', 'a')).toBe(second)
  })

  test('is forgotten with its state once more were told than are remembered', async () => {
    const log = createChangeLog({ capacity: 2 })
    await log.publish(change('a'))
    const b = await told(log, change('b'))
    await log.publish(change('c'))
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
    const subscriber = subscribe(log)
    const first = subscriber.next().then(() => order.push('subscriber'))
    await log.publish(change('a'))
    await first
    await log.publish(change('a', { changedAt: new Date('2025-01-01T00:00:00Z') }))
    expect(order).toEqual(['a false', 'subscriber', 'a true'])
  })
})

describe('of two changes of which nobody can say which came first', () => {
  const second = { status: 'Inactive', changedAt: new Date('2026-01-01T00:00:00Z') }
  const asked: string[] = []
  const listing = (status: string | undefined) => async (kind: string, userName: string, credentialId: string) => {
    asked.push(`${kind} ${userName} ${credentialId}`)
    return status
  }

  test.each([
    ['Inactive', false],
    ['Active', true],
    [undefined, false],
    ['Expired', false],
  ])('the one that IAM lists is the newer one: %s', async (listed, superseded) => {
    const log = createChangeLog({ capacity: 10, lookUp: listing(listed) })
    await log.publish(change('a'))
    expect(await told(log, change('a', second))).toMatchObject({ superseded })
    expect(asked.splice(0)).toEqual(['SigningCertificate ann a'])
    expect(log.lastTold('SigningCertificate', 'a')?.status).toBe(superseded ? 'Active' : 'Inactive')
  })

  test('the one told last is, where nobody can be asked', async () => {
    const away = createChangeLog({ capacity: 10, lookUp: () => Promise.reject(new Error('no answer')) })
    for (const log of [away, createChangeLog({ capacity: 10 })]) {
      await log.publish(change('a'))
      expect(await told(log, change('a', second))).toMatchObject({ superseded: false })
    }
  })

  test('whoever is to be told of changes is told the later one at once, and takes it back where the list says so', async () => {
    const overlaid: string[] = []
    const answer = gate()
    const log = createChangeLog({
      capacity: 10,
      onTold: ({ status, superseded }) => overlaid.push(`${status} ${superseded}`),
      onTakenBack: ({ status }) => overlaid.push(`${status} taken back`),
      lookUp: async () => {
        await answer.opened
        return 'Active'
      },
    })
    const call = { api: 'UpdateSigningCertificate', requestId: 'request', accessKeyId: undefined }
    await log.publish(change('a'))
    const published = log.publish(change('a', { ...second, call }))
    expect(overlaid).toEqual(['Active false', 'Inactive false'])
    expect(log.lastTold('SigningCertificate', 'a')?.status).toBe('Inactive')
    answer.open()
    await published
    expect(overlaid.slice(2)).toEqual(['Inactive true', 'Inactive taken back', 'Active false'])
    expect(log.lastTold('SigningCertificate', 'a')?.status).toBe('Active')
  })

  test('nothing old is shown where the record of a change, and a newer change, came before its answer', async () => {
    const overlaid: string[] = []
    const log = createChangeLog({
      capacity: 10,
      onTold: ({ status }) => overlaid.push(`${status}`),
      onTakenBack: ({ status }) => overlaid.push(`${status} taken back`),
    })
    const made = change('a', { call: { api: 'UpdateSigningCertificate', requestId: 'one', accessKeyId: undefined } })
    await log.tell({ ...made, source: 'CLOUDTRAIL' })
    await log.tell(change('a', { status: 'Inactive', changedAt: new Date('2026-01-01T00:00:01Z') }))
    await log.publish(made)
    expect(overlaid).toEqual(['Active', 'Inactive', 'Active', 'Active taken back', 'Inactive'])
    expect(log.lastTold('SigningCertificate', 'a')?.status).toBe('Inactive')
  })

  test('those of the same credential wait for the verdict, and no others', async () => {
    const answer = gate()
    const log = createChangeLog({ capacity: 10, lookUp: () => answer.opened.then(() => 'Inactive') })
    const changes = subscribe(log)
    await log.publish(change('a'))
    const published = [
      log.publish(change('a', second)),
      log.publish(change('a', { changedAt: new Date('2026-01-01T00:00:01Z'), status: undefined })),
    ]
    await log.publish(change('b'))
    expect([await changes.next(), await changes.next()].map(({ value }) => value.credentialId)).toEqual(['a', 'b'])
    answer.open()
    await Promise.all(published)
    expect([await changes.next(), await changes.next()].map(({ value }) => value.status)).toEqual([
      'Inactive',
      undefined,
    ])
  })
})

describe('what is no change', () => {
  const picture = (log: ChangeLog, userNames?: readonly string[]) => ({
    kind: 'SigningCertificate',
    userNames,
    rows: [],
    since: log.latestId(),
  })
  const open = () => {
    const store = createMemoryStore({ capacity: 10, instance: 'one' })
    return { store, log: createChangeLog({ capacity: 10, store }) }
  }
  const notRemembered = expect.objectContaining({ extensions: { code: 'CHANGE_NOT_REMEMBERED' } })

  test('a picture stops those who resume across it, and nobody else', async () => {
    const { store, log } = open()
    const before = log.latestId()
    const live = subscribe(log)
    await store.takePicture(picture(log))
    const behind = log.latestId()
    expect(() => subscribe(log, { after: before })).toThrow(notRemembered)
    const changes = subscribe(log, { after: behind })
    await log.publish(change('a'))
    expect((await live.next()).value).toMatchObject({ credentialId: 'a' })
    expect((await changes.next()).value).toMatchObject({ credentialId: 'a' })
  })

  test('a picture of some stops those who watch them or everybody, of its kind', async () => {
    const { store, log } = open()
    const after = log.latestId()
    await store.takePicture(picture(log, ['Ann', 'bob']))
    expect(() => subscribe(log, { after })).toThrow(notRemembered)
    expect(() => subscribe(log, { after, userName: 'ANN' })).toThrow(notRemembered)
    expect(() => subscribe(log, { after, userName: 'carol' })).not.toThrow()
    expect(() => subscribe(log, { after, kind: 'ServiceSpecificCredential' })).not.toThrow()
  })

  test('a loss ends every subscription behind what came before it, and stops those who resume across it', async () => {
    const { store, log } = open()
    const after = log.latestId()
    const live = subscribe(log)
    await log.publish(change('a'))
    await store.tellLoss()
    await log.publish(change('b'))
    expect((await live.next()).value).toMatchObject({ credentialId: 'a' })
    await expect(live.next()).rejects.toEqual(notRemembered)
    expect(() => subscribe(log, { after })).toThrow(notRemembered)
  })
})

test('it is known whose changes are subscribed to, as long as they are', async () => {
  const log = createChangeLog({ capacity: 10 })
  const subscriptions = [subscribe(log, { userName: 'Ann' }), subscribe(log, { userName: 'bob' })]
  expect(log.watched()).toEqual(new Map())
  const reading = subscriptions.map(one => one.next())
  expect(log.watched()).toEqual(new Map([['SigningCertificate', new Set(['ann', 'bob'])]]))
  const all = subscribe(log, { kind: 'ServiceSpecificCredential' })
  reading.push(all.next())
  await subscriptions[1]?.return?.()
  expect(log.watched()).toEqual(
    new Map<string, unknown>([
      ['SigningCertificate', new Set(['ann'])],
      ['ServiceSpecificCredential', 'all'],
    ]),
  )
  for (const one of [...subscriptions, all]) await one.return?.()
  await Promise.all(reading)
  expect(log.watched()).toEqual(new Map())
})

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
    call: undefined,
    ...more,
  }
}

async function idsOf(changes: AsyncIterable<NewChange>): Promise<string[]> {
  const ids: string[] = []
  for await (const { credentialId } of changes) ids.push(credentialId)
  return ids
}

function subscribe<Change extends NewChange = NewChange>(log: ChangeLog, how: Partial<Subscribing<Change>> = {}) {
  const accepts = (_change: NewChange): _change is Change => true
  return log.subscribe<Change>({ kind: 'SigningCertificate', accepts, ...how })
}

/** What subscribers are told of the change. */
async function told(log: ChangeLog, one: NewChange): Promise<Told<NewChange>> {
  const changes = subscribe(log)
  await log.publish(one)
  const { value } = await changes.next()
  await changes.return?.()
  return value
}

async function idsOfPublished(log: ChangeLog, credentialIds: readonly string[]): Promise<string[]> {
  const ids: string[] = []
  for (const id of credentialIds) ids.push((await told(log, change(id))).id)
  return ids
}

function gate() {
  let open = () => {}
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  return { open: () => open(), opened }
}
