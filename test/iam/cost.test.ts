import { expect, test } from 'vitest'
import { createCost } from '../../src/iam/cost.ts'

test('what an operation cost is counted, each for itself', () => {
  const cost = createCost()
  cost.sent()
  cost.sent()
  cost.wasThrottled()
  cost.wasShared()
  cost.wasCached()
  expect(cost).toMatchObject({ calls: 2, throttled: 1, shared: 1, cached: 1, waited: 0 })
  expect(createCost()).toMatchObject({ calls: 0, throttled: 0, shared: 0, cached: 0, waited: 0 })
})

test('the time in which several calls wait at once is counted once, and none beside it', () => {
  let now = 1000
  const cost = createCost(() => now)
  const pass = (milliseconds: number) => {
    now += milliseconds
    return cost.waited
  }
  expect(pass(10)).toBe(0)
  const first = cost.waits()
  expect(pass(10)).toBe(10)
  const second = cost.waits()
  expect(pass(10)).toBe(20)
  first()
  first()
  expect(pass(10)).toBe(30)
  second()
  expect(pass(10)).toBe(30)
  const third = cost.waits()
  expect(pass(5)).toBe(35)
  third()
  expect(pass(5)).toBe(35)
})
