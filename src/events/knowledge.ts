import { type ChangeSource, callKey, credentialKey, type NewChange } from './change.ts'
import { isNewer, isTwin, type Newest } from './change-order.ts'

/** SQS keeps a message for 14 days at most: a repeat comes no later. */
export const knownFor = 15 * 24 * 60 * 60 * 1000

/**
 * The gateway's change and CloudTrail's record of it, should their request ids differ, are so far apart at most. Once a
 * record had the id of its change they are taken not to: of two alike that follow each other closely both are told.
 */
export const echoWithin = 5_000

/**
 * Most calls of one kind that wait for their echo. Where no queue is read none ever comes, and a credential that is
 * switched on and off for days must not make each change dearer than the one before.
 */
export const mostUnechoed = 100

/** Most of each sort that are known at once, in a process that may run for months. */
const mostKnown = 200_000

/** What is known of changes that were told, also of those that subscribers can no longer read. */
export interface Knowledge {
  /** Whether the change is one that was told, or its record; that is then known, too. */
  isRepeat(change: NewChange): boolean
  newest(credential: string): Newest | undefined
  isNewer(change: NewChange, by: string): boolean | undefined
  told(change: NewChange, as: { readonly superseded: boolean; readonly by: string; readonly mark: string }): void
  /** What is too old. */
  forget(): void
}

/** Another call that waits for its echo: a change of the gateway for CloudTrail's record of it, or the other way round. */
interface Call {
  readonly requestId: string
  readonly changedAt: number
}

export function createKnowledge(now: () => number): Knowledge {
  /** Those told, and those taken for the echo of another one, with who told of them. */
  const calls = createMemory<'told' | ChangeSource>(now)
  const newests = createMemory<Newest>(now)
  const unechoed = createMemory<readonly Call[]>(now)
  /** When a comparison found what no record has come of yet: also where something newer was told since. */
  const found = createMemory<number>(now)
  let idsAgree = false

  /** Removes the call whose echo the change is. */
  function findEcho(change: NewChange, fits: (call: Call) => boolean): boolean {
    const key = echoKey(change, otherSource(change))
    const waiting = (key !== undefined && unechoed.get(key)) || []
    const found = waiting.find(fits)
    if (key === undefined || !found) return false
    unechoed.set(
      key,
      waiting.filter(call => call !== found),
    )
    return true
  }

  function isAbsorbed(change: NewChange): boolean {
    const key = foundKey(change)
    const foundAt = found.get(key)
    if (change.source !== 'CLOUDTRAIL' || foundAt === undefined || change.changedAt.getTime() > foundAt) return false
    found.delete(key)
    return true
  }

  return {
    isRepeat(change) {
      const call = callKey(change)
      if (call === undefined) return false
      const { requestId } = change.call ?? {}
      const known = calls.get(call)
      if (known !== undefined) {
        if (known !== 'told' && known !== change.source) {
          // It was no echo: its own has come, with its id. So it is told now.
          idsAgree = true
          return false
        }
        if (findEcho(change, waiting => waiting.requestId === requestId)) idsAgree = true
        return true
      }
      const isNear = ({ changedAt }: Call) => Math.abs(changedAt - change.changedAt.getTime()) <= echoWithin
      const mayBeEcho =
        !idsAgree && change.source === 'CLOUDTRAIL' && newests.get(credentialKey(change))?.status === change.status
      if (mayBeEcho && findEcho(change, isNear)) calls.set(call, change.source)
      else if (isAbsorbed(change)) calls.set(call, 'told')
      else return false
      return true
    },

    newest: newests.get,

    isNewer(change, by) {
      const newest = newests.get(credentialKey(change))
      return newest ? isNewer(change, by, newest) : true
    },

    told(change, { superseded, by, mark }) {
      const { source, status, call } = change
      const key = callKey(change)
      const changedAt = change.changedAt.getTime()
      if (key !== undefined) calls.set(key, 'told')
      const echo = echoKey(change, source)
      if (echo !== undefined && call) {
        const waiting = [...(unechoed.get(echo) ?? []), { requestId: call.requestId, changedAt }]
        unechoed.set(echo, waiting.slice(-mostUnechoed))
      }
      if (source === 'RECONCILIATION') found.set(foundKey(change), changedAt)
      if (superseded) return
      const earlier = newests.get(credentialKey(change))
      const span = earlier && isTwin(change, by, earlier) ? undefined : call?.span
      newests.set(credentialKey(change), {
        status,
        changedAt,
        source,
        by: span && by,
        span,
        mark,
      })
    },

    forget() {
      for (const memory of [calls, newests, unechoed, found]) memory.forget()
    },
  }
}

/** Under which a change from this source waits for its echo; undefined where it is not known who called. */
export function echoKey(change: NewChange, source: ChangeSource): string | undefined {
  const { api, accessKeyId } = change.call ?? {}
  if (accessKeyId === undefined || change.source === 'RECONCILIATION') return undefined
  return [source, api, accessKeyId, credentialKey(change), change.status ?? ''].join(' ')
}

/** Under which what a comparison found waits for its record. */
export function foundKey(change: NewChange): string {
  return `${credentialKey(change)} ${change.status ?? ''}`
}

export function otherSource({ source }: NewChange): ChangeSource {
  return source === 'GATEWAY' ? 'CLOUDTRAIL' : 'GATEWAY'
}

interface Memory<Value> {
  get(key: string): Value | undefined
  set(key: string, value: Value): void
  delete(key: string): void
  forget(): void
}

function createMemory<Value>(now: () => number): Memory<Value> {
  // In the order in which they were set, and so in that in which they are forgotten.
  const known = new Map<string, { readonly value: Value; readonly at: number }>()
  return {
    get: key => known.get(key)?.value,
    set(key, value) {
      known.delete(key)
      known.set(key, { value, at: now() })
    },
    delete: key => known.delete(key),
    forget() {
      for (const [key, { at }] of known) {
        if (at > now() - knownFor && known.size <= mostKnown) return
        known.delete(key)
      }
    },
  }
}
