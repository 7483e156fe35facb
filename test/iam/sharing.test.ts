import { describe, expect, test, vi } from 'vitest'
import { createSharing, type PageKey, type SharingOptions } from '../../src/iam/sharing.ts'

const gone = new Error('gone')

/** What is shared, where each call is answered by the test. */
function recorded(options: Partial<SharingOptions> = {}) {
  const sharing = createSharing({ ttl: 0, maxEntries: 100, maxBytes: 100_000, ...options })
  const calls: {
    readonly signal: AbortSignal
    readonly answer: (value: unknown) => void
    readonly fail: (error: Error) => void
  }[] = []
  const seen = { shared: 0, cached: 0 }
  return {
    sharing,
    calls,
    seen,
    get(key: Partial<PageKey> = {}, signal?: AbortSignal): Promise<unknown> {
      const asker = {
        lane: 'waiting' as const,
        caller: '',
        operation: {},
        signal,
        wasShared() {
          seen.shared += 1
        },
        wasCached() {
          seen.cached += 1
        },
      }
      const load = (ended: AbortSignal) =>
        new Promise<unknown>((answer, fail) => calls.push({ signal: ended, answer, fail }))
      return sharing.get({ ...alice, ...key }, asker, load)
    },
  }
}

const alice: PageKey = {
  identity: undefined,
  api: 'ListSigningCertificates',
  userName: 'alice',
  input: { MaxItems: 100 },
}

describe('identical reads at once', () => {
  test('are one call, and one answer', async () => {
    const { get, calls, seen, sharing } = recorded()
    const asked = [get(), get({ userName: 'ALICE' }), get({ input: { MaxItems: 100 } })]
    expect(calls).toHaveLength(1)
    expect([sharing.underWay, seen]).toEqual([1, { shared: 2, cached: 0 }])
    calls[0]?.answer('page')
    expect(await Promise.all(asked)).toEqual(['page', 'page', 'page'])
    expect(sharing.underWay).toBe(0)
  })

  test.each<[string, Partial<PageKey>]>([
    ['API', { api: 'GetUser' }],
    ['user', { userName: 'bob' }],
    ['user, but the implicit one', { userName: undefined }],
    ['page', { input: { MaxItems: 100, Marker: 'm' } }],
    ['length', { input: { MaxItems: 99 } }],
  ])('are several where they differ in the %s', async (_what, key) => {
    const { get, calls } = recorded()
    const asked = [get(), get(key)]
    expect(calls).toHaveLength(2)
    calls[1]?.answer('other')
    calls[0]?.answer('page')
    expect(await Promise.all(asked)).toEqual(['page', 'other'])
  })

  test('fail together, and none remembers it', async () => {
    const { get, calls, sharing } = recorded({ ttl: 60_000 })
    const asked = [get(), get()].map(one => expect(one).rejects.toBe(gone))
    calls[0]?.fail(gone)
    await Promise.all(asked)
    expect(sharing.underWay).toBe(0)
    const again = get()
    calls[1]?.answer('page')
    expect(await again).toBe('page')
  })
})

describe('who leaves', () => {
  test('leaves the others their answer', async () => {
    const { get, calls } = recorded()
    const leaving = new AbortController()
    const left = expect(get({}, leaving.signal)).rejects.toBe(gone)
    const stays = get({}, new AbortController().signal)
    leaving.abort(gone)
    await left
    expect(calls[0]?.signal.aborted).toBe(false)
    calls[0]?.answer('page')
    expect(await stays).toBe('page')
    expect(calls).toHaveLength(1)
  })

  test('is told by a reason of its own, each', async () => {
    const { get, calls } = recorded()
    const clients = ['one', 'two'].map(name => ({ end: new AbortController(), reason: new Error(name) }))
    const asked = clients.map(({ end, reason }) => expect(get({}, end.signal)).rejects.toBe(reason))
    for (const { end, reason } of clients) end.abort(reason)
    await Promise.all(asked)
    expect(calls[0]?.signal.aborted).toBe(true)
  })

  test('last ends the call, which nobody joins then', async () => {
    const { get, calls, sharing } = recorded({ ttl: 60_000 })
    const leaving = new AbortController()
    const asked = [get({}, leaving.signal), get({}, leaving.signal)].map(one => expect(one).rejects.toBe(gone))
    leaving.abort(gone)
    await Promise.all(asked)
    expect([calls[0]?.signal.aborted, sharing.underWay]).toEqual([true, 0])
    const next = get()
    calls[0]?.answer('late')
    calls[1]?.answer('page')
    expect(await next).toBe('page')
    expect(await get()).toBe('page')
  })

  test('with the answer in hand ends nothing', async () => {
    const { get, calls } = recorded()
    const leaving = new AbortController()
    const asked = get({}, leaving.signal)
    calls[0]?.answer('page')
    expect(await asked).toBe('page')
    leaving.abort(gone)
    expect(calls[0]?.signal.aborted).toBe(false)
  })

  test('before it asked asks nothing', async () => {
    const { get, calls } = recorded()
    await expect(get({}, AbortSignal.abort(gone))).rejects.toBe(gone)
    expect(calls).toEqual([])
  })
})

