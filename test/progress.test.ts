import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type CostCount, createCost } from '../src/iam/cost.ts'
import { createLog } from '../src/log.ts'
import { createProgress } from '../src/progress.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function follow({ found = true, terminal = true } = {}) {
  const lines: (string | undefined)[] = []
  const logged: Record<string, unknown>[] = []
  const log = createLog('info', { write: (text: string) => logged.push(JSON.parse(text)) })
  const show = terminal ? (line: string | undefined) => lines.push(line) : undefined
  return { lines, logged, progress: createProgress({ log, show, perSecond: () => (found ? 34.96 : undefined) }) }
}

function cost(estimated: number, calls: number, throttled = 0): CostCount {
  const count = createCost()
  count.estimates(estimated)
  for (let call = 0; call < calls; call++) count.sent()
  for (let call = 0; call < throttled; call++) count.wasThrottled()
  return count
}

describe('on a terminal', () => {
  test('an operation of more than five seconds shows calls done, expected, and the rate; the line goes with it', () => {
    const { lines, logged, progress } = follow()
    const count = cost(1101, 312, 2)
    const end = progress.track({ requestId: 'one', cost: count })
    vi.advanceTimersByTime(4_900)
    expect(lines).toEqual([])
    vi.advanceTimersByTime(200)
    expect(lines).toEqual(['IAM: 310 of at most 1101 calls, 35 a second'])
    count.sent()
    vi.advanceTimersByTime(250)
    expect(lines.at(-1)).toBe('IAM: 311 of at most 1101 calls, 35 a second')
    end()
    expect(lines.at(-1)).toBeUndefined()
    expect(logged).toEqual([])
  })

  test('no rate is shown while none was found', () => {
    const { lines, progress } = follow({ found: false })
    progress.track({ requestId: 'one', cost: cost(10, 3) })
    vi.advanceTimersByTime(5_100)
    expect(lines.at(-1)).toBe('IAM: 3 of at most 10 calls')
  })

  test('several share the line, which stays until the last has ended', () => {
    const { lines, progress } = follow()
    const first = progress.track({ requestId: 'one', cost: cost(100, 10) })
    const second = progress.track({ requestId: 'two', cost: cost(50, 60) })
    vi.advanceTimersByTime(5_100)
    expect(lines.at(-1)).toBe('IAM: 70 of at most 160 calls, 35 a second')
    first()
    expect(lines.at(-1)).toBe('IAM: 60 of at most 60 calls, 35 a second')
    second()
    expect(lines.at(-1)).toBeUndefined()
  })

  test('no timer is left behind', () => {
    const { progress } = follow()
    const end = progress.track({ requestId: 'one', cost: cost(1, 0) })
    expect(vi.getTimerCount()).toBe(1)
    end()
    end()
    expect(vi.getTimerCount()).toBe(0)
  })
})

test('without a terminal the log is told every ten seconds, under the request’s id', () => {
  const { logged, progress } = follow({ terminal: false })
  const end = progress.track({ requestId: 'one', cost: cost(1101, 312, 2) })
  vi.advanceTimersByTime(9_900)
  expect(logged).toEqual([])
  vi.advanceTimersByTime(11_000)
  expect(logged).toMatchObject([
    { requestId: 'one', iamCalls: 310, expected: 1101, perSecond: 35, msg: 'still asking IAM' },
    { requestId: 'one' },
  ])
  end()
  vi.advanceTimersByTime(30_000)
  expect(logged).toHaveLength(2)
})
