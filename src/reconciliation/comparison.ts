import { setTimeout as pause } from 'node:timers/promises'
import type { ChangeLog } from '../events/change-log.ts'
import type { ChangeStore, Pictured } from '../events/change-store.ts'
import type { IamClient } from '../iam/client.ts'
import type { IamError } from '../iam/errors.ts'
import { foldUserName } from '../iam/model.ts'
import { beginOperation } from '../iam/operation.ts'
import { groupByUser } from './by-user.ts'
import { agreeing, type Difference, differences } from './difference.ts'
import { type Reading, read, type Whose } from './reading.ts'

export interface Comparing {
  readonly iam: IamClient
  readonly store: Pick<ChangeStore, 'pictureOf' | 'takePicture'>
  readonly changes: Pick<ChangeLog, 'tell'>
  /** Milliseconds between two lists that must agree. */
  readonly window: number
}

export interface Task {
  readonly kind: string
  readonly whose: Whose
  /** Users of whom alone a picture may have been taken, where everybody's are compared. */
  readonly named: readonly string[]
  /** The latest id of a window ago: what was told since, lists need not show yet. */
  readonly since: string
  readonly signal: AbortSignal
}

export interface Comparison {
  readonly users: number
  readonly calls: number
  readonly told: number
  /** Of how many users IAM does not let the gateway list the credentials. */
  readonly refused: number
  readonly error: IamError | undefined
  /** False where the first picture could not be taken, for too much was told meanwhile. */
  readonly isPictured: boolean
}

/**
 * Asks IAM for credentials, and tells of what is other than was last known, once a second list agrees. Of whom nothing
 * was known it takes the first picture, and tells nobody. Rejects with StoreAway, and where the signal ends it.
 */
export async function compare(comparing: Comparing, { kind, whose, named, since, signal }: Task): Promise<Comparison> {
  const { store, changes, window } = comparing
  const operation = beginOperation({
    client: signal,
    timeout: longest,
    // The pacer's budget is the only one.
    maxCalls: Number.POSITIVE_INFINITY,
    lane: 'background',
  })
  const iam = comparing.iam.on(operation)
  let told = 0

  /** What IAM lists, against the picture. */
  async function look(): Promise<Look> {
    const everybody = whose === 'all' ? await store.pictureOf(kind, undefined) : undefined
    const picture = everybody && groupByUser(everybody)
    const look = createLook()
    const reading = await read(iam, kind, whose, async listing => {
      const { userName } = listing
      const known = picture ? (picture.get(foldUserName(userName)) ?? []) : await store.pictureOf(kind, userName)
      if (known) look.known(userName, known, differences(known, listing))
      else look.unknown(userName, listing.credentials)
    })
    const gone = picture ? [...picture.keys()] : whose === 'all' ? named : []
    for (const name of reading.isWhole ? gone : []) {
      if (look.has(name) || reading.refused.has(foldUserName(name))) continue
      const known = (picture ? picture.get(name) : await store.pictureOf(kind, name)) ?? []
      look.known(name, known, differences(known, { credentials: [], listedAt: reading.answeredAt }))
    }
    const isComplete = whose === 'all' && reading.isWhole && reading.refused.size === 0
    return { ...look.found(), reading, lacksEverybody: isComplete && !picture }
  }

  /** A picture of everybody takes the place of those of single users, whose differences are not told yet: it keeps them. */
  async function takeFirst({ lacksEverybody, unknown, rows, known }: Look): Promise<boolean> {
    if (!lacksEverybody && unknown.length === 0) return true
    const picture = lacksEverybody
      ? { kind, userNames: undefined, rows: [...known, ...rows], since }
      : { kind, userNames: unknown, rows, since }
    return (await store.takePicture(picture)) === 'taken'
  }

  /** The users are asked for again, but for those of whom the change was told meanwhile. */
  async function confirm(found: Look['differing']): Promise<Reading | undefined> {
    if (found.size === 0) return undefined
    await pause(window, undefined, { signal, ref: false })
    const left = new Map<string, readonly Difference[]>()
    for (const [name, all] of found) {
      const known = (await store.pictureOf(kind, name)) ?? []
      const open = all.filter(({ credentialId, previousStatus }) => previousStatus === statusOf(known, credentialId))
      if (open.length > 0) left.set(name, open)
    }
    const names = [...left.values()].flatMap(([one]) => one?.userName ?? [])
    return read(iam, kind, names, async listing => {
      const name = foldUserName(listing.userName)
      const known = (await store.pictureOf(kind, name)) ?? []
      for (const difference of agreeing(left.get(name) ?? [], differences(known, listing))) {
        if (await tell(difference)) told += 1
      }
    })
  }

  async function tell({ detail, userName, credentialId, previousStatus, status, listedAt }: Difference) {
    const outcome = await changes.tell({
      ...detail,
      kind,
      userName,
      credentialId,
      previousStatus,
      status,
      // Where IAM's clock is not to be had, this machine's is a choice, as it is for the gateway's own changes.
      changedAt: listedAt ?? new Date(),
      changedBy: undefined,
      source: 'RECONCILIATION',
      call: undefined,
    })
    return outcome === 'told'
  }

  try {
    const first = await look()
    const isPictured = await takeFirst(first)
    const second = await confirm(first.differing)
    return {
      users: first.reading.users,
      calls: operation.cost.calls,
      told,
      refused: first.reading.refused.size,
      error: first.reading.error ?? second?.error,
      isPictured,
    }
  } finally {
    operation.end()
  }
}

/** An operation has to end some time: a day, in milliseconds. */
const longest = 86_400_000

interface Look {
  readonly reading: Reading
  /** Whether everybody was listed of whom there is no picture as such. */
  readonly lacksEverybody: boolean
  /** By folded name. */
  readonly differing: ReadonlyMap<string, readonly Difference[]>
  /** The pictures of those who have one. */
  readonly known: readonly Pictured[]
  /** Those who have none, and what IAM lists of them. */
  readonly unknown: readonly string[]
  readonly rows: readonly Pictured[]
}

function createLook() {
  const seen = new Set<string>()
  const differing = new Map<string, readonly Difference[]>()
  const known: Pictured[] = []
  const unknown: string[] = []
  const rows: Pictured[] = []
  return {
    has: (userName: string) => seen.has(foldUserName(userName)),
    known(userName: string, picture: readonly Pictured[], found: readonly Difference[]): void {
      seen.add(foldUserName(userName))
      known.push(...picture)
      if (found.length > 0) differing.set(foldUserName(userName), found)
    },
    unknown(userName: string, listed: readonly Pictured[]): void {
      seen.add(foldUserName(userName))
      unknown.push(userName)
      rows.push(...listed)
    },
    found: () => ({ differing, known, unknown, rows }),
  }
}

function statusOf(rows: readonly Pictured[], credentialId: string): string | undefined {
  return rows.find(row => row.credentialId === credentialId)?.status
}