describe('an answer', () => {
  test('is remembered for its time, and not for longer', async () => {
    const { get, calls, seen } = recorded({ ttl: 100 })
    const first = get()
    calls[0]?.answer('page')
    await first
    const again = await vi.waitUntil(
      () => {
        const asked = get()
        return calls.length > 1 && { asked }
      },
      { timeout: 20_000, interval: 5 },
    )
    expect(seen.cached).toBeGreaterThan(0)
    calls[1]?.answer('newer')
    expect(await again.asked).toBe('newer')
  })

  test('is there at once where it is remembered, and asks nobody where it is not', async () => {
    const { sharing, get, calls, seen } = recorded({ ttl: 10_000 })
    expect(sharing.recall(alice)).toBeUndefined()
    const asked = get()
    expect(sharing.recall(alice)).toBeUndefined()
    calls[0]?.answer('page')
    await asked
    expect(sharing.recall({ ...alice, userName: 'ALICE' })?.value).toBe('page')
    for (const userName of [undefined, '', ':alice', 'alice\n']) {
      expect(sharing.recall({ ...alice, userName })).toBeUndefined()
    }
    sharing.forget('ListSigningCertificates', 'alice')
    expect(sharing.recall(alice)).toBeUndefined()
    expect([calls.length, seen]).toEqual([1, { shared: 0, cached: 0 }])
  })

  test('has the same stamp as often as it is found, and another once it was read anew', async () => {
    const { sharing, get, calls } = recorded({ ttl: 10_000 })
    const read = async () => {
      const asked = get()
      calls.at(-1)?.answer('page')
      await asked
      return sharing.recall(alice)?.stamp
    }
    const stamp = await read()
    expect(stamp).toBeDefined()
    expect(await read()).toBe(stamp)
    sharing.forget('ListSigningCertificates', 'alice')
    expect(await read()).not.toBe(stamp)
  })

  test('is not remembered where the time is 0', async () => {
    const { get, calls } = recorded({ ttl: 0 })
    for (let call = 0; call < 2; call += 1) {
      const asked = get()
      calls[call]?.answer('page')
      await asked
    }
    expect(calls).toHaveLength(2)
  })

  test('is remembered among no more than so many, the eldest unused go', async () => {
    const { get, calls } = recorded({ ttl: 60_000, maxEntries: 2 })
    const ask = async (userName: string) => {
      const before = calls.length
      const asked = get({ userName })
      calls[before]?.answer(userName)
      await asked
      return calls.length > before ? 'called' : 'remembered'
    }
    const done = []
    for (const name of ['one', 'two', 'one', 'three', 'one', 'three', 'two']) done.push(await ask(name))
    expect(done).toEqual(['called', 'called', 'remembered', 'called', 'remembered', 'remembered', 'called'])
  })

  test('is remembered in no more than so many bytes, and not at all where it is larger', async () => {
    const { get, calls } = recorded({ ttl: 60_000, maxBytes: 25_000 })
    const ask = async (userName: string, length: number) => {
      const before = calls.length
      const asked = get({ userName })
      calls[before]?.answer({ items: [{ certificateBody: 'x'.repeat(length) }] })
      await asked
      return calls.length > before ? 'called' : 'remembered'
    }
    const done = []
    for (const name of ['one', 'two', 'three', 'three', 'two', 'one']) done.push(await ask(name, 10_000))
    expect(done).toEqual(['called', 'called', 'called', 'remembered', 'remembered', 'called'])
    expect([await ask('large', 25_000), await ask('large', 25_000)]).toEqual(['called', 'called'])
  })
})

describe('what changed', () => {
  test.each<[string, Partial<PageKey>, string | undefined, boolean]>([
    ["is the user's pages", { userName: 'alice' }, 'Alice', true],
    ["is all of the user's pages", { userName: 'alice', input: { Marker: 'm' } }, 'alice', true],
    ['may be on pages that name nobody', { userName: undefined }, 'alice', true],
    ['is not on pages of others', { userName: 'bob' }, 'alice', false],
    ['is not on pages of others, who begin alike', { userName: 'alice2' }, 'alice', false],
    ["is anybody's where no user is named", { userName: 'bob' }, undefined, true],
    ['is not of another API', { userName: 'alice', api: 'ListServiceSpecificCredentials' }, 'alice', false],
    ['is not of another API, where no user is named', { api: 'ListSigningCertificatesOther' }, undefined, false],
  ])('%s', async (_what, key, changedUser, isForgotten) => {
    const { get, calls, sharing } = recorded({ ttl: 60_000 })
    const remembered = get(key)
    calls[0]?.answer('old')
    await remembered
    sharing.forget('ListSigningCertificates', changedUser)
    const asked = get(key)
    calls[1]?.answer('new')
    expect(await asked).toBe(isForgotten ? 'new' : 'old')
  })

  test('is not told by a read that began before: its waiters get it, and nobody else', async () => {
    const { get, calls, sharing } = recorded({ ttl: 60_000 })
    const before = get()
    sharing.forget('ListSigningCertificates', 'alice')
    const after = get()
    expect(calls).toHaveLength(2)
    calls[1]?.answer('new')
    expect(await after).toBe('new')
    calls[0]?.answer('old')
    expect(await before).toBe('old')
    expect(await get()).toBe('new')
    expect(sharing.underWay).toBe(0)
  })

  test('leaves who asked before free to leave: the call ends with the last of them', async () => {
    const { get, calls, sharing } = recorded()
    const leaving = new AbortController()
    const before = expect(get({}, leaving.signal)).rejects.toBe(gone)
    sharing.forget('ListSigningCertificates', 'alice')
    const after = get()
    leaving.abort(gone)
    await before
    expect(calls.map(({ signal }) => signal.aborted)).toEqual([true, false])
    calls[1]?.answer('new')
    expect(await after).toBe('new')
  })
})
