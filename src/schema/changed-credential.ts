import type { Context } from '../context.ts'
import type { NewChange } from '../events/change.ts'
import type { ChangeLog } from '../events/change-log.ts'
import { foldUserName } from '../iam/model.ts'

interface LookedUp {
  /** The newest change of the credential when it was looked up. */
  readonly newest: string | undefined
  readonly at: number
  readonly asker: AbortSignal
  readonly answer: Promise<unknown>
}

const lookedUp = new WeakMap<ChangeLog, Map<string, LookedUp>>()

/** IAM's lists may lag behind a change for as long; a subscriber who comes to it later is shown how it is by then. */
const sharedFor = 15_000
const mostShared = 1_000

/**
 * What `find` finds of the credential that changed, and IAM's refusal, too: looked up once for all subscribers of one
 * principal, until a newer change of the credential is told. The changes of ten thousand subscribers are one.
 */
export async function findOnce<Found>(
  context: Context,
  { kind, userName, credentialId }: NewChange,
  find: () => Promise<Found>,
): Promise<Found> {
  const { events, operation, principal } = context
  const { signal } = operation
  const ofLog = lookedUp.get(events) ?? new Map<string, LookedUp>()
  lookedUp.set(events, ofLog)
  const key = JSON.stringify([principal.name, kind, foldUserName(userName), credentialId])
  const newest = events.lastTold(kind, credentialId)?.id
  for (;;) {
    signal.throwIfAborted()
    const known = ofLog.get(key)
    if (!known || known.newest !== newest || known.at < performance.now() - sharedFor) {
      const answer = find()
      forgetOld(ofLog)
      ofLog.delete(key)
      ofLog.set(key, { newest, at: performance.now(), asker: signal, answer })
      return answer
    }
    try {
      const found = (await unlessAborted(known.answer, signal)) as Found
      operation.cost.wasShared()
      return found
    } catch (error) {
      signal.throwIfAborted()
      // Whoever asked has gone, and with it the answer: that is not the others' failure.
      if (!known.asker.aborted) throw error
      if (ofLog.get(key) === known) ofLog.delete(key)
    }
  }
}

function forgetOld(known: Map<string, LookedUp>): void {
  for (const [key, { at }] of known) {
    if (known.size < mostShared && at >= performance.now() - sharedFor) return
    known.delete(key)
  }
}

function unlessAborted<Value>(answer: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
