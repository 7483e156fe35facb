import { expect, vi } from 'vitest'
import { createPacer, type Lane, type PacedCall, type Pacer } from '../../src/iam/pacer.ts'
import { createParties } from '../../src/iam/turn.ts'

/** A pacer whose calls are answered by the test, in order of sending: `order` has their names. */
export function recorded(concurrency: number) {
  const pacer = createPacer({ concurrency })
  const order: string[] = []
  const underWay: { readonly name: string; readonly settle: (error?: unknown) => void }[] = []
  /** Lets the oldest call under way end, and the pacer act on it. */
  async function end(error?: unknown): Promise<void> {
    await turnOver()
    underWay.shift()?.settle(error)
    await turnOver()
  }
  return {
    pacer,
    order,
    end,
    async endAll(): Promise<void> {
      do await end()
      while (underWay.length > 0)
    },
    ask(name: string, call: Ask = {}): Promise<string> {
      const { api = 'ListUsers', lane = 'waiting', caller = '', operation = anOperation, ...rest } = call
      const send = () => {
        order.push(name)
        return new Promise<string>((resolve, reject) => {
          const settle = (error?: unknown) => (error === undefined ? resolve(name) : reject(error))
          underWay.push({ name, settle })
        })
      }
      const parties = createParties<Lane>({ lane, caller, operation, waits: rest.cost?.waits })
      return pacer.run({ api, parties, send, ...rest })
    },
  }
}

type Ask = Partial<Pick<PacedCall<string>, 'api' | 'signal' | 'cost' | 'parties'>> & {
  readonly lane?: Lane
  readonly caller?: string
  readonly operation?: object
}

const anOperation = {}

export const throttling = Object.assign(new Error('Rate exceeded'), {
  Code: 'Throttling',
  $metadata: { httpStatusCode: 400 },
})
export const refused = Object.assign(new Error('No.'), { Code: 'NoSuchEntity', $metadata: { httpStatusCode: 404 } })
export const gone = new Error('gone')

/** All that follows from what just happened has happened. */
export async function turnOver(): Promise<void> {
  for (let round = 0; round < 2; round += 1) await new Promise(resolve => setImmediate(resolve))
}

export function expectIdle(pacer: Pacer): void {
  expect([pacer.queued, pacer.underWay, vi.getTimerCount()]).toEqual([0, 0, 0])
}
