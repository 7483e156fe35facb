import { GatewayError } from '../gateway-error.ts'
import { foldUserName } from '../iam/model.ts'
import type { NewChange, Told } from './change.ts'
import { changeId, parseChangeId } from './change-id.ts'
import type { Entry, Follower, Place, Watched } from './change-store.ts'
import { lost, notRemembered } from './not-remembered.ts'
import { createSubscription, nap } from './subscription.ts'
import { type Watcher, watchedBy } from './watched.ts'

export interface ReplicaOptions {
  readonly capacity: number
  readonly onTold: (change: Told<NewChange>) => void
  readonly onRestarted: () => void
  readonly onLoss: () => void
}

export interface Subscribing<Change extends NewChange> {
  readonly after?: string | null | undefined
  /** Changes of this kind, of this user or of all: what the comparison of lists must look at. */
  readonly kind: Change['kind']
  readonly userName?: string | null | undefined
  readonly accepts: (change: NewChange) => change is Change
}

export interface Replica extends Omit<Follower, 'changedState'> {
  latestId(): string
  reached(id: string | null | undefined): Promise<void>
  lastTold(kind: string, credentialId: string): Told<NewChange> | undefined
  subscribe<Change extends NewChange>(options: Subscribing<Change>): AsyncIterableIterator<Told<Change>>
  watched(): Watched
  readonly subscribers: number
  close(): void
}

type Control = Exclude<Entry, { readonly of: 'change' }>

interface Slot {
  readonly place: Place
  readonly told?: Told<NewChange>
  readonly isLoss?: boolean
}

/** How long an instance may take to read what another one has, in milliseconds. */
const patience = 2_000

/** The newest entries of a store, in a ring. */
export function createReplica({ capacity, onTold, onRestarted, onLoss }: ReplicaOptions): Replica {
  let ring: Slot[] = []
  // Before anything was read: an id that nobody else will know.
  let newest: Place = { epoch: 'none', position: 0, mark: 'none' }
  /** What the oldest entry that is remembered stands behind. */
  let behind = newest
  /** Grows when what comes next does not follow what was there. */
  let era = 0
  let controls: Control[] = []
  const newestOf = new Map<string, Told<NewChange>>()
  const readers = new Set<Watcher>()
  const asleep = new Set<() => void>()
  let closed = false

  const wakeAll = () => {
    for (const wake of [...asleep]) wake()
  }

  function forgetUpTo(position: number): void {
    while (behind.position < position && behind.position < newest.position) {
      const slot = ring[(behind.position + 1) % capacity]
      if (!slot) return
      behind = slot.place
      if (!slot.told) continue
      const key = keyOf(slot.told.kind, slot.told.credentialId)
      if (newestOf.get(key) === slot.told) newestOf.delete(key)
    }
    controls = controls.filter(control => control.position > behind.position)
  }

  function placeOf(id: string): Place | undefined {
    const place = parseChangeId(id)
    if (!place || place.epoch !== newest.epoch) return undefined
    if (place.position < behind.position || place.position > newest.position) return undefined
    const known = place.position === behind.position ? behind : ring[place.position % capacity]?.place
    return known?.mark === place.mark ? place : undefined
  }

  function positionBehind({ after, kind, userName }: Pick<Subscribing<NewChange>, 'after' | 'kind' | 'userName'>) {
    if (after == null) return newest.position
    const place = placeOf(after)
    if (!place) throw notRemembered('after: the change is too old, or unknown to this gateway.')
    for (const control of controls) {
      if (control.position <= place.position) continue
      if (control.of === 'loss') throw lost()
      if (control.kind === kind && concerns(control.userNames, userName)) {
        throw notRemembered('after: from then on nobody compared what IAM lists, so changes may be missing.')
      }
    }
    return place.position
  }

  return {
    restarted(from) {
      ring = []
      controls = []
      newest = from
      behind = from
      era += 1
      newestOf.clear()
      onRestarted()
      wakeAll()
    },

    appended(entry) {
      const { epoch, position, mark } = entry
      const place = { epoch, position, mark }
      if (position - behind.position > capacity) forgetUpTo(position - capacity)
      newest = place
      if (entry.of === 'change') {
        const told = { ...entry.change, id: changeId(place), superseded: entry.superseded }
        ring[position % capacity] = { place, told }
        if (!entry.superseded) newestOf.set(keyOf(told.kind, told.credentialId), told)
        if (!entry.isOld) onTold(told)
      } else {
        ring[position % capacity] = { place, isLoss: entry.of === 'loss' }
        controls.push(entry)
        if (entry.of === 'loss' && !entry.isOld) onLoss()
      }
      wakeAll()
    },

    forgotten: forgetUpTo,

    latestId: () => changeId(newest),

    async reached(id) {
      const place = id == null ? undefined : parseChangeId(id)
      const isAhead = () => place?.epoch === newest.epoch && place.position > newest.position && !closed
      for (const until = performance.now() + patience; isAhead() && performance.now() < until; ) {
        await nap(asleep, until - performance.now())
      }
    },

    lastTold: (kind, credentialId) => newestOf.get(keyOf(kind, credentialId)),

    subscribe<Change extends NewChange>({ after, kind, userName, accepts }: Subscribing<Change>) {
      const reader = { kind, userName: userName == null ? undefined : foldUserName(userName) }
      const since = era
      let position = positionBehind({ after, kind, userName })
      return createSubscription<Told<Change>>({
        read() {
          if (era !== since) throw lost()
          if (position < behind.position) {
            throw new GatewayError(
              'SUBSCRIBER_TOO_SLOW',
              `More than ${capacity} changes were not read in time. Query the state again, then subscribe.`,
            )
          }
          while (position < newest.position) {
            position += 1
            const slot = ring[position % capacity]
            if (slot?.isLoss) throw lost()
            if (slot?.told && accepts(slot.told)) return slot.told as Told<Change>
          }
          return undefined
        },
        get isClosed() {
          return closed
        },
        asleep,
        onBegun: () => readers.add(reader),
        onEnded: () => readers.delete(reader),
      })
    },

    watched: () => watchedBy(readers),

    get subscribers() {
      return readers.size
    },

    close() {
      closed = true
      wakeAll()
    },
  }
}

function keyOf(kind: string, credentialId: string): string {
  return `${kind} ${credentialId}`
}

function concerns(userNames: readonly string[] | undefined, userName: string | null | undefined): boolean {
  return userNames === undefined || userName == null || userNames.includes(foldUserName(userName))
}
