import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createRateLimit } from '../../src/sandbox/rate.ts'

describe('a rate limit', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const passed = (take: (action: string) => boolean, calls: number, action = 'ListUsers') =>
    Array.from({ length: calls }, () => take(action)).filter(Boolean).length

  test("lets a second's worth pass at once, then as many as flow in, never more than it holds", () => {
    const take = createRateLimit(10)
    expect(passed(take, 25)).toBe(10)
    vi.advanceTimersByTime(300)
    expect(passed(take, 25)).toBe(3)
    vi.advanceTimersByTime(60_000)
    expect(passed(take, 25)).toBe(10)
  })

  test('of less than one a second holds one call', () => {
    const take = createRateLimit(0.5)
    expect(passed(take, 5)).toBe(1)
    vi.advanceTimersByTime(1900)
    expect(passed(take, 5)).toBe(0)
    vi.advanceTimersByTime(200)
    expect(passed(take, 5)).toBe(1)
  })

  test('is for each API by itself', () => {
    const take = createRateLimit(2)
    expect(passed(take, 5, 'ListUsers')).toBe(2)
    expect(passed(take, 5, 'GetUser')).toBe(2)
  })

  test('of 0 is none', () => {
    expect(passed(createRateLimit(0), 1000)).toBe(1000)
  })
})
