import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRate } from '../../src/iam/rate.ts'
import { type Bucket, type Drawn, type Simulation, simulate } from './bucket-simulation.ts'

/** In milliseconds: on this machine, on this continent, beyond the sea. */
const latencies: [Simulation['latency']][] = [[[1, 3]], [[40, 80]], [[100, 200]]]

interface Figures {
  /** Against the least that the rate alone allows. */
  readonly time: number
  /** Of the calls. */
  readonly throttled: number
  /** The slowest client against the fastest. */
  readonly spread: number
}

/** Of each of 24 seeds; every call was answered in each. */
function figuresOf(simulation: Simulation, leastTime: number): Figures[] {
  return Array.from({ length: 24 }, (_, index) => {
    const { clients } = simulate({ ...simulation, seed: index + 1 })
    const drawn = clients.flat()
    for (const { accepted } of drawn) expect(accepted).toHaveLength(callsOf(simulation.buckets[0]))
    const ends = drawn.map(endOf)
    return {
      time: Math.max(...ends) / 1000 / leastTime,
      throttled: sum(drawn.map(({ throttled }) => throttled)) / sum(drawn.map(({ accepted }) => accepted.length)),
      spread: Math.max(...ends) / Math.min(...ends),
    }
  })
}

describe.each(latencies)('at %s ms of latency', latency => {
  test('a bucket of 35 a second is drawn at its rate, and throttles next to nothing', () => {
    const figures = figuresOf({ buckets: [{ rate: 35, burst: 35, calls: 1000 }], latency }, 1000 / 35)
    for (const { time, throttled } of figures) {
      expect(time).toBeLessThanOrEqual(1.05)
      expect(throttled).toBeLessThanOrEqual(0.025)
    }
    expect(median(figures, 'throttled')).toBeLessThanOrEqual(0.02)
  })

  test.each<[rate: number, burst: number, calls: number]>([
    [5, 5, 150],
    [5, 35, 250],
    [10, 10, 300],
    [10, 35, 300],
    [100, 35, 1000],
    [100, 100, 1000],
    [35, 350, 1000],
  ])('one of %d a second that holds %d is, too', (rate, burst, calls) => {
    for (const { time, throttled } of figuresOf({ buckets: [{ rate, burst, calls }], latency }, calls / rate)) {
      expect(time).toBeLessThanOrEqual(1.35)
      expect(throttled).toBeLessThanOrEqual(0.1)
    }
  })

  test('one whose rate drops to 10 half way, and comes back, is followed down and up', () => {
    const rate = (now: number) => (now >= 12_000 && now < 27_000 ? 10 : 35)
    const calls = 1000
    const leastTime = 27 + (calls - 12 * 35 - 15 * 10) / 35
    for (const { time, throttled } of figuresOf({ buckets: [{ rate, burst: 35, calls }], latency }, leastTime)) {
      expect(time).toBeLessThanOrEqual(1.35)
      expect(throttled).toBeLessThanOrEqual(0.1)
    }
  })

  test('two APIs have a rate each, and neither waits for the other', () => {
    const fast: Bucket = { rate: 100, burst: 100, calls: 1000 }
    const slow: Bucket = { rate: 10, burst: 10, calls: 300 }
    const { clients } = simulate({ buckets: [fast, slow], latency })
    const [ofFast = nothing, ofSlow = nothing] = clients[0] ?? []
    for (const [drawn, { calls, rate }] of [
      [ofFast, fast],
      [ofSlow, slow],
    ] as const) {
      expect(drawn.accepted).toHaveLength(Number(calls))
      expect(endOf(drawn) / 1000).toBeLessThanOrEqual((1.35 * Number(calls)) / Number(rate))
      expect(drawn.throttled / Number(calls)).toBeLessThanOrEqual(0.1)
      expect(drawn.perSecond).toBeGreaterThan(Number(rate) * 0.6)
      expect(drawn.perSecond).toBeLessThan(Number(rate) * 1.1)
    }
  })

  test('four instances on one bucket share it, and none is left behind', () => {
    const figures = figuresOf({ buckets: [{ rate: 35, burst: 35, calls: 1000 }], clients: 4, latency }, 4000 / 35)
    for (const { time, throttled, spread } of figures) {
      expect(time).toBeLessThanOrEqual(1.15)
      expect(throttled).toBeLessThanOrEqual(0.08)
      expect(spread).toBeLessThanOrEqual(1.75)
    }
    expect(median(figures, 'spread')).toBeLessThanOrEqual(1.5)
  })

  test('four instances share it from the beginning: also what 250 calls each take', () => {
    const figures = figuresOf({ buckets: [{ rate: 35, burst: 35, calls: 250 }], clients: 4, latency }, 1000 / 35)
    expect(median(figures, 'time')).toBeLessThanOrEqual(1.15)
    expect(median(figures, 'spread')).toBeLessThanOrEqual(1.5)
    for (const { time, throttled, spread } of figures) {
      expect(time).toBeLessThanOrEqual(1.35)
      expect(throttled).toBeLessThanOrEqual(0.08)
      expect(spread).toBeLessThanOrEqual(2.25)
    }
  })

  test('four instances share it, too, where the first had emptied the bucket before the others came', () => {
    const late = { clients: 4, beginWithin: 400, latency }
    const figures = figuresOf({ buckets: [{ rate: 35, burst: 35, calls: 1000 }], ...late }, 4000 / 35)
    expect(median(figures, 'spread')).toBeLessThanOrEqual(1.5)
    for (const { time, throttled, spread } of figures) {
      expect(time).toBeLessThanOrEqual(1.15)
      expect(throttled).toBeLessThanOrEqual(0.08)
      expect(spread).toBeLessThanOrEqual(2.5)
    }
  })

  test.each([
    [5, 1, 60],
    [10, 2, 150],
    [35, 2, 350],
  ])('a bucket of %i a second that holds but %i is drawn at about half of its rate at least', (rate, burst, calls) => {
    for (const { time } of figuresOf({ buckets: [{ rate, burst, calls }], latency }, calls / rate)) {
      expect(time).toBeLessThanOrEqual(2.25)
    }
  })

  test('a bucket that lets pass one call in two seconds is drawn, if not without asking in vain', () => {
    for (const { time, throttled } of figuresOf({ buckets: [{ rate: 0.5, burst: 1, calls: 60 }], latency }, 120)) {
      expect(time).toBeLessThanOrEqual(2)
      expect(throttled).toBeLessThanOrEqual(1.5)
    }
  })

  test('a bucket that filled while nobody asked gives what it holds at once', () => {
    const arrivals = [0, 60_000, 120_000].map(at => ({ at, calls: 300 }))
    const [[drawn = nothing] = []] = simulate({ buckets: [{ rate: 35, burst: 35, calls: arrivals }], latency }).clients
    expect(drawn.accepted).toHaveLength(900)
    const last = drawn.accepted.slice(600).map(at => (at - 120_000) / 1000)
    expect(last.filter(at => at < 1).length).toBeGreaterThan(45)
    expect(last.at(-1)).toBeLessThanOrEqual((300 / 35) * 1.05)
    expect(drawn.throttled / 900).toBeLessThanOrEqual(0.04)
  })

  test('a time in which every call is lost costs that time, and not the rate', () => {
    const isLost = (now: number) => now >= 8000 && now < 13_000
    const leastTime = 1000 / 35 + 5
    for (const { time, throttled } of figuresOf(
      { buckets: [{ rate: 35, burst: 35, calls: 1000 }], latency, isLost },
      leastTime,
    )) {
      expect(time).toBeLessThanOrEqual(1.15)
      expect(throttled).toBeLessThanOrEqual(0.05)
    }
  })
})

