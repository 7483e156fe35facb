import { describe, expect, test } from 'vitest'
import { iamError } from '../../src/iam/errors.ts'
import { createSession, type Issued } from '../../src/iam/session.ts'
import type { Token } from '../../src/principal.ts'
import { aToken } from './token.ts'

const hour = 3_600_000
const refused = iamError('AccessDenied', 'Not authorized.', 'request', 403)

/** A session whose exchanges are answered by the test, at a time that is the test's. */
function recorded(token = aToken()) {
  let time = 1_000_000
  const exchanges: { readonly token: Token; answer(lifetime?: number): void; refuse(error?: Error): void }[] = []
  const session = createSession({
    key: 'key',
    arn: 'arn',
    now: () => time,
    exchange: used =>
      new Promise<Issued>((resolve, reject) => {
        const accessKeyId = `ASIA${exchanges.length + 1}`
        exchanges.push({
          token: used,
          answer: (lifetime = hour) =>
            resolve({ accessKeyId, secretAccessKey: 'secret', sessionToken: 'session', lifetime }),
          refuse: (error = refused) => reject(error),
        })
      }),
  })
  session.offer(token)
  return {
    session,
    exchanges,
    pass(milliseconds: number) {
      time += milliseconds
    },
    async signer() {
      return (await session.credentials()).accessKeyId
    },
    /** What follows from an exchange's answer has happened. */
    settled: () => new Promise(resolve => setImmediate(resolve)),
  }
}

