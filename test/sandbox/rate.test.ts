import { GetUserCommand } from '@aws-sdk/client-iam'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createRateLimit, type RateLimit } from '../../src/sandbox/rate.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { createIamClient, refusal } from './client.ts'

describe('a rate limit', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const passed = (limit: RateLimit, calls: number, action = 'ListUsers') =>
    Array.from({ length: calls }, () => limit.take(action)).filter(Boolean).length

  test("lets a second's worth pass at once, then as many as flow in, never more than it holds", () => {
    const limit = createRateLimit({ rate: 10 })
    expect(passed(limit, 25)).toBe(10)
    vi.advanceTimersByTime(300)
    expect(passed(limit, 25)).toBe(3)
    vi.advanceTimersByTime(60_000)
    expect(passed(limit, 25)).toBe(10)
  })

  test('of less than one a second holds one call', () => {
    const limit = createRateLimit({ rate: 0.5 })
    expect(passed(limit, 5)).toBe(1)
    vi.advanceTimersByTime(1900)
    expect(passed(limit, 5)).toBe(0)
    vi.advanceTimersByTime(200)
    expect(passed(limit, 5)).toBe(1)
  })

  test.each([
    [35, 10],
    [3, 10],
    [0.5, 1],
  ])('with a burst of %d lets so many pass at once, at least one, and then its rate', (burst, rate) => {
    const limit = createRateLimit({ rate, burst })
    expect(passed(limit, 100)).toBe(Math.max(1, burst))
    vi.advanceTimersByTime(1000 / rate)
    expect(passed(limit, 100)).toBe(1)
    vi.advanceTimersByTime(60_000)
    expect(passed(limit, 100)).toBe(Math.max(1, burst))
  })

  test('is for each API by itself', () => {
    const limit = createRateLimit({ rate: 2 })
    expect(passed(limit, 5, 'ListUsers')).toBe(2)
    expect(passed(limit, 5, 'GetUser')).toBe(2)
  })

  test('of 0 is none, whatever its burst', () => {
    expect(passed(createRateLimit({ rate: 0 }), 1000)).toBe(1000)
    expect(passed(createRateLimit({ rate: 0, burst: 5 }), 1000)).toBe(1000)
  })

  test('that is changed keeps what its buckets hold', () => {
    const limit = createRateLimit({ rate: 35 })
    expect(passed(limit, 30)).toBe(30)
    limit.set({ rate: 100 })
    expect(passed(limit, 200)).toBe(5)
    vi.advanceTimersByTime(500)
    expect(passed(limit, 200)).toBe(50)
  })

  test('that is changed counts what flowed in before at the rate before', () => {
    const limit = createRateLimit({ rate: 10 })
    expect(passed(limit, 10)).toBe(10)
    vi.advanceTimersByTime(500)
    limit.set({ rate: 1, burst: 100 })
    expect(passed(limit, 100)).toBe(5)
  })

  test('that is lowered cuts its buckets to what they may hold now', () => {
    const limit = createRateLimit({ rate: 35, burst: 350 })
    limit.take('ListUsers')
    limit.set({ rate: 10 })
    expect(passed(limit, 400)).toBe(10)
    expect(passed(limit, 400, 'GetUser')).toBe(10)
  })

  test('that is changed for one API is the same for the others', () => {
    const limit = createRateLimit({ rate: 2 })
    limit.set({ action: 'listusers', rate: 1 })
    expect(passed(limit, 5, 'ListUsers')).toBe(1)
    expect(passed(limit, 5, 'GetUser')).toBe(2)
    limit.set({ rate: 3 })
    vi.advanceTimersByTime(60_000)
    expect(passed(limit, 5, 'ListUsers')).toBe(3)
    expect(passed(limit, 5, 'GetUser')).toBe(3)
  })

  test('can be lifted and put back', () => {
    const limit = createRateLimit({ rate: 2 })
    expect(passed(limit, 5)).toBe(2)
    limit.set({ rate: 0 })
    expect(passed(limit, 1000)).toBe(1000)
    limit.set({ rate: 2, burst: 4 })
    expect(passed(limit, 5)).toBe(4)
  })
})

test('the rate of a sandbox is what its options say, until it is set', async () => {
  // So slow that nothing flows in while the test lasts.
  await using sandbox = await startSandbox({ rate: 0.001, burst: 3 })
  const iam = createIamClient(sandbox)
  const ask = () => iam.send(new GetUserCommand({}))
  for (let call = 0; call < 3; call++) await ask()
  expect(await refusal(ask())).toEqual({ code: 'Throttling', status: 400, message: 'Rate exceeded' })
  sandbox.setRate({ action: 'ListUsers', rate: 0 })
  expect(await refusal(ask())).toMatchObject({ code: 'Throttling' })
  sandbox.setRate({ action: 'GetUser', rate: 0 })
  for (let call = 0; call < 10; call++) await ask()
})
