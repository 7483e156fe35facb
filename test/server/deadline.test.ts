import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { at } from '../../src/server/deadline.ts'

const now = Date.UTC(2026, 10, 22)
const year = 365 * 24 * 3_600_000

describe('a deadline', () => {
  beforeEach(() => void vi.useFakeTimers({ now }))
  afterEach(() => void vi.useRealTimers())

  test.each([1, 1_000, year])('comes in %i ms, and no sooner', left => {
    const act = vi.fn()
    at(now + left, act)
    vi.advanceTimersByTime(left - 1)
    expect(act).not.toHaveBeenCalled()
    vi.advanceTimersByTime(2)
    expect(act).toHaveBeenCalledTimes(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test.each([-year, 0, Number.NaN])('that has passed (%d ms) comes next, once', left => {
    const act = vi.fn()
    at(now + left, act)
    expect(act).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(act).toHaveBeenCalledTimes(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test.each([1_000, year, Number.POSITIVE_INFINITY])('of %d ms that is forgotten leaves no timer', left => {
    const act = vi.fn()
    const forget = at(now + left, act)
    vi.advanceTimersByTime(500)
    forget()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(1_000)
    expect(act).not.toHaveBeenCalled()
  })
})
