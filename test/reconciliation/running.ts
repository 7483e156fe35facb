import { randomUUID } from 'node:crypto'
import pino from 'pino'
import { vi } from 'vitest'
import type { NewChange, Told } from '../../src/events/change.ts'
import { type ChangeLog, createChangeLog } from '../../src/events/change-log.ts'
import type { ChangeStore } from '../../src/events/change-store.ts'
import { createMemoryStore } from '../../src/events/memory-store.ts'
import { createIamClient, type IamClient } from '../../src/iam/client.ts'
import { createReconciliation, type Reconciliation } from '../../src/reconciliation/reconciliation.ts'
import type { Sandbox } from '../../src/sandbox/server.ts'

export const certificates = 'SigningCertificate'
export const credentials = 'ServiceSpecificCredential'

export interface Running extends AsyncDisposable {
  readonly changes: ChangeLog
  readonly iam: IamClient
  readonly reconciliation: Reconciliation
  /** What was logged. */
  readonly lines: readonly Line[]
  /** Resolves once so many comparisons of the kind are over, counted from the beginning. */
  compared(kind: string, count?: number): Promise<void>
  /** Resolves once so many comparisons of the kind have begun and ended since now. */
  comparedAgain(kind: string): Promise<void>
  watch(kind: string, userName?: string, after?: string): AsyncIterableIterator<Told<NewChange>>
}

export interface Line {
  readonly level: number
  readonly msg: string
  readonly kind?: string
  readonly code?: string
  readonly told?: number
  readonly calls?: number
}

export interface RunningOptions {
  readonly interval?: number
  readonly window?: number
  readonly store?: ChangeStore
  readonly changes?: ChangeLog
}

/** The comparisons of one instance, on a sandbox. A round follows the other after an hour, unless said otherwise. */
export function startReconciliation(sandbox: Sandbox, options: RunningOptions = {}): Running {
  const { interval = 3_600_000, window = 20, store = memoryStore() } = options
  const changes = options.changes ?? createChangeLog({ capacity: 1_000, store })
  const { url: endpoint, credentials } = sandbox
  const iam = createIamClient({ endpoint, region: 'us-east-1', credentials, cacheTtl: 60_000 })
  const lines: Line[] = []
  const log = pino({ level: 'debug' }, { write: line => lines.push(JSON.parse(line)) })
  const reconciliation = createReconciliation({
    changes,
    store,
    iam,
    instance: randomUUID(),
    interval,
    window,
    log,
    beat: 5,
  })
  const comparisons = (kind: string) =>
    lines.filter(line => line.kind === kind && line.msg.startsWith('compared')).length
  const compared = (kind: string, count = 1) =>
    vi.waitUntil(() => comparisons(kind) >= count, { timeout: 20_000, interval: 5 })
  return {
    changes,
    iam,
    reconciliation,
    lines,
    async compared(kind, count) {
      await compared(kind, count)
    },
    // One may be under way.
    async comparedAgain(kind) {
      await compared(kind, comparisons(kind) + 2)
    },
    watch(kind, userName, after) {
      const accepts = (change: NewChange): change is NewChange => change.kind === kind
      const subscription = changes.subscribe({ kind, userName, after, accepts })
      return begun(subscription)
    },
    async [Symbol.asyncDispose]() {
      await reconciliation.close()
      changes.close()
      iam.destroy()
    },
  }
}

export function memoryStore(): ChangeStore {
  return createMemoryStore({ capacity: 1_000, instance: randomUUID() })
}

/** The next changes, so many. */
export async function next(changes: AsyncIterator<Told<NewChange>>, count = 1): Promise<Told<NewChange>[]> {
  const told: Told<NewChange>[] = []
  while (told.length < count) {
    const { done, value } = await changes.next()
    if (done) throw new Error(`expected ${count} changes, got the end after ${told.length}`)
    told.push(value)
  }
  return told
}

/** IAM's calls, with the user they name. */
export function callsOf(sandbox: Sandbox): string[] {
  return sandbox.calls
    .map(({ action, parameters: { UserName } }) => (UserName ? `${action} ${UserName}` : action))
    .filter(call => call.startsWith('List'))
}

/** A subscription counts from when it is first read: as a server does it, at once. */
function begun<One>(subscription: AsyncIterableIterator<One>): AsyncIterableIterator<One> {
  let first: Promise<IteratorResult<One>> | undefined = subscription.next()
  first.catch(() => {})
  const reading: AsyncIterableIterator<One> = {
    next() {
      const value = first ?? subscription.next()
      first = undefined
      return value
    },
    return: async () => (await subscription.return?.()) ?? { done: true, value: undefined },
    [Symbol.asyncIterator]: () => reading,
  }
  return reading
}
