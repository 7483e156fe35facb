import type { Context } from '../context.ts'
import type { NewChange, Told } from '../events/change.ts'
import type { Subscribing } from '../events/replica.ts'
import { builder, type SchemaTypes } from './builder.ts'
import { type ListOfUser, visibleTo } from './visible-change.ts'

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
    resolve(_root, _args, { events, operation }) {
      operation.answerHoldsUntil(Number.NEGATIVE_INFINITY)
      return events.latestId()
    },
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

export interface Watching<Change extends NewChange> extends Subscribing<Change> {
  /** What a caller must be allowed to see a user's changes. */
  readonly list: ListOfUser
}

/**
 * The changes that a subscription tells, from now on or behind `after`, as far as the caller may see them. Throws
 * CHANGE_NOT_REMEMBERED, and ends with it or with ACCESS_UNDECIDED.
 */
export async function changesOf<Change extends NewChange>(context: Context, { list, ...asked }: Watching<Change>) {
  const { events } = context
  // The id may come from an instance that has read further than this one.
  await events.reached(asked.after)
  return visibleTo(context, events.subscribe(asked), list)
}
