import { setMaxListeners } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { ChangeLog } from '../events/change-log.ts'
import { type ChangeStore, StoreAway, type Watched } from '../events/change-store.ts'
import { watchedText } from '../events/watched.ts'
import type { IamClient } from '../iam/client.ts'
import { foldUserName } from '../iam/model.ts'
import type { Logger } from '../log.ts'
import { type Comparison, compare } from './comparison.ts'
import { createPlan, type Due } from './plan.ts'
import { createSamples } from './sample.ts'

export interface ReconciliationOptions {
  readonly changes: Pick<ChangeLog, 'watched' | 'latestId' | 'tell'>
  /** The one behind the changes. */
  readonly store: ChangeStore
  readonly iam: IamClient
  /** This process, among those that share the store. */
  readonly instance: string
  /** Milliseconds from the end of one comparison to the next. */
  readonly interval: number
  /** Milliseconds after which IAM's lists show a change. */
  readonly window: number
  readonly log: Logger
  /** How often to look for who subscribes here, in milliseconds. Default 1,000. */
  readonly beat?: number
}

/** Finds the changes that nobody told of, by comparing what IAM lists with what was last known. */
export interface Reconciliation {
  /** IAM left a change of this user's in doubt: compares soon, where anybody subscribes to it. */
  check(kind: string, userName: string): void
  close(): Promise<void>
}

/** How long the lease and the word of who is watched hold, in milliseconds: so long after an instance another goes on. */
const leaseFor = 20_000
/** After so many beats they are renewed where nothing changed. */
const renewal = 5
/** For so many beats a comparison goes on unwatched: a page that is loaded anew must not have all of it begin anew. */
const lingering = 4 * renewal
/** How soon what the store did not take is tried again, at least. */
const soonest = 5_000
/** Milliseconds from which on a comparison is worth a line in the log. */
const longComparison = 10_000

/**
 * Compares while anybody subscribes, here or at another instance, what is subscribed to. Of several instances that
 * share a store one has the lease, and compares for all.
 */
export function createReconciliation(options: ReconciliationOptions): Reconciliation {
  const { changes, store, iam, instance, interval, window, log, beat = 1_000 } = options
  const now = () => performance.now()
  const closing = new AbortController()
  // Each user who is checked listens.
  setMaxListeners(0, closing.signal)
  const plan = createPlan(interval, now)
  const samples = createSamples(window, now)
  /** What is being compared, by kind. */
  const running = new Map<string, AbortController>()
  const checking = new Map<string, { isAskedAgain: boolean }>()
  const work = new Set<Promise<void>>()
  let watched: Watched = new Map()
  const watchedAt = new Map<string, number>()
  let said = ''
  let renewAt = Number.NEGATIVE_INFINITY
  let leasedUntil = Number.NEGATIVE_INFINITY

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      // Redis was emptied or replaced: with the changes the pictures went.
      if (samples.take(changes.latestId()) === 'another history') plan.forget()
      try {
        await look()
      } catch (error) {
        if (!(error instanceof StoreAway)) log.error({ err: error }, 'the comparisons failed unexpectedly')
      }
      if (leasedUntil <= now()) stopAll()
      await pause(beat, undefined, { signal: closing.signal, ref: false }).catch(() => {})
    }
  }

  /** Says what is watched here, and where this instance has the lease, begins what is due. */
  async function look(): Promise<void> {
    const own = changes.watched()
    const text = watchedText(own)
    if (text !== said || renewAt <= now()) {
      const at = now()
      await store.watch(instance, own, leaseFor)
      leasedUntil = (await store.lease(instance, leaseFor)) ? at + leaseFor : Number.NEGATIVE_INFINITY
      watched = await store.watchedByAnybody()
      said = text
      renewAt = at + renewal * beat
    }
    if (leasedUntil <= now()) return
    for (const kind of watched.keys()) watchedAt.set(kind, now())
    for (const [kind, stop] of running) {
      if (now() - (watchedAt.get(kind) ?? 0) > lingering * beat) stop.abort()
    }
    for (const [kind, whose] of watched) {
      const due = running.has(kind) ? undefined : plan.due(kind, whose)
      if (due) begin(due)
    }
  }

  function begin(due: Due): void {
    const stop = new AbortController()
    running.set(due.kind, stop)
    const signal = AbortSignal.any([stop.signal, closing.signal])
    const soon = Math.min(interval, Math.max(window, soonest))
    keep(
      compared(due, signal)
        .then(
          ({ isPictured }) => plan.done(due, isPictured ? undefined : soon),
          error => {
            // What was ended is still due.
            if (!signal.aborted) plan.done(due, error instanceof StoreAway ? soon : undefined)
            unlessOver(error, signal)
          },
        )
        .finally(() => running.delete(due.kind)),
    )
  }

  async function compared(due: Omit<Due, 'isRound'>, signal: AbortSignal): Promise<Comparison> {
    const startedAt = now()
    const comparison = await compare({ iam, store, changes, window }, { ...due, since: samples.oldest(), signal })
    const { error, refused, ...rest } = comparison
    const { kind } = due
    if (error) {
      log.warn(
        { kind, code: error.code, reason: error.message, refused },
        'IAM did not list all credentials that were to be compared: changes of the others are not found',
      )
    }
    const elapsed = now() - startedAt
    const level = elapsed > longComparison ? 'info' : 'debug'
    log[level]({ kind, ...rest, seconds: Math.round(elapsed / 100) / 10 }, 'compared what IAM lists with what was told')
    return comparison
  }

  /** At once, and where that shows nothing, once more when lists show the change in any case. */
  async function checked(kind: string, userName: string): Promise<void> {
    const task = { kind, whose: [userName], named: [] }
    const { told } = await compared(task, closing.signal)
    if (told > 0) return
    await pause(window, undefined, { signal: closing.signal, ref: false })
    await compared(task, closing.signal)
  }

  function stopAll(): void {
    for (const stop of running.values()) stop.abort()
  }

  function keep(promise: Promise<void>): void {
    work.add(promise)
    promise.finally(() => work.delete(promise))
  }

  /** A store that is away, or an end that was asked for, is no news. */
  function unlessOver(error: unknown, signal: AbortSignal): void {
    if (signal.aborted || error instanceof StoreAway) return
    log.error({ err: error }, 'a comparison failed unexpectedly')
  }

  function check(kind: string, userName: string): void {
    const whose = watched.get(kind)
    if (closing.signal.aborted || !(whose === 'all' || whose?.has(foldUserName(userName)))) return
    const key = `${kind} ${foldUserName(userName)}`
    const pending = checking.get(key)
    if (pending) {
      pending.isAskedAgain = true
      return
    }
    const checkOnce = { isAskedAgain: false }
    checking.set(key, checkOnce)
    keep(
      checked(kind, userName)
        .catch(error => unlessOver(error, closing.signal))
        .finally(() => {
          checking.delete(key)
          if (checkOnce.isAskedAgain) check(kind, userName)
        }),
    )
  }

  const loop = run()
  return {
    check,
    async close() {
      closing.abort()
      await loop
      await Promise.all(work)
      await Promise.all([store.watch(instance, new Map(), 1), store.release(instance)]).catch(() => {})
    },
  }
}
