import { createHash } from 'node:crypto'
import type { Logger } from '../log.ts'
import type { Principal } from '../principal.ts'
import { createBudget } from './budget.ts'
import { createLeases, type Lease } from './lease.ts'
import { refused, refusedField } from './refusal.ts'
import { type Connect, createSharedStore } from './shared-store.ts'
import { createWindow } from './window.ts'

export type { Lease } from './lease.ts'

/** What a caller may use. Those who did not say who they are cannot be told apart, and have no limit here. */
export interface CallerLimits {
  /** Something is asked for, whatever becomes of it. Rejects with RATE_LIMITED. */
  asked(caller: Principal): Promise<void>
  /** A query or mutation begins; the lease ends with it. Rejects with RATE_LIMITED. */
  operation(caller: Principal): Promise<Lease>
  /** A subscription begins; the lease ends with it. Rejects with RATE_LIMITED. */
  subscription(caller: Principal): Promise<Lease>
  /** A call of IAM. Throws RATE_LIMITED, unless it is `owed`: a change that has begun is not left half made. */
  spend(caller: Principal, owed: boolean): void
  close(): Promise<void>
}

export interface CallerLimitOptions {
  readonly maxCallerOperations: number
  readonly maxCallerOperationsPerMinute: number
  readonly maxCallerIamCallsPerMinute: number
  readonly maxCallerSubscriptions: number
  readonly log: Logger
  /** Where all instances count together. Default: this one counts alone. */
  readonly shared?: { readonly connect: Connect; readonly prefix: string } | undefined
  /** Of how many callers it is remembered what they used, where this instance counts. Default 10,000. */
  readonly maxCallers?: number
}

export function createCallerLimits(options: CallerLimitOptions): CallerLimits {
  const { maxCallers = 10_000, shared: where, log } = options
  const shared = where && createSharedStore(where.connect, log)
  const placeFor = (name: string) => ({ prefix: `${where?.prefix ?? ''}:caller:${name}`, shared, maxCallers })
  const operations = createLeases({ limit: options.maxCallerOperations, ...placeFor('operations') })
  const subscriptions = createLeases({ limit: options.maxCallerSubscriptions, ...placeFor('subscriptions') })
  const asked = createWindow(placeFor('asked'))
  const calls = createBudget({
    limit: options.maxCallerIamCallsPerMinute,
    window: createWindow(placeFor('iam-calls')),
    maxCallers,
  })

  return {
    async asked(principal) {
      const caller = keyOf(principal)
      if (caller === undefined) return
      const limit = options.maxCallerOperationsPerMinute
      const { points, endsIn } = await asked.count(caller, 1)
      if (points > limit) throw refused('operationsPerMinute', limit, endsIn)
    },
    async operation(principal) {
      const caller = keyOf(principal)
      if (caller === undefined) return free
      const overspent = await calls.look(caller)
      if (overspent) throw refused('iamCallsPerMinute', options.maxCallerIamCallsPerMinute, overspent.endsIn)
      const lease = await operations.acquire(caller)
      if (!lease) throw refused('operations', options.maxCallerOperations, soon)
      return lease
    },
    // It asks IAM for nothing while it begins; its events spend, each for itself.
    async subscription(principal) {
      const caller = keyOf(principal)
      if (caller === undefined) return free
      const lease = await subscriptions.acquire(caller)
      if (!lease) throw refused('subscriptions', options.maxCallerSubscriptions, later)
      return lease
    },
    spend(principal, owed) {
      const caller = keyOf(principal)
      const overspent = caller === undefined ? undefined : calls.spend(caller, owed)
      if (overspent) throw refusedField('iamCallsPerMinute', options.maxCallerIamCallsPerMinute, overspent.endsIn)
    },
    async close() {
      await Promise.all([operations.close(), subscriptions.close()])
      shared?.close()
    },
  }
}

const free: Lease = () => {}

/** Nobody knows when what is under way ends, in milliseconds: an operation does soon, a subscription may last for days. */
const soon = 1000
const later = 10_000

/** Short, and nobody who looks into the store learns from it who asks. */
function keyOf({ key, token }: Principal): string | undefined {
  return token && createHash('sha256').update(key).digest('base64url')
}
