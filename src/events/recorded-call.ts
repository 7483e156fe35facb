import type { NewChange } from './change.ts'
import type { Members } from './members.ts'

/**
 * A call of IAM that succeeded, as CloudTrail recorded it. Its parameters and the elements of its answer have IAM's
 * names in lower camel case. That, and where each kind's readers find what, is by analogy with public records of
 * CreateAccessKey and UpdateAccessKey: none of the calls read here was found in public.
 */
export interface RecordedCall {
  /** `requestParameters`. */
  readonly parameters: Members
  /** `responseElements`: none where IAM's answer has no content. */
  readonly elements: Members
  /** The IAM user whose key made the call, on whom IAM acts where no other is named; undefined for any other caller. */
  readonly callerName: string | undefined
  readonly recordedAt: Date
}

/** What a call did to one credential. */
export type Deed<Change extends NewChange> = Omit<
  Change,
  'previousStatus' | 'changedAt' | 'changedBy' | 'source' | 'call'
>

/** What a call of one API did. Undefined: it changed no status. Throws Unreadable. */
export type RecordReader<Change extends NewChange> = (call: RecordedCall) => Deed<Change> | undefined

/** Whose credential: as the answer spells it, where it does, for in a request case does not matter to IAM. */
export function userNameOf({ parameters, callerName }: RecordedCall, answered?: Members): string {
  const named = answered?.text('userName', userName) ?? parameters.text('userName', userName) ?? callerName
  if (named !== undefined) return named
  throw parameters.unreadable('userName', 'there')
}

export function idOf(members: Members, name: string): string {
  const id = members.text(name, credentialId)
  if (id !== undefined) return id
  throw members.unreadable(name, 'there')
}

export function statusOf<const Status extends string>(members: Members, statuses: readonly Status[]): Status {
  const found = members.value('status')
  const status = statuses.find(one => one === found)
  if (status !== undefined) return status
  throw members.unreadable('status', statuses.join(' or '))
}

/** The longer and wider of what IAM's model allows on the operations of each kind. */
export const userName = /^[\w+=,.@-]{1,128}$/
const credentialId = /^\w{20,128}$/
