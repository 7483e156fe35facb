import { membersOf } from '../events/members.ts'
import { type Lesson, readRecord } from '../events/record.ts'

/** What there is to learn from a message; `malformed`: it is no event of EventBridge's, and perhaps meant for others. */
export type MessageLesson = Lesson | { readonly is: 'malformed' }

/** A message's body is an event as EventBridge puts it in a queue, and its detail a record of CloudTrail's. */
export function readMessage(body: string, accountId: string | undefined): MessageLesson {
  let event: unknown
  try {
    event = JSON.parse(body)
  } catch {
    return { is: 'malformed' }
  }
  const envelope = membersOf(event)
  const source = envelope.value('source')
  const type = envelope.value('detail-type')
  if (typeof source !== 'string' || typeof type !== 'string') return { is: 'malformed' }
  const isOurs = source === 'aws.iam' && type === 'AWS API Call via CloudTrail'
  return isOurs ? readRecord(envelope.value('detail'), accountId) : { is: 'nothing', reason: 'no event of IAM' }
}
