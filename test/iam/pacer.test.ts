import { setMaxListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createCost } from '../../src/iam/cost.ts'
import type { Lane } from '../../src/iam/pacer.ts'
import { createParties } from '../../src/iam/turn.ts'
import { expectIdle, gone, recorded, refused, throttling, turnOver } from './recorded-pacer.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the order', () => {
  test('is changes and what they read, then what a person waits for, then the rest', async () => {
    const { ask, order, pacer, endAll } = recorded(1)
    const asked = [
      ask('first'),
      ask('background', { lane: 'background' }),
      ask('waiting', { lane: 'waiting' }),
      ask('more in the background', { lane: 'background' }),
      ask('more waiting', { lane: 'waiting' }),
    ]
    await endAll()
    await Promise.all(asked)
    expect(order).toEqual(['first', 'waiting', 'more waiting', 'background', 'more in the background'])
    expectIdle(pacer)
  })

  test('is urgent before waiting also where all of them wait for the rate', async () => {
    const { ask, order, pacer, end, endAll } = recorded(25)
    const throttled = ask('throttled')
    await end(throttling)
    const asked = [
      throttled,
      ask('waiting'),
      ask('background', { lane: 'background' }),
      ask('urgent', { lane: 'urgent' }),
    ]
    for (let round = 0; round < 4; round += 1) {
      await vi.advanceTimersByTimeAsync(1_500)
      await endAll()
    }
    await Promise.all(asked)
    expect(order).toEqual(['throttled', 'urgent', 'throttled', 'waiting', 'background'])
    expectIdle(pacer)
  })

  test('lets operations take turns: a page of ten does not wait for a sweep of a thousand', async () => {
    const { ask, order, endAll } = recorded(1)
    const [sweep, page] = [{}, {}]
    const asked = Array.from({ length: 1000 }, () => ask('sweep', { operation: sweep }))
    asked.push(...Array.from({ length: 10 }, () => ask('page', { operation: page })))
    await endAll()
    await Promise.all(asked)
    expect(order).toHaveLength(1010)
    expect(order.lastIndexOf('page')).toBeLessThanOrEqual(21)
  })

  test('lets callers take turns, whatever the number of their operations: the gateway itself is one of them', async () => {
    const { ask, order, endAll } = recorded(1)
    const asked = Array.from({ length: 50 }, (_, sweep) => {
      const operation = {}
      return [1, 2].map(call => ask(`greedy ${sweep}.${call}`, { caller: 'greedy', operation }))
    }).flat()
    const page = {}
    asked.push(...[1, 2, 3].map(call => ask(`modest ${call}`, { caller: 'modest', operation: page })))
    asked.push(ask('itself', { operation: {} }), ask('itself again', { operation: {} }))
    await endAll()
    await Promise.all(asked)
    expect(order.slice(0, 10)).toEqual([
      'greedy 0.1',
      'greedy 0.2',
      'modest 1',
      'itself',
      'greedy 1.1',
      'modest 2',
      'itself again',
      'greedy 2.1',
      'modest 3',
      'greedy 3.1',
    ])
    expect(order).toHaveLength(105)
  })

  test('of the calls of one operation is that in which they were asked', async () => {
    const { ask, order, endAll } = recorded(2)
    const names = Array.from({ length: 20 }, (_, index) => `${index}`)
    const asked = names.map(name => ask(name))
    await endAll()
    await Promise.all(asked)
    expect(order).toEqual(names)
  })

  test('is waiting before background also across the APIs', async () => {
    const { ask, order, endAll } = recorded(1)
    const asked = [
      ask('first'),
      ask('background', { api: 'ListUsers', lane: 'background' }),
      ask('waiting', { api: 'GetUser' }),
    ]
    await endAll()
    await Promise.all(asked)
    expect(order).toEqual(['first', 'waiting', 'background'])
  })

  test('of a call that goes for several is that of whichever comes first', async () => {
    const { ask, order, endAll } = recorded(1)
    const [sweep, page] = [{}, {}]
    const shared = createParties<Lane>({ lane: 'background', caller: '', operation: sweep })
    const asked = [
      ask('first'),
      ask('background', { lane: 'background', operation: sweep }),
      ask('shared', { parties: shared }),
      ask('page', { operation: page }),
    ]
    shared.join({ lane: 'waiting', caller: '', operation: page })
    await endAll()
    await Promise.all(asked)
    expect(order).toEqual(['first', 'page', 'shared', 'background'])
  })
})

describe('of many calls', () => {
  test('no more are under way than the concurrency, but for urgent ones', async () => {
    const { ask, pacer, endAll } = recorded(3)
    const asked = Array.from({ length: 30 }, () => ask('waiting'))
    expect([pacer.underWay, pacer.queued]).toEqual([3, 27])
    asked.push(ask('urgent', { lane: 'urgent', api: 'UpdateSigningCertificate' }))
    expect(pacer.underWay).toBe(4)
    await endAll()
    await Promise.all(asked)
    expectIdle(pacer)
  })

  test('those of one API do not wait for the rate of another', async () => {
    const { ask, order, pacer, end, endAll } = recorded(25)
    const throttled = ask('throttled', { api: 'GetUser' })
    await end(throttling)
    const others = Array.from({ length: 3 }, () => ask('other', { api: 'ListUsers' }))
    await turnOver()
    expect(order).toEqual(['throttled', 'other', 'other', 'other'])
    await endAll()
    await Promise.all(others)
    expect([pacer.rateOf('ListUsers'), pacer.rateOf('GetUser')]).toEqual([undefined, expect.any(Number)])
    await vi.advanceTimersByTimeAsync(1_500)
    await endAll()
    await throttled
  })
})

