import { describe, expect, test } from 'vitest'
import { createPlan } from '../../src/reconciliation/plan.ts'

const kind = 'SigningCertificate'

/** A plan whose rounds are 100 apart, on a clock of its own. */
function planned() {
  const clock = { now: 5 }
  const plan = createPlan(100, () => clock.now)
  const compare = (whose: 'all' | ReadonlySet<string>, soon?: number) => {
    const due = plan.due(kind, whose)
    if (due) plan.done(due, soon)
    return due?.whose
  }
  return { clock, plan, compare }
}

describe('what is watched', () => {
  test('is due at once, and then each interval', () => {
    const { clock, compare } = planned()
    expect(compare(new Set(['ann']))).toEqual(['ann'])
    clock.now = 104
    expect(compare(new Set(['ann']))).toBeUndefined()
    clock.now = 105
    expect(compare(new Set(['ann']))).toEqual(['ann'])
  })

  test('later is due alone, once, and all of it each interval', () => {
    const { clock, compare } = planned()
    compare(new Set(['ann']))
    expect(compare(new Set(['ann', 'ben']))).toEqual(['ben'])
    expect(compare(new Set(['ann', 'ben']))).toBeUndefined()
    clock.now = 105
    expect(compare(new Set(['ann', 'ben']))).toEqual(['ann', 'ben'])
  })

  test('again is not due before its interval', () => {
    const { compare } = planned()
    compare('all')
    expect(compare('all')).toBeUndefined()
    expect(compare(new Set(['ann']))).toBeUndefined()
  })

  test('of everybody is due at once where users were watched, and names them', () => {
    const { plan, compare } = planned()
    compare(new Set(['ann']))
    compare(new Set(['ben']))
    expect(plan.due(kind, 'all')).toMatchObject({ whose: 'all', named: ['ann', 'ben'], isRound: true })
  })

  test('is due sooner where that is wanted', () => {
    const { clock, compare } = planned()
    compare('all', 10)
    clock.now = 14
    expect(compare('all')).toBeUndefined()
    clock.now = 15
    expect(compare('all')).toBe('all')
    expect(compare('all')).toBeUndefined()
  })

  test('later, and was not compared, is due at once', () => {
    const { compare } = planned()
    compare(new Set(['ann']))
    compare(new Set(['ann', 'ben']), 10)
    expect(compare(new Set(['ann', 'ben']))).toEqual(['ben'])
  })
})
