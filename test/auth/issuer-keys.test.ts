import { afterEach, describe, expect, test, vi } from 'vitest'
import { authenticating } from './authenticating.ts'
import { startIssuer } from './issuer.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('the set of keys', () => {
  test('is asked for once, when the first token comes, by however many come', async () => {
    await using own = await startIssuer()
    using authentication = authenticating(own.url)
    const tokens = await Promise.all(
      Array.from({ length: 10 }, (_, index) => own.sign({ ...own.claims(), sub: `${index}` })),
    )
    expect(own.requests).toEqual([])
    await Promise.all(tokens.map(authentication.authenticate))
    expect(own.requests).toEqual(['/.well-known/openid-configuration', '/jwks'])
  })

  test('is there before the first token where it is warmed up', async () => {
    await using own = await startIssuer()
    using authentication = authenticating(own.url)
    await authentication.warmUp()
    expect(own.requests).toHaveLength(2)
    await authentication.authenticate(await own.sign(own.claims()))
    expect(own.requests).toHaveLength(2)
  })

  test('is read again for a token of a key that is new', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    await using own = await startIssuer()
    using authentication = authenticating(own.url)
    await authentication.authenticate(await own.token())
    await own.rotate()
    vi.advanceTimersByTime(5_000)
    await expect(authentication.authenticate(await own.token({ subject: 'bob' }))).resolves.toMatchObject({
      name: 'bob',
    })
  })

  test('holds for a minute: what a key proved that was withdrawn counts no longer, though it was taken before', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    await using own = await startIssuer()
    using authentication = authenticating(own.url)
    const token = await own.token()
    await authentication.authenticate(token)
    await own.rotate()
    vi.advanceTimersByTime(59_999)
    await authentication.authenticate(token)
    vi.advanceTimersByTime(1)
    await expect(authentication.authenticate(token)).rejects.toThrow('a key that its issuer does not publish')
  })

  test('that did not change is the same: what it proved is not checked again', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    await using own = await startIssuer()
    using authentication = authenticating(own.url)
    const token = await own.token()
    await authentication.authenticate(token)
    const verify = vi.spyOn(crypto.subtle, 'verify')
    await authentication.authenticate(token)
    vi.advanceTimersByTime(60_000)
    await authentication.authenticate(token)
    expect(own.requests.filter(path => path === '/jwks')).toHaveLength(2)
    expect(verify).not.toHaveBeenCalled()
    await authentication.authenticate(await own.token({ subject: 'bob' }))
    expect(verify).toHaveBeenCalledOnce()
  })

  test('may be one that never changes, and then the issuer is not asked', async () => {
    await using own = await startIssuer()
    using authentication = authenticating(own.url, { jwks: own.jwks() })
    const token = await own.token()
    await authentication.warmUp()
    await expect(authentication.authenticate(token)).resolves.toMatchObject({ name: 'alice' })
    await own.rotate()
    await expect(authentication.authenticate(await own.token())).rejects.toThrow(
      'a key that its issuer does not publish',
    )
    expect(own.requests).toEqual(['/token', '/token'])
  })
})

describe('an issuer that is down', () => {
  test('makes tokens undecided, not refused, and is left alone for five seconds', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    await using own = await startIssuer()
    using authentication = authenticating(own.url)
    const token = await own.token()
    own.setDown(true)
    for (let asked = 0; asked < 5; asked += 1) {
      await expect(authentication.authenticate(token)).rejects.toMatchObject({
        code: 'AUTHENTICATION_UNAVAILABLE',
        extensions: { http: { status: 503 } },
      })
    }
    expect(own.requests.slice(1)).toEqual(['/.well-known/openid-configuration'])
    expect(authentication.isFailing).toBe(true)
    expect(authentication.lines).toMatchObject([{ level: 40, msg: "the issuer's keys cannot be had" }])
    own.setDown(false)
    vi.advanceTimersByTime(5_000)
    await expect(authentication.authenticate(token)).resolves.toMatchObject({ name: 'alice' })
    expect(authentication.isFailing).toBe(false)
    expect(authentication.lines).toMatchObject([{}, { level: 30, msg: "the issuer's keys can be had again" }])
  })

  test('is believed for ten minutes in what it published', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    await using own = await startIssuer()
    using authentication = authenticating(own.url)
    const [token, later] = [await own.token(), await own.token({ subject: 'bob' })]
    await authentication.authenticate(token)
    own.setDown(true)
    vi.advanceTimersByTime(599_999)
    await expect(authentication.authenticate(token)).resolves.toMatchObject({ name: 'alice' })
    await expect(authentication.authenticate(later)).resolves.toMatchObject({ name: 'bob' })
    vi.advanceTimersByTime(1)
    await expect(authentication.authenticate(token)).rejects.toMatchObject({ code: 'AUTHENTICATION_UNAVAILABLE' })
  })

  test.each([
    ['when a new one is looked for', 5_000],
    ['when those it published are a minute old', 60_000],
  ])('leaves undecided, until it is up, whose keys it may have published: %s', async (_when, later) => {
    vi.useFakeTimers({ toFake: ['performance'] })
    await using own = await startIssuer()
    using authentication = authenticating(own.url)
    await authentication.authenticate(await own.token())
    await own.rotate()
    const token = await own.token({ subject: 'bob' })
    const left = { code: 'UNAUTHENTICATED', message: expect.stringContaining('a key that its issuer does not publish') }
    await expect(authentication.authenticate(token)).rejects.toMatchObject(left)
    own.setDown(true)
    vi.advanceTimersByTime(later)
    for (const _time of [1, 2]) {
      await expect(authentication.authenticate(token)).rejects.toMatchObject({ code: 'AUTHENTICATION_UNAVAILABLE' })
    }
    own.setDown(false)
    vi.advanceTimersByTime(5_000)
    await expect(authentication.authenticate(token)).resolves.toMatchObject({ name: 'bob' })
  })

  test('does not hinder a gateway that is warmed up, nor one that is closed', async () => {
    await using own = await startIssuer()
    own.setDown(true)
    using authentication = authenticating(own.url)
    await authentication.warmUp()
    authentication.close()
    await expect(authentication.authenticate('a.b.c')).rejects.toMatchObject({ code: 'AUTHENTICATION_UNAVAILABLE' })
  })
})
