import { createRate, type Rate } from '../../src/iam/rate.ts'

/** Buckets of tokens and those who draw from them, in a time that is not this machine's. All of it in milliseconds. */
export interface Simulation {
  /** One for each API. */
  readonly buckets: readonly Bucket[]
  /** A call's time on the way, there and back: any between these two, each as likely. */
  readonly latency: readonly [least: number, most: number]
  /** How many draw from the buckets, nothing shared between them. */
  readonly clients?: number
  /** The clients begin at any time within the first so many; default 5. */
  readonly beginWithin?: number
  readonly seed?: number
  /** True while what is sent is lost, without taking a token. */
  readonly isLost?: (now: number) => boolean
}

export interface Bucket {
  /** Calls a second. */
  readonly rate: number | ((now: number) => number)
  readonly burst: number
  /** How many calls each client has to make: from the beginning, or from certain times on. */
  readonly calls: number | readonly { readonly at: number; readonly calls: number }[]
}

export interface Outcome {
  /** Of each client, in the order of the buckets. */
  readonly clients: readonly (readonly Drawn[])[]
}

export interface Drawn {
  /** When each call that was accepted was answered. */
  readonly accepted: readonly number[]
  readonly throttled: number
  readonly perSecond: number | undefined
}

/** What one process can send, and what the gateway has under way at most by default. */
const work = 1
const concurrency = 25

export function simulate(simulation: Simulation): Outcome {
  const { buckets, latency, clients = 1, beginWithin = 5, seed = 1, isLost = () => false } = simulation
  const random = randomOf(seed)
  const clock = createClock()
  const servers = buckets.map(bucket => createServer(bucket))

  function startClient(): readonly Line[] {
    const lines = servers.map(server => ({
      server,
      rate: createRate(),
      left: 0,
      accepted: [] as number[],
      throttled: 0,
    }))
    const timers = new Map<Line, object>()
    let underWay = 0
    let busyUntil = 0

    function pump(): void {
      for (let sent = true; sent; ) sent = lines.map(sendNext).includes(true)
    }

    function sendNext(line: Line): boolean {
      if (line.left === 0 || underWay >= concurrency) return false
      const wait = line.rate.wait(clock.now)
      if (wait === 0) send(line)
      else if (wait !== Number.POSITIVE_INFINITY && !timers.has(line)) wakeIn(Math.max(1, Math.ceil(wait)), line)
      return wait === 0
    }

    function wakeIn(wait: number, line: Line): void {
      timers.set(line, {})
      clock.at(clock.now + wait, () => {
        timers.delete(line)
        pump()
      })
    }

    function send(line: Line): void {
      const sentAt = clock.now
      const oneWay = (latency[0] + (latency[1] - latency[0]) * random()) / 2
      line.left -= 1
      underWay += 1
      line.rate.sent(sentAt)
      busyUntil = Math.max(sentAt, busyUntil) + work
      clock.at(busyUntil + oneWay, () => {
        const answer = isLost(clock.now) ? 'lost' : line.server.take(clock.now) ? 'accepted' : 'throttled'
        clock.at(clock.now + oneWay, () => receive(line, answer, sentAt))
      })
    }

    function receive(line: Line, answer: 'lost' | 'accepted' | 'throttled', sentAt: number): void {
      underWay -= 1
      if (answer !== 'accepted') line.left += 1
      if (answer === 'accepted') {
        line.accepted.push(clock.now)
        line.rate.accepted()
      }
      if (answer === 'throttled') {
        line.throttled += 1
        line.rate.throttled(clock.now, sentAt)
      }
      line.rate.ended()
      pump()
    }

    const startsAt = random() * beginWithin
    for (const line of lines) {
      for (const { at, calls } of line.server.arrivals) {
        clock.at(startsAt + at, () => {
          line.left += calls
          pump()
        })
      }
    }
    return lines
  }

  const started = Array.from({ length: clients }, startClient)
  clock.run()
  return {
    clients: started.map(lines =>
      lines.map(({ accepted, throttled, rate }) => ({ accepted, throttled, perSecond: rate.perSecond })),
    ),
  }
}

interface Line {
  readonly server: Server
  readonly rate: Rate
  readonly accepted: number[]
  left: number
  throttled: number
}

interface Server {
  readonly arrivals: readonly { readonly at: number; readonly calls: number }[]
  take(now: number): boolean
}

function createServer({ rate, burst, calls }: Bucket): Server {
  const rateAt = typeof rate === 'number' ? () => rate : rate
  let tokens = burst
  let filledAt = 0
  return {
    arrivals: typeof calls === 'number' ? [{ at: 0, calls }] : calls,
    take(now) {
      tokens = Math.min(burst, tokens + ((now - filledAt) * rateAt(now)) / 1000)
      filledAt = now
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
  }
}

/** Long after the slowest simulation ends: by then, what is not over never will be. */
const endOfTime = 3_600_000

function createClock() {
  const events: { readonly at: number; readonly happen: () => void }[] = []
  const clock = {
    now: 0,
    at(at: number, happen: () => void): void {
      const index = events.findLastIndex(event => event.at <= at)
      events.splice(index + 1, 0, { at, happen })
    },
    run(): void {
      for (let event = events.shift(); event && event.at < endOfTime; event = events.shift()) {
        clock.now = event.at
        event.happen()
      }
    },
  }
  return clock
}

/** The same numbers from the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    const mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    const more = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((more ^ (more >>> 14)) >>> 0) / 2 ** 32
  }
}