test('whatever the bucket, every call goes in the end', () => {
  const buckets = fc.record({
    rate: fc.double({ min: 0.2, max: 300, noNaN: true }),
    burst: fc.integer({ min: 1, max: 400 }),
    calls: fc.integer({ min: 1, max: 60 }),
  })
  const latency = fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 500, max: 3000 }))
  const outage = fc.tuple(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 0, max: 20_000 }))
  fc.assert(
    fc.property(
      fc.record({ bucket: buckets, latency, outage, clients: fc.integer({ min: 1, max: 4 }), seed: fc.nat(10_000) }),
      ({ bucket, latency, outage: [from, length], clients, seed }) => {
        const isLost = (now: number) => now >= from && now < from + length
        const outcome = simulate({ buckets: [bucket], latency, isLost, clients, seed })
        for (const { accepted } of outcome.clients.flat()) expect(accepted).toHaveLength(bucket.calls)
      },
    ),
    { seed: 1, numRuns: 200 },
  )
})

describe('a rate', () => {
  test('is not known until a call was throttled, and so many calls are under way as have proved to be well', () => {
    const rate = createRate()
    const send = () => {
      let sent = 0
      for (; rate.wait(0) === 0; sent += 1) rate.sent(0)
      return sent
    }
    expect(send()).toBe(4)
    expect(rate.wait(10_000)).toBe(Number.POSITIVE_INFINITY)
    for (let call = 0; call < 4; call += 1) {
      rate.accepted()
      rate.ended()
    }
    expect(send()).toBe(5)
    expect(rate.perSecond).toBeUndefined()
    rate.throttled(100, 0)
    rate.ended()
    expect(rate.perSecond).toBeGreaterThan(0)
  })

  test('is decreased once by calls that were throttled together', () => {
    const rate = createRate()
    for (let call = 0; call < 4; call += 1) rate.sent(0)
    rate.accepted()
    for (const now of [100, 101]) rate.throttled(now, 0)
    const found = rate.perSecond
    rate.throttled(102, 0)
    expect(rate.perSecond).toBe(found)
  })

  test('is not decreased by a call that came to the bucket among those sent before the last decrease', () => {
    const rate = createRate()
    for (let call = 0; call < 4; call += 1) rate.sent(0)
    rate.accepted()
    rate.throttled(200, 0)
    const found = rate.perSecond
    rate.throttled(450, 299)
    expect(rate.perSecond).toBe(found)
    rate.throttled(550, 301)
    expect(rate.perSecond).toBeLessThan(Number(found))
  })
})

const nothing: Drawn = { accepted: [], throttled: 0, perSecond: undefined }

function callsOf(bucket: Bucket | undefined): number {
  return typeof bucket?.calls === 'number' ? bucket.calls : sum((bucket?.calls ?? []).map(({ calls }) => calls))
}

function endOf({ accepted }: Drawn): number {
  return accepted.at(-1) ?? Number.POSITIVE_INFINITY
}

function median(figures: readonly Figures[], of: keyof Figures): number {
  const sorted = figures.map(one => one[of]).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}
