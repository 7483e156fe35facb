import { vi } from 'vitest'
import type { NewChange, Told } from '../../src/events/change.ts'
import { type ChangeLog, type ChangeLogOptions, createChangeLog } from '../../src/events/change-log.ts'
import type { ChangeStore } from '../../src/events/change-store.ts'
import { createRedisStore } from '../../src/events/redis/store.ts'
import type { Subscribing } from '../../src/events/replica.ts'

/** One gateway of several, as far as its log goes. */
export interface Instance extends AsyncDisposable {
  readonly log: ChangeLog
  readonly store: ChangeStore
  /** What its overlay was told: credential and status. */
  readonly overlaid: readonly string[]
  readonly states: readonly string[]
  until(state: ChangeLog['state']): Promise<void>
}

export interface InstanceOptions extends Partial<ChangeLogOptions> {
  readonly url: string
}

export async function startInstance({ url, ...options }: InstanceOptions): Promise<Instance> {
  const { capacity = 100 } = options
  const store = createRedisStore({
    url,
    prefix: 'test',
    account: '123456789012',
    capacity,
    rememberedFor: 3_600_000,
    patience: 500,
    beat: 50,
  })
  const overlaid: string[] = []
  const states: string[] = []
  const log = createChangeLog({
    capacity,
    store,
    onTold: ({ credentialId, status, superseded }) =>
      overlaid.push(`${credentialId} ${status}${superseded ? ' superseded' : ''}`),
    onState: state => states.push(state),
    ...options,
  })
  await log.ready
  return {
    log,
    store,
    overlaid,
    states,
    async until(state) {
      await vi.waitUntil(() => log.state === state, { timeout: 20_000, interval: 5 })
    },
    async [Symbol.asyncDispose]() {
      log.close()
      await store.close()
    },
  }
}

/** Everything of the kind of `aChange`. */
export function subscribe(log: ChangeLog, how: Partial<Subscribing<NewChange>> = {}) {
  const accepts = (_change: NewChange): _change is NewChange => true
  return log.subscribe({ kind: 'SigningCertificate', accepts, ...how })
}

/** The next changes, so many. */
export async function next(changes: AsyncIterator<Told<NewChange>>, count: number): Promise<Told<NewChange>[]> {
  const told: Told<NewChange>[] = []
  while (told.length < count) {
    const { done, value } = await changes.next()
    if (done) throw new Error(`expected ${count} changes, got the end after ${told.length}`)
    told.push(value)
  }
  return told
}

export const notRemembered = { extensions: { code: 'CHANGE_NOT_REMEMBERED' } }
