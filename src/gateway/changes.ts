import { randomUUID } from 'node:crypto'
import { type ChangeFeed, createChangeFeed } from '../change-feed/change-feed.ts'
import type { GatewayOptions } from '../config.ts'
import type { NewChange, Told } from '../events/change.ts'
import { type ChangeLog, createChangeLog } from '../events/change-log.ts'
import type { ChangeStore, StoreState } from '../events/change-store.ts'
import { createMemoryStore } from '../events/memory-store.ts'
import type { Overlay } from '../events/overlay.ts'
import { createRedisStore } from '../events/redis/store.ts'
import type { IamClient } from '../iam/client.ts'
import type { Identity } from '../iam/identity.ts'
import { listedStatus } from '../iam/listed-status.ts'
import type { Logger } from '../log.ts'
import { createReconciliation, type Reconciliation } from '../reconciliation/reconciliation.ts'

/** The log of changes, and all that fills it beside this gateway's own mutations. */
export interface Changes {
  readonly events: ChangeLog
  /** Undefined: `--reconcile-interval=0`. */
  readonly reconciliation: Reconciliation | undefined
  /** What is out of order, in words; nothing where all is well. */
  troubles(): readonly string[]
  close(): Promise<void>
}

export interface ChangesParts {
  readonly iam: IamClient
  readonly overlay: Overlay
  readonly identity: Identity
  /** The embedded sandbox's queue, where there is one. */
  readonly sandboxQueueUrl: string | undefined
  readonly log: Logger
}

const redisIsAway = 'Redis is away: changes are told once it is back'

export async function startChanges(config: GatewayOptions, parts: ChangesParts): Promise<Changes> {
  const { iam, overlay, log } = parts
  const store = createStore(config, parts)
  const events = createChangeLog({
    capacity: config.rememberedChanges,
    store,
    onState: logState(log),
    lookUp: (kind, userName, credentialId) => listedStatus(iam, kind, userName, credentialId),
    onTold(change: Told<NewChange>) {
      overlay.told(change)
      iam.forget(change.kind, change.userName)
    },
    onTakenBack({ kind, userName }: NewChange) {
      overlay.doubted(kind, userName)
      iam.forget(kind, userName)
    },
    onLost() {
      log.warn('changes were lost, for Redis came back empty or older, or was away too long: subscribers query again')
      overlay.doubted()
      iam.forget()
    },
  })
  await events.ready
  const reconciliation = startReconciliation(config, { events, store, iam, log })
  const feed = startFeed(config, events, parts)
  return {
    events,
    reconciliation,
    troubles: () => [
      ...(events.state === 'degraded' ? [redisIsAway] : []),
      // While Redis is away nothing is received.
      ...(feed?.state === 'degraded' && events.state === 'ok'
        ? ['the change queue cannot be read: changes made elsewhere are told late']
        : []),
    ],
    async close() {
      await feed?.close()
      await reconciliation?.close()
      if (events.waiting > 0) log.warn({ changes: events.waiting }, 'Redis did not come back: changes were not told')
      events.close()
      await store.close()
    },
  }
}

/** Where the account is not known its instances find each other by that alone, and not those that do know it. */
function createStore(config: GatewayOptions, { identity, log }: ChangesParts): ChangeStore {
  const { redisUrl: url, redisPrefix: prefix, rememberedChanges: capacity } = config
  const rememberedFor = config.rememberedFor * 3_600_000
  if (url === undefined) return createMemoryStore({ capacity, rememberedFor, instance: randomUUID() })
  const account = accountOf(identity)
  if (account === undefined) {
    log.warn('the account is not known: changes are shared only with instances that do not know it either')
  }
  return createRedisStore({ url, prefix, account: account ?? 'unknown', capacity, rememberedFor })
}

/** A line when the store goes and one when it is back, none for each attempt. */
function logState(log: Logger): (state: StoreState, error?: unknown) => void {
  let wasAway = false
  return (state, error) => {
    const reason = error instanceof Error ? error.message : 'no answer'
    if (state === 'degraded') {
      log.warn({ flag: '--redis-url', reason }, redisIsAway)
    }
    if (state === 'ok' && wasAway) log.info('Redis is back')
    wasAway = state === 'degraded'
  }
}

function startReconciliation(
  { reconcileInterval, consistencyWindow }: GatewayOptions,
  parts: Pick<ChangesParts, 'iam' | 'log'> & { readonly events: ChangeLog; readonly store: ChangeStore },
): Reconciliation | undefined {
  if (reconcileInterval === 0) return undefined
  return createReconciliation({
    changes: parts.events,
    store: parts.store,
    iam: parts.iam,
    log: parts.log,
    instance: randomUUID(),
    interval: reconcileInterval * 1000,
    window: consistencyWindow * 1000,
  })
}

/** Undefined: there is no queue. */
function startFeed(
  { changeQueueUrl }: GatewayOptions,
  events: ChangeLog,
  { iam, identity, sandboxQueueUrl, log }: ChangesParts,
): ChangeFeed | undefined {
  const queueUrl = changeQueueUrl ?? sandboxQueueUrl
  if (queueUrl === undefined || queueUrl === 'none') return undefined
  return createChangeFeed({
    queueUrl,
    tell: change => events.tell(change),
    canTell: () => events.state === 'ok',
    log,
    accountId: accountOf(identity),
    credentials: iam.sdk.config.credentials,
    expectsDeadLetterQueue: queueUrl !== sandboxQueueUrl,
  })
}

export function accountOf({ arn }: Identity): string | undefined {
  return arn?.split(':')[4] || undefined
}