describe('a call that IAM throttles', () => {
  test('goes again in its turn, before the other calls of its operation', async () => {
    const { ask, order, end, endAll, pacer } = recorded(1)
    const [sweep, page] = [{}, {}]
    const asked = [
      ask('first'),
      ask('sweep 1', { operation: sweep }),
      ask('sweep 2', { operation: sweep }),
      ask('page 1', { operation: page }),
      ask('page 2', { operation: page }),
    ]
    await end()
    await end(throttling)
    for (let round = 0; round < 8; round += 1) {
      await vi.advanceTimersByTimeAsync(1_500)
      await endAll()
    }
    await Promise.all(asked)
    expect(order).toEqual(['first', 'sweep 1', 'page 1', 'sweep 1', 'page 2', 'sweep 2'])
    expectIdle(pacer)
  })

  test('goes again for as long as it takes', async () => {
    const { ask, order, end, endAll, pacer } = recorded(1)
    const cost = createCost()
    const asked = ask('call', { cost })
    for (let round = 0; round < 20; round += 1) {
      await end(throttling)
      await vi.advanceTimersByTimeAsync(10_001)
    }
    await endAll()
    expect(await asked).toBe('call')
    expect(order).toHaveLength(21)
    expect(cost).toMatchObject({ calls: 21, throttled: 20 })
    expect(cost.waited).toBeGreaterThan(1000)
    expectIdle(pacer)
  })

  test('counts as waiting for everybody it goes for, from when they joined', async () => {
    const { ask, end, endAll } = recorded(1)
    const costs = [createCost(), createCost()] as const
    const parties = createParties<Lane>({ lane: 'waiting', caller: '', operation: {}, waits: costs[0].waits })
    const asked = [ask('first'), ask('shared', { parties })]
    await vi.advanceTimersByTimeAsync(300)
    parties.join({ lane: 'waiting', caller: '', operation: {}, waits: costs[1].waits })
    await vi.advanceTimersByTimeAsync(200)
    await end()
    await vi.advanceTimersByTimeAsync(1000)
    await endAll()
    await Promise.all(asked)
    expect(costs.map(({ waited }) => waited)).toEqual([500, 200])
  })

  test('wakes nobody but by one timer for each API, however many wait', async () => {
    const { ask, end, endAll } = recorded(25)
    const asked = ['GetUser', 'ListUsers'].map(api => ask('throttled', { api }))
    await end(throttling)
    await end(throttling)
    asked.push(...Array.from({ length: 100 }, () => ask('waiting', { api: 'GetUser' })))
    expect(vi.getTimerCount()).toBe(2)
    while (vi.getTimerCount() > 0) {
      await vi.advanceTimersByTimeAsync(1_000)
      await endAll()
    }
    await Promise.all(asked)
  })

  test.each([
    ['is refused', refused],
    ['is lost', gone],
  ])('and then %s ends so', async (_how, error) => {
    const { ask, end, pacer } = recorded(1)
    const asked = expect(ask('call')).rejects.toBe(error)
    await end(throttling)
    await vi.advanceTimersByTimeAsync(1_500)
    await end(error)
    await asked
    expectIdle(pacer)
  })
})

describe('a signal', () => {
  test('given already lets nothing be sent', async () => {
    const { ask, order, pacer } = recorded(1)
    await expect(ask('call', { signal: AbortSignal.abort(gone) })).rejects.toBe(gone)
    expect(order).toEqual([])
    expectIdle(pacer)
  })

  test('ends what queues, at once, and no other', async () => {
    const { ask, order, endAll, pacer } = recorded(1)
    const controller = new AbortController()
    const { signal } = controller
    setMaxListeners(0, signal)
    const first = ask('first')
    const queued = Array.from({ length: 100 }, () => ask('queued', { signal, operation: controller }))
    const other = ask('other')
    controller.abort(gone)
    expect([pacer.queued, pacer.underWay]).toEqual([1, 1])
    for (const one of queued) await expect(one).rejects.toBe(gone)
    await endAll()
    expect(await Promise.all([first, other])).toEqual(['first', 'other'])
    expect(order).toEqual(['first', 'other'])
    expectIdle(pacer)
  })

  test('ends what waits again: it ends as IAM had it, and nothing is left to wake up for', async () => {
    const { ask, order, end, pacer } = recorded(1)
    const controller = new AbortController()
    const asked = expect(ask('call', { signal: controller.signal })).rejects.toBe(throttling)
    await end(throttling)
    expect(vi.getTimerCount()).toBe(1)
    controller.abort(gone)
    await asked
    expect(order).toEqual(['call'])
    expectIdle(pacer)
  })

  test('that comes while the call is under way ends it where IAM then throttles it', async () => {
    const { ask, end, pacer } = recorded(1)
    const controller = new AbortController()
    const asked = expect(ask('call', { signal: controller.signal })).rejects.toBe(throttling)
    controller.abort(gone)
    await end(throttling)
    await asked
    expectIdle(pacer)
  })
})

test('what IAM refuses has passed its bucket; what was lost says nothing of it', async () => {
  for (const [error, more] of [
    [refused, 5],
    [gone, 4],
  ] as const) {
    const { ask, end, endAll, pacer } = recorded(25)
    for (let call = 0; call < 12; call += 1) {
      const asked = expect(ask('call')).rejects.toBe(error)
      await end(error)
      await asked
    }
    const asked = Array.from({ length: 20 }, () => ask('call'))
    expect(pacer.underWay).toBe(more)
    await endAll()
    await Promise.all(asked)
  }
})
