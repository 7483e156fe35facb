import { randomUUID } from 'node:crypto'
import { callKey, credentialKey, type NewChange, type Told } from './change.ts'
import type { ChangeStore, StoreState, Watched } from './change-store.ts'
import { createMemoryStore } from './memory-store.ts'
import { createOutbox } from './outbox.ts'
import { createReplica, type Subscribing } from './replica.ts'
import { createTeller, type LookUp } from './teller.ts'

export interface ChangeLogOptions {
  /** How many changes are remembered, and so how far a subscriber may fall behind. */
  readonly capacity: number
  /** What this instance shares with others. Default: one of its own, in memory. */
  readonly store?: ChangeStore
  /**
   * Told each change, whoever tells it, before the subscribers are: what this instance publishes at once, though it has
   * its id and its place only later. Must not throw.
   */
  readonly onTold?: (change: Told<NewChange>) => void
  /** Told what `onTold` was told at once, where the store then knew something newer, or the same. Must not throw. */
  readonly onTakenBack?: (change: NewChange) => void
  /**
   * Told, before the subscribers are, that changes were made of which this instance learns no more: what it knows of any
   * credential may be older than they are. Must not throw.
   */
  readonly onLost?: () => void
  /** Told when the store is away, and when it is back. */
  readonly onState?: (state: StoreState, error?: unknown) => void
  /** Asks IAM's list, where nobody can say which of two changes came first. Default: the one told last did. */
  readonly lookUp?: LookUp
}

export interface ChangeLog {
  /**
   * A change that this gateway made. Never rejects: where the store is away, the change is told once it is back, and
   * nobody waits for that.
   */
  publish<Change extends NewChange>(change: Change): Promise<void>
  /**
   * A call of this gateway that seems to have changed nothing. It is told only where something else was known; but of
   * a change that was under way at the same time, maybe elsewhere, it must be known which came first.
   */
  note<Change extends NewChange>(change: Change): Promise<void>
  /** A change that was learnt of elsewhere. Rejects with StoreAway: to be told again. */
  tell<Change extends NewChange>(change: Change): Promise<'told' | 'repeated' | 'moved'>
  /** The id of the newest change; before any change an id that `after` accepts, too. */
  latestId(): string
  /**
   * Resolves once this instance has read so far, for the id may come from one that has; or soon, where it does not:
   * `subscribe` then says so.
   */
  reached(id: string | null | undefined): Promise<void>
  /** What was last told of a credential, as far as it is remembered. */
  lastTold(kind: string, credentialId: string): Told<NewChange> | undefined
  /**
   * The changes that `accepts` takes, from now on or behind `after`. Throws CHANGE_NOT_REMEMBERED at once; ends with it
   * where changes were lost, and with SUBSCRIBER_TOO_SLOW once the changes to come are no longer remembered.
   */
  subscribe<Change extends NewChange>(options: Subscribing<Change>): AsyncIterableIterator<Told<Change>>
  /** Whose changes are subscribed to at this instance. */
  watched(): Watched
  /** How many subscriptions are being read: begun, not ended, not let go. */
  readonly subscribers: number
  /** Degraded: what is published is not told yet, and what others tell does not arrive. */
  readonly state: StoreState
  /** How many changes wait for the store to be back. */
  readonly waiting: number
  /** Resolves once what is remembered was read, or the store found to be away. */
  readonly ready: Promise<void>
  /** Ends every subscription, behind the changes it has not read yet. */
  close(): void
}

/** How long a mutation waits until its change is in the store, in milliseconds. */
const patience = 1_000

/**
 * Subscribers read this instance's copy of what the store remembers. One is nothing but a position in it, so a thousand
 * slow ones cost no more memory than one, and none holds up another.
 */
export function createChangeLog(options: ChangeLogOptions): ChangeLog {
  const { capacity, onTold = () => {}, onTakenBack = () => {}, onLost = () => {}, onState = () => {}, lookUp } = options
  const store = options.store ?? createMemoryStore({ capacity, instance: randomUUID() })
  /** What was published here and has no place in the order yet, by credential. */
  const ahead = new Map<string, NewChange>()
  let isReady = false

  /** It was taken for the newest change until the store knew better. */
  function takeBack(change: NewChange): void {
    onTakenBack(change)
    const newest = replica.lastTold(change.kind, change.credentialId)
    if (newest) onTold(newest)
  }

  const replica = createReplica({
    capacity,
    onTold(told) {
      const key = credentialKey(told)
      const earlier = ahead.get(key)
      ahead.delete(key)
      const isKnown = earlier?.call !== undefined && callKey(earlier) === callKey(told)
      if (isKnown && !told.superseded) return
      onTold(told)
      if (isKnown) takeBack(told)
    },
    onRestarted() {
      ahead.clear()
      // Before that nothing was known that could be old.
      if (isReady) onLost()
    },
    onLoss: onLost,
  })
  const tell = createTeller(store, lookUp)
  const outbox = createOutbox({
    capacity,
    tell,
    tellLoss: store.tellLoss,
    onDropped(change, why) {
      const key = credentialKey(change)
      if (ahead.get(key) !== change) return
      ahead.delete(key)
      // By now something newer may have been told than the same change was.
      if (why === 'repeated') takeBack(change)
    },
  })
  const following = store.follow({
    ...replica,
    changedState(state, error) {
      onState(state, error)
      if (state === 'ok') outbox.open()
      else outbox.shut()
    },
  })
  const ready = following.then(() => {
    isReady = true
  })

  return {
    async publish(change) {
      const before = replica.latestId()
      const put = outbox.put(change)
      if (replica.latestId() === before) {
        ahead.set(credentialKey(change), change)
        onTold({ ...change, ...unplaced })
      }
      await settledWithin(patience, put)
    },
    async note(change) {
      await settledWithin(patience, outbox.put(change, true))
    },
    tell: change => tell(change),
    latestId: replica.latestId,
    reached: replica.reached,
    lastTold(kind, credentialId) {
      for (const change of ahead.values()) {
        if (change.kind === kind && change.credentialId === credentialId) return { ...change, ...unplaced }
      }
      return replica.lastTold(kind, credentialId)
    },
    subscribe: replica.subscribe,
    watched: replica.watched,
    get subscribers() {
      return replica.subscribers
    },
    get state() {
      return store.state
    },
    get waiting() {
      return outbox.waiting
    },
    ready,
    close: replica.close,
  }
}

/** Of a change that has no place in the order yet. */
const unplaced = { id: '', superseded: false }

async function settledWithin(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}
