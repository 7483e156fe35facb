import { randomBytes } from 'node:crypto'
import { foldUserName } from '../iam/model.ts'
import { credentialKey, detailOf, type NewChange } from './change.ts'
import { parseChangeId } from './change-id.ts'
import type { ChangeStore, Entry, Follower, Offer, Place, Telling, Watched } from './change-store.ts'
import { createKnowledge } from './knowledge.ts'
import { createPictures } from './picture.ts'
import { unionOf } from './watched.ts'

export interface MemoryStoreOptions {
  /** How many entries are remembered. */
  readonly capacity: number
  /** How long, in milliseconds; default: as long as others do not come. */
  readonly rememberedFor?: number
  /** Says of a change which process made it. */
  readonly instance: string
  /** In milliseconds, of a clock that goes on steadily. */
  readonly now?: () => number
}

/** What one process alone remembers, and forgets with its end. */
export function createMemoryStore({
  capacity,
  rememberedFor = Number.POSITIVE_INFINITY,
  instance,
  now = () => performance.now(),
}: MemoryStoreOptions): ChangeStore {
  const epoch = mark()
  let last: Place = { epoch, position: 0, mark: mark() }
  const entries = new Map<number, { readonly entry: Entry; readonly at: number }>()
  let follower: Follower | undefined
  const knowledge = createKnowledge(now)
  const pictures = createPictures()
  let lease: { readonly holder: string; readonly until: number } | undefined
  const watching = new Map<string, { readonly watched: Watched; readonly until: number }>()

  function forget(): void {
    let forgotten = 0
    for (const [position, { at }] of entries) {
      if (entries.size <= capacity && at > now() - rememberedFor) break
      entries.delete(position)
      forgotten = position
    }
    if (forgotten > 0) follower?.forgotten(forgotten)
  }

  function append(of: Unplaced): Place {
    last = { epoch, position: last.position + 1, mark: mark() }
    const entry = { ...of, ...last, isOld: false }
    entries.set(last.position, { entry, at: now() })
    follower?.appended(entry)
    forget()
    return last
  }

  function tell(change: NewChange, { isQuiet, verdict }: Offer): Telling {
    knowledge.forget()
    forget()
    if (knowledge.isRepeat(change)) return { outcome: 'repeated' }
    const key = credentialKey(change)
    const pictured = pictures.row(change)
    if (change.source === 'RECONCILIATION' && pictured?.status !== change.previousStatus) return { outcome: 'moved' }
    const newest = knowledge.newest(key)
    const isNewer = knowledge.isNewer(change, instance)
    if (isNewer === undefined && newest && verdict?.with !== newest.mark) {
      return { outcome: 'tied', with: newest.mark, status: newest.status }
    }
    const superseded = !(isNewer ?? verdict?.isNewer ?? true)
    const earlier = newest ? newest.status : pictured?.status
    if (isQuiet && (superseded || earlier === change.status || (!newest && !pictured))) {
      knowledge.told(change, { superseded, by: instance, mark: mark() })
      return { outcome: 'repeated' }
    }
    const isFilled = change.source === 'CLOUDTRAIL' && change.previousStatus === undefined && !superseded
    const previousStatus = isFilled && earlier !== change.status ? earlier : change.previousStatus
    const place = append({ of: 'change', change: { ...change, previousStatus }, superseded })
    knowledge.told(change, { superseded, by: instance, mark: place.mark })
    if (!superseded) pictures.told(change, detailOf(change))
    return { outcome: 'told' }
  }

  return {
    async tell(change, how = {}) {
      return tell(change, how)
    },

    async tellLoss() {
      append({ of: 'loss' })
    },

    async follow(one) {
      follower = one
      follower.restarted(last)
      follower.changedState('ok')
    },

    async pictureOf(kind, userName) {
      return pictures.of(kind, userName)
    },

    async takePicture({ kind, userNames, rows, since }) {
      const place = parseChangeId(since)
      const oldest = entries.keys().next().value ?? last.position + 1
      if (place?.epoch !== epoch || place.position < oldest - 1 || place.position > last.position) return 'moved'
      const later = [...entries.values()].flatMap(({ entry }) =>
        entry.position > place.position && entry.of === 'change' && !entry.superseded ? [entry.change] : [],
      )
      const folded = userNames?.map(foldUserName)
      pictures.take(kind, folded, rows)
      for (const change of later) pictures.told(change, detailOf(change))
      append({ of: 'picture', kind, userNames: folded })
      return 'taken'
    },

    async lease(holder, milliseconds) {
      if (lease && lease.holder !== holder && lease.until > now()) return false
      lease = { holder, until: now() + milliseconds }
      return true
    },

    async release(holder) {
      if (lease?.holder === holder) lease = undefined
    },

    async watch(name, watched, milliseconds) {
      watching.set(name, { watched, until: now() + milliseconds })
    },

    async watchedByAnybody() {
      const lasting = [...watching].filter(([, { until }]) => until > now())
      for (const name of watching.keys()) if (!lasting.some(([other]) => other === name)) watching.delete(name)
      return unionOf(lasting.map(([, { watched }]) => watched))
    },

    state: 'ok',

    async close() {},
  }
}

type Unplaced<One = Entry> = One extends Entry ? Omit<One, keyof Place | 'isOld'> : never

function mark(): string {
  return randomBytes(9).toString('base64url')
}
