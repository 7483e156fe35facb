import type { NewChange } from './change.ts'
import { type Members, membersOf, Unreadable } from './members.ts'
import { type RecordReader, userName } from './recorded-call.ts'
import { serviceSpecificCredentialRecords } from './service-specific-credential.ts'
import { signingCertificateRecords } from './signing-certificate.ts'

/** What there is to learn from a record. */
export type Lesson =
  | { readonly is: 'change'; readonly change: NewChange }
  /** No news: another service's, another account's, a failed call, one that changes no status. */
  | { readonly is: 'nothing'; readonly reason: string }
  /** It should be news, but is not as we know such records. */
  | { readonly is: 'unreadable'; readonly api: string; readonly reason: string }

/** The APIs whose records are changes, and how to read them: a line for each kind of credential. */
const readers = new Map<string, RecordReader<NewChange>>([
  ...signingCertificateRecords,
  ...serviceSpecificCredentialRecords,
])

/** The APIs whose records are read. */
export function recordedApis(): readonly string[] {
  return [...readers.keys()]
}

/** Reads a record of CloudTrail's, whoever wrote it. `accountId`: ours, where it is known. */
export function readRecord(detail: unknown, accountId: string | undefined): Lesson {
  const record = membersOf(detail)
  if (record.value('eventSource') !== 'iam.amazonaws.com') return nothing('of another service')
  if (isOther(record.value('recipientAccountId'), accountId)) return nothing('of another account')
  // Whatever it is: only a call that succeeded is without.
  if ((record.value('errorCode') ?? undefined) !== undefined) return nothing('a failed call')
  const api = record.value('eventName')
  const read = typeof api === 'string' ? readers.get(api) : undefined
  if (typeof api !== 'string' || !read) return nothing('of an API that changes no status')
  try {
    const changedAt = timeOf(record)
    const identity = membersOf(record.value('userIdentity'))
    const deed = read({
      parameters: record.members('requestParameters'),
      elements: record.members('responseElements'),
      // The root user's is the account's alias.
      callerName: identity.value('type') === 'IAMUser' ? identity.detail('userName', userName) : undefined,
      recordedAt: changedAt,
    })
    if (!deed) return nothing('a call that changed no status')
    const change: NewChange = {
      ...deed,
      // No record has it.
      previousStatus: undefined,
      changedAt,
      changedBy: identity.detail('arn', arn),
      source: 'CLOUDTRAIL',
      call: { api, requestId: requestIdOf(record), accessKeyId: identity.detail('accessKeyId', accessKeyId) },
    }
    return { is: 'change', change }
  } catch (error) {
    if (error instanceof Unreadable) return { is: 'unreadable', api, reason: error.message }
    throw error
  }
}

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/
const arn = /^arn:[\x21-\x7e ]{1,2048}$/
const accessKeyId = /^\w{1,128}$/
const requestId = /^[\w.:/+=-]{1,256}$/

function nothing(reason: string): Lesson {
  return { is: 'nothing', reason }
}

function isOther(recipient: unknown, accountId: string | undefined): boolean {
  return accountId !== undefined && typeof recipient === 'string' && recipient !== accountId
}

function timeOf(record: Members): Date {
  const date = new Date(record.text('eventTime', time) ?? '')
  // Believed, it would go before all that happens until then. No machine's clock is wrong by a day.
  const isAhead = date.getTime() > Date.now() + 86_400_000
  if (Number.isNaN(date.getTime()) || isAhead) throw record.unreadable('eventTime', 'a time, and not in the future')
  return date
}

/** CloudTrail calls it optional; the record's own id, which is not, recognises at least the same record again. */
function requestIdOf(record: Members): string {
  const id = record.text('requestID', requestId) ?? record.text('eventID', requestId)
  if (id === undefined) throw record.unreadable('requestID', 'there')
  return id
}
