import { setTimeout as pause } from 'node:timers/promises'
import { vi } from 'vitest'
import { drained } from './queue.ts'
import type { Scene, SceneOptions } from './scene.ts'
import type { Watcher } from './watcher.ts'

/** Something that goes wrong while changes are made, and what clients are then told. The README has the same rows. */
export interface Fault {
  readonly name: string
  readonly told: 'each change once' | '`CHANGE_NOT_REMEMBERED`'
  /** How many clients it strikes, of all; the others are told each change once. */
  readonly share: number
  strike(scene: Scene): Promise<void>
}

/** Faults that the same instances and clients live through, one after the other. */
export interface Act {
  readonly name: string
  readonly options: SceneOptions
  readonly faults: readonly Fault[]
}

const outage = 5_000
const hour = 3_600_000
const patient = { timeout: 25_000, interval: 20 }

const queueFaults: readonly Fault[] = [
  {
    name: 'The queue answers 500',
    told: 'each change once',
    share: 1,
    async strike({ sandbox, hands }) {
      const undo = sandbox.queue.fault({ answer: { code: 'InternalFailure', status: 500 } })
      const flow = hands.begin()
      const before = receivesOf(sandbox)
      // Each instance once at least, for what is refused is not asked again at once.
      await vi.waitUntil(() => receivesOf(sandbox) >= before + 4, patient)
      undo()
      await flow.stop()
    },
  },
  {
    name: 'The queue gives each message ten times',
    told: 'each change once',
    share: 1,
    async strike({ sandbox, hands }) {
      sandbox.queue.set({ copies: 10 })
      await hands.make(30)
      sandbox.queue.set({ copies: 1 })
    },
  },
  {
    name: 'The queue gives the newest message first',
    told: 'each change once',
    share: 1,
    async strike({ sandbox, hands }) {
      sandbox.queue.set({ paused: true, reversed: true })
      await hands.make(90)
      sandbox.queue.set({ paused: false })
      await drained(sandbox)
      sandbox.queue.set({ reversed: false })
    },
  },
]

const redisFaults: readonly Fault[] = [
  {
    name: 'Redis hangs for five seconds',
    told: 'each change once',
    share: 1,
    async strike({ redis, hands }) {
      const flow = hands.begin()
      redis.hang()
      await pause(outage)
      redis.resume()
      await flow.stop()
    },
  },
  {
    name: 'Redis is down for five seconds',
    told: 'each change once',
    share: 1,
    async strike({ redis, hands }) {
      const flow = hands.begin()
      await redis.kill()
      await pause(outage)
      await redis.start()
      await flow.stop()
    },
  },
  {
    name: 'Redis is replaced by an empty one',
    told: '`CHANGE_NOT_REMEMBERED`',
    share: 1,
    async strike({ redis, hands }) {
      const flow = hands.begin()
      await hands.make(20)
      await redis.kill()
      await redis.start({ isEmpty: true })
      await hands.make(20)
      await flow.stop()
    },
  },
]

const sleep: Fault = {
  name: 'A client sleeps, and comes back',
  told: 'each change once',
  share: 0.5,
  strike: scene => sleepThrough(scene, 60),
}

const kill: Fault = {
  name: 'One of two instances is killed (`kill -9`)',
  told: 'each change once',
  share: 1,
  async strike({ instances, hands }) {
    const flow = hands.begin()
    await hands.make(20)
    await instances[0]?.killNow()
    await hands.make(20)
    await flow.stop()
  },
}

const longSleep: Fault = {
  name: 'A client sleeps for more changes than are remembered',
  told: '`CHANGE_NOT_REMEMBERED`',
  share: 0.5,
  strike: scene => sleepThrough(scene, 90),
}

const clock = (direction: 'ahead' | 'behind'): Fault => ({
  name: `The clock of one instance is an hour ${direction}`,
  told: 'each change once',
  share: 1,
  strike: ({ hands }) => hands.make(60),
})

export const acts: readonly Act[] = [
  { name: 'a hundred clients', options: { clients: 100 }, faults: [...queueFaults, sleep, ...redisFaults, kill] },
  {
    name: 'a short memory',
    options: { clients: 20, flags: ['--remembered-changes=40'] },
    faults: [longSleep],
  },
  { name: 'a fast clock', options: { clients: 20, clockShift: hour }, faults: [clock('ahead')] },
  { name: 'a slow clock', options: { clients: 20, clockShift: -hour }, faults: [clock('behind')] },
]

async function sleepThrough({ watchers, hands }: Scene, count: number): Promise<void> {
  const asleep: readonly Watcher[] = watchers.slice(0, watchers.length / 2)
  const awake = watchers.at(-1)
  for (const watcher of asleep) watcher.sleep()
  const before = awake?.changes.length ?? 0
  await hands.make(count)
  // All was told before they wake.
  await vi.waitUntil(() => (awake?.changes.length ?? 0) >= before + count, patient)
  for (const watcher of asleep) watcher.wake()
}

function receivesOf({ queue }: Scene['sandbox']): number {
  return queue.calls.filter(({ action }) => action === 'ReceiveMessage').length
}
