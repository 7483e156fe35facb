import { foldUserName, type Page } from '../iam/model.ts'
import type { NewChange, Told } from './change.ts'

export interface OverlayOptions {
  /** Milliseconds that a told change goes before what IAM lists; 0: what IAM lists is shown as it is. */
  readonly window: number
  /** How long pages are remembered, in milliseconds: for so long one may come that was read before. Default 0. */
  readonly cacheTtl?: number
  /** Told of each change that is held no longer: pages that were read meanwhile may still show the state before it. */
  readonly onEnded?: (change: NewChange) => void
  /** Most credentials whose changes are held; beyond it those told longest ago go first. Default 10,000. */
  readonly capacity?: number
  readonly now?: () => number
}

/** A kind of credential, as the overlay must know its rows. */
export interface Overlaid<Row> {
  readonly kind: string
  idOf(row: Row): string
  /** Whether the row says what came after the change, so that it cannot be the state before it. */
  isNewer(row: Row, change: NewChange): boolean
}

/**
 * The changes that were told and that IAM's Lists, which are eventually consistent, need not show yet. It lies over the
 * rows that a List returned, and invents none.
 */
export interface Overlay {
  told(change: Told<NewChange>): void
  /**
   * IAM did not say whether it made a change of this kind for this user, or where none is named for anybody; or where no
   * kind is named changes of any may have been missed: until the next one is told, what it lists is shown as it is.
   */
  doubted(kind?: string, userName?: string): void
  /** Whether no change is held, so that what IAM lists is shown as it is. */
  readonly isEmpty: boolean
  /** To be called when a List is asked; gives back what shows its page. No page is changed, a copy is. */
  asking<Row extends Listed>(rows: Overlaid<Row>): (page: Page<Row>) => Page<Row>
}

/** What every kind's rows have. */
export interface Listed {
  readonly userName: string
  readonly status: string
}

interface Entry {
  readonly change: Told<NewChange>
  readonly toldAt: number
  /** Whether a List that shows the status proves that IAM shows the change. */
  readonly isProvable: boolean
  /** Something newer may have happened: it is not shown any more, but still known to be behind. */
  readonly isDoubted: boolean
  /** Lists that are asked later are shown as they are, for by then IAM has shown the change. */
  provenAt: number
}

const unproven = Number.POSITIVE_INFINITY

export function createOverlay({
  window,
  cacheTtl = 0,
  capacity = 10_000,
  onEnded = () => {},
  now = () => performance.now(),
}: OverlayOptions): Overlay {
  // In the order in which they were told, and so in that in which they end.
  const entries = new Map<string, Entry>()
  /** Whose changes IAM left in doubt, and when: a List that agrees with a change told since may have seen neither. */
  const doubts = new Map<string, number>()

  function forgetEnded(): void {
    for (const [whose, at] of doubts) {
      if (now() < at + window && doubts.size <= capacity) break
      doubts.delete(whose)
    }
    for (const [key, { toldAt, change }] of entries) {
      if (now() < toldAt + window && entries.size <= capacity) return
      entries.delete(key)
      onEnded(change)
    }
  }

  /** Undefined: not at all. A deletion is never proven, for a page without the row says nothing of the others. */
  function shown<Row extends Listed>(rows: Overlaid<Row>, row: Row, askedAt: number): Row | undefined {
    const entry = entries.get(keyOf(rows.kind, row.userName, rows.idOf(row)))
    if (!entry || askedAt >= entry.toldAt + window) return row
    if (entry.isDoubted || askedAt > entry.provenAt || rows.isNewer(row, entry.change)) return row
    const { status } = entry.change
    if (status === undefined) return undefined
    if (status !== row.status) return { ...row, status }
    // Asked before the change it proves nothing; and what was asked before this answer may be answered after it.
    if (entry.isProvable && askedAt > entry.toldAt) entry.provenAt = Math.min(entry.provenAt, now() + cacheTtl)
    return row
  }

  return {
    told(change) {
      if (change.superseded) return
      forgetEnded()
      const key = keyOf(change.kind, change.userName, change.credentialId)
      const earlier = entries.get(key)
      const isInDoubt =
        doubts.has(keyOf(change.kind, change.userName, '')) || doubts.has(`${change.kind} `) || doubts.has('')
      // Disabled and enabled again: a List that says enabled may not have seen either, and next show it disabled.
      const isProvable =
        !isInDoubt &&
        (!earlier || earlier.provenAt < unproven || (earlier.isProvable && earlier.change.status === change.status))
      entries.delete(key)
      entries.set(key, { change, toldAt: now(), isProvable, isDoubted: false, provenAt: unproven })
      forgetEnded()
    },

    doubted(kind, userName) {
      const whose = kind === undefined ? '' : userName === undefined ? `${kind} ` : keyOf(kind, userName, '')
      forgetEnded()
      doubts.delete(whose)
      doubts.set(whose, now())
      for (const [key, entry] of entries) {
        if (key.startsWith(whose))
          entries.set(key, { ...entry, isProvable: false, isDoubted: true, provenAt: unproven })
      }
    },

    get isEmpty() {
      forgetEnded()
      return entries.size === 0
    },

    asking(rows) {
      forgetEnded()
      const askedAt = now()
      return page => {
        if (entries.size === 0) return page
        const items = page.items.map(row => shown(rows, row, askedAt))
        if (items.every((row, index) => row === page.items[index])) return page
        return { ...page, items: items.filter(row => row !== undefined) }
      }
    },
  }
}

/** Of one user's: a certificate deleted from one user and uploaded to another keeps its id. */
function keyOf(kind: string, userName: string, credentialId: string): string {
  return `${kind} ${foldUserName(userName)} ${credentialId}`
}
