import type { Context } from '../context.ts'
import type { NewChange } from '../events/change.ts'
import type { ChangeLog } from '../events/change-log.ts'
import { foldUserName } from '../iam/model.ts'
import { createSharedAnswers, type SharedAnswers } from './shared-answer.ts'

const lookedUp = new WeakMap<ChangeLog, SharedAnswers<unknown>>()

/** IAM's lists may lag behind a change for as long; a subscriber who comes to it later is shown how it is by then. */
const keptFor = 15_000

/**
 * What `find` finds of the credential that changed, and IAM's refusal, too: looked up once for all subscribers of one
 * AWS identity, until a newer change of the credential is told. The changes of ten thousand subscribers are one.
 */
export async function findOnce<Found>(
  { events, operation, iam }: Context,
  { kind, userName, credentialId }: NewChange,
  find: () => Promise<Found>,
): Promise<Found> {
  const answers = lookedUp.get(events) ?? createSharedAnswers<unknown>({ keptFor, most: 1_000 })
  lookedUp.set(events, answers)
  const newest = events.lastTold(kind, credentialId)?.id
  const key = JSON.stringify([iam.session?.key, kind, foldUserName(userName), credentialId, newest])
  return (await answers.get(key, operation, find)) as Found
}
