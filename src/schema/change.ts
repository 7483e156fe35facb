import type { Context } from '../context.ts'
import type { NewChange, Told } from '../events/change.ts'
import type { ChangeLog } from '../events/change-log.ts'
import { foldUserName } from '../iam/model.ts'
import { builder, type SchemaTypes } from './builder.ts'

const ChangeSourceRef = builder.enumType('ChangeSource', {
  description: 'Who learnt of a change first.',
  values: {
    GATEWAY: { description: 'The gateway: one of its own mutations.' },
    CLOUDTRAIL: { description: "CloudTrail's record of a change made elsewhere." },
    RECONCILIATION: { description: 'A comparison of what IAM lists now with what it listed before.' },
  } as const,
})

builder.queryField('latestChangeId', t =>
  t.id({
    description:
      'The id of the newest change known. Read it before the state, then subscribe with it as `after`: nothing falls ' +
      'between. Before any change it is an id that `after` accepts, too.',
    resolve: (_root, _args, { events }) => events.latestId(),
  }),
)

type ChangeFieldBuilder<Change extends Told<NewChange>> = PothosSchemaTypes.ObjectFieldBuilder<
  PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>,
  Change
>

/** What every kind's change has. Its statuses, its credential and the credential's id are the kind's own. */
export function changeFields<Change extends Told<NewChange>>(t: ChangeFieldBuilder<Change>) {
  return {
    id: t.id({ description: 'Opaque. Pass the last one seen as `after` to go on behind it.', resolve: ({ id }) => id }),
    userName: t.string({ description: 'Whose credential it is.', resolve: ({ userName }) => userName }),
    changedAt: t.field({
      type: 'DateTime',
      description: "When, by IAM's clock.",
      resolve: ({ changedAt }) => changedAt,
    }),
    changedBy: t.string({
      nullable: true,
      description: "Who did it, as an ARN or a token's subject, where known.",
      resolve: ({ changedBy }) => changedBy,
    }),
    source: t.field({
      type: ChangeSourceRef,
      description: 'Who learnt of it first.',
      resolve: ({ source }) => source,
    }),
    superseded: t.boolean({
      description:
        'True when a newer change of the same credential has been told already: for the record, not for the state.',
      resolve: ({ superseded }) => superseded,
    }),
  }
}

export const previousStatusDescription = 'Null: not known, or the credential is new.'
export const statusDescription = 'Null: the credential was deleted.'
export const afterDescription =
  'The id of the last change seen; those since then come first. Too old, or of another run: CHANGE_NOT_REMEMBERED.'

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
