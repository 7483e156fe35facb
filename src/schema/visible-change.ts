import type { Context } from '../context.ts'
import type { NewChange, Told } from '../events/change.ts'
import type { ChangeLog } from '../events/change-log.ts'
import { GatewayError } from '../gateway-error.ts'
import { AccessDeniedError } from '../iam/errors.ts'
import { foldUserName } from '../iam/model.ts'
import { createSharedAnswers, type SharedAnswers } from './shared-answer.ts'

/** Asks IAM, in the asker's name, for a user's credentials of one kind; whatever they are. Throws IAM's refusal. */
export type ListOfUser = (context: Context, userName: string) => Promise<unknown>

type Changes<Change extends NewChange> = AsyncIterableIterator<Told<Change>>

const decisions = new WeakMap<ChangeLog, SharedAnswers<boolean>>()

/** For so long IAM's yes and its no hold: a subscriber who loses a right sees changes for no longer. */
const keptFor = 300_000
/** Whoever subscribes again at once comes to the same change again: that is not asked each time. */
const failureKeptFor = 15_000
/** Of about 300 bytes each. */
const most = 50_000

/**
 * What of the changes a caller may see who asks IAM in a name of his own: those of users whose credentials of the kind
 * IAM lets him list. Others are withheld, and he is not told that there were any. One that cannot be decided ends the
 * stream with ACCESS_UNDECIDED: left out, it might be missed, and told, it might be nobody's business. Their order stays,
 * so what comes behind a decision waits for it.
 */
export function visibleTo<Change extends NewChange>(
  { iam: { session }, asking, events }: Context,
  changes: Changes<Change>,
  list: ListOfUser,
): Changes<Change> {
  if (!session) return changes
  if (!asking) throw new Error('expected a subscription, which asks for each change anew, got another operation')
  const known = decisions.get(events) ?? createSharedAnswers<boolean>({ keptFor, failureKeptFor, most })
  decisions.set(events, known)

  const isVisible = ({ kind, userName }: Told<Change>): boolean | Promise<boolean> => {
    const key = JSON.stringify([session.key, kind, foldUserName(userName)])
    const decided = known.recall(key)
    if (decided !== undefined) return decided
    return asking(context =>
      known
        .get(key, context.operation, () => decide(context, userName, list))
        .catch((error: unknown) => {
          throw undecided(error, context)
        }),
    )
  }

  const visible: Changes<Change> = {
    async next() {
      try {
        for (;;) {
          const next = await changes.next()
          if (next.done || (await isVisible(next.value))) return next
        }
      } catch (error) {
        await changes.return?.()
        throw error
      }
    },
    async return() {
      return (await changes.return?.()) ?? { done: true, value: undefined }
    },
    [Symbol.asyncIterator]: () => visible,
  }
  return visible
}

async function decide(context: Context, userName: string, list: ListOfUser): Promise<boolean> {
  const { iam, operation, log } = context
  // What STS denies says nothing of the user.
  await iam.session?.ready(operation.signal)
  try {
    await list(context, userName)
    return true
  } catch (error) {
    if (!(error instanceof AccessDeniedError)) throw error
    log.debug({ userName, arn: iam.session?.arn }, 'changes of a user are withheld')
    return false
  }
}

/** It does not say whose change it was, nor what IAM answered: whether he may know is what was to be decided. */
function undecided(error: unknown, { log }: Context): GatewayError {
  if (error instanceof GatewayError && error.code === 'CLIENT_GONE') return error
  log.debug({ err: error }, 'a change could not be decided')
  return new GatewayError(
    'ACCESS_UNDECIDED',
    'It could not be decided whether a change may be shown. Query the state again, then subscribe.',
  )
}