describe('a session', () => {
  test('is one exchange for all who ask at once, and for those who ask while it lasts', async () => {
    const { session, exchanges, signer } = recorded()
    const asked = [session.ready(), signer(), signer()]
    expect(exchanges).toHaveLength(1)
    exchanges[0]?.answer()
    expect(await Promise.all(asked)).toEqual([undefined, 'ASIA1', 'ASIA1'])
    expect([await signer(), exchanges.length]).toEqual(['ASIA1', 1])
  })

  test.each([
    ['five minutes before its end', hour, hour - 300_000],
    ['a fifth of a short one before its end', 900_000, 720_000],
  ])('is renewed %s, and serves until the new one is there', async (_when, lifetime, from) => {
    const { exchanges, pass, signer, settled } = recorded()
    const first = signer()
    exchanges[0]?.answer(lifetime)
    await first
    pass(from - 1)
    expect([await signer(), exchanges.length]).toEqual(['ASIA1', 1])
    pass(1)
    expect([await signer(), exchanges.length]).toEqual(['ASIA1', 2])
    exchanges[1]?.answer(lifetime)
    await settled()
    expect(await signer()).toBe('ASIA2')
  })

  test('is renewed with the newest token that was seen, whichever was seen last', async () => {
    const { session, exchanges, pass, signer } = recorded()
    const first = signer()
    exchanges[0]?.answer()
    await first
    const [newer, older] = [aToken({ expiresAt: new Date(Date.now() + 9 * hour) }), aToken({ expiresAt: new Date(0) })]
    session.offer(newer)
    session.offer(older)
    pass(hour)
    const second = signer()
    expect(exchanges[1]?.token).toBe(newer)
    exchanges[1]?.answer()
    expect(await second).toBe('ASIA2')
  })

  test('that has ended serves nobody while its renewal is under way', async () => {
    const { exchanges, pass, signer } = recorded()
    const first = signer()
    exchanges[0]?.answer()
    await first
    pass(hour - 10_000)
    const late = signer()
    exchanges[1]?.answer()
    expect(await late).toBe('ASIA2')
  })

  test('that cannot be renewed serves until its end, and then tells why', async () => {
    const { exchanges, pass, signer, settled } = recorded()
    const first = signer()
    exchanges[0]?.answer()
    await first
    pass(hour - 300_000)
    expect(await signer()).toBe('ASIA1')
    exchanges[1]?.refuse()
    await settled()
    expect([await signer(), exchanges.length]).toEqual(['ASIA1', 2])
    pass(300_000)
    const late = signer()
    exchanges[2]?.refuse()
    await expect(late).rejects.toBe(refused)
  })

  test('that is refused is refused to all for a moment, and then asked for again', async () => {
    const { exchanges, pass, signer } = recorded()
    const asked = [signer(), signer()]
    exchanges[0]?.refuse()
    for (const one of asked) await expect(one).rejects.toBe(refused)
    pass(4_999)
    await expect(signer()).rejects.toBe(refused)
    expect(exchanges).toHaveLength(1)
    pass(1)
    const later = signer()
    exchanges[1]?.answer()
    expect(await later).toBe('ASIA2')
  })

  test('that is refused for one token is asked for at once with a newer one', async () => {
    const { session, exchanges, signer } = recorded()
    const asked = signer()
    const newer = aToken({ expiresAt: new Date(Date.now() + 9 * hour) })
    session.offer(newer)
    exchanges[0]?.refuse()
    await expect(asked).rejects.toBe(refused)
    const later = signer()
    expect(exchanges[1]?.token).toBe(newer)
    exchanges[1]?.answer()
    expect(await later).toBe('ASIA2')
  })

  test('that is refused for one token is asked for with another, though that expires earlier', async () => {
    const { session, exchanges, signer } = recorded(aToken({ expiresAt: new Date(Date.now() + 100 * hour) }))
    const asked = signer()
    exchanges[0]?.refuse()
    await expect(asked).rejects.toBe(refused)
    const other = aToken()
    session.offer(other)
    const later = signer()
    expect(exchanges[1]?.token).toBe(other)
    exchanges[1]?.answer()
    expect(await later).toBe('ASIA2')
  })

  test('is not refused to whoever came with a newer token while it was asked for with an older one', async () => {
    const { session, exchanges, signer, settled } = recorded()
    const first = signer()
    const newer = aToken({ expiresAt: new Date(Date.now() + 9 * hour) })
    session.offer(newer)
    const second = signer()
    exchanges[0]?.refuse()
    await expect(first).rejects.toBe(refused)
    await settled()
    expect(exchanges[1]?.token).toBe(newer)
    exchanges[1]?.answer()
    expect(await second).toBe('ASIA2')
  })

  test('that is dropped serves nobody any more, and is exchanged anew for all who ask', async () => {
    const { session, exchanges, signer } = recorded()
    const first = signer()
    exchanges[0]?.answer()
    await first
    expect(session.drop('ASIA1')).toBe(true)
    const asked = [signer(), signer()]
    expect(exchanges).toHaveLength(2)
    exchanges[1]?.answer()
    expect(await Promise.all(asked)).toEqual(['ASIA2', 'ASIA2'])
  })

  test('is not dropped for a key that it had before', async () => {
    const { session, exchanges, signer } = recorded()
    const first = signer()
    exchanges[0]?.answer()
    await first
    session.drop('ASIA1')
    const second = signer()
    exchanges[1]?.answer()
    await second
    expect(session.drop('ASIA1')).toBe(true)
    expect([await signer(), exchanges.length]).toEqual(['ASIA2', 2])
  })

  test('is not dropped again for a moment: what is so new is as good as it gets', async () => {
    const { session, exchanges, pass, signer } = recorded()
    const first = signer()
    exchanges[0]?.answer()
    await first
    session.drop('ASIA1')
    const second = signer()
    exchanges[1]?.answer()
    await second
    pass(4_999)
    expect([session.drop('ASIA2'), await signer(), exchanges.length]).toEqual([false, 'ASIA2', 2])
    pass(1)
    expect(session.drop('ASIA2')).toBe(true)
    const third = signer()
    exchanges[2]?.answer()
    expect(await third).toBe('ASIA3')
  })

  test('is waited for by each no longer than he wants', async () => {
    const { session, exchanges, signer } = recorded()
    const gone = new Error('gone')
    const leaving = new AbortController()
    const [hurried, patient] = [session.ready(leaving.signal), signer()]
    leaving.abort(gone)
    await expect(hurried).rejects.toBe(gone)
    await expect(session.ready(leaving.signal)).rejects.toBe(gone)
    exchanges[0]?.answer()
    expect(await patient).toBe('ASIA1')
  })
})
