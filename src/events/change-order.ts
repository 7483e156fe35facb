import type { ChangeSource, NewChange, Span } from './change.ts'

/** What is known of the change of a credential that is the newest of those told. */
export interface Newest {
  readonly status: string | undefined
  /** In milliseconds since the epoch. */
  readonly changedAt: number
  readonly source: ChangeSource
  /** The instance that made it, and when by its own clock. */
  readonly by: string | undefined
  readonly span: Span | undefined
  /** Changes whenever it is another one. */
  readonly mark: string
}

/** Beside the order in which they were told: whether the change is newer than the newest told; undefined: unknown. */
export function isNewer(change: NewChange, by: string, newest: Newest): boolean | undefined {
  const span = change.call?.span
  const isEqual = change.status === newest.status
  // One gateway knows what it sent after what was answered; of two that were under way at once IAM's times say nothing.
  if (span && newest.span && newest.by === by) {
    if (span.sentAt >= newest.span.answeredAt) return true
    if (span.answeredAt <= newest.span.sentAt) return false
    if (!isEqual) return undefined
  }
  const difference = secondOf(change.changedAt.getTime()) - secondOf(newest.changedAt)
  if (difference !== 0) return difference > 0
  return isEqual ? true : undefined
}

/**
 * Both have the same status, and nobody can say which came first: whichever counts as the newest, what a gateway knows of
 * the order of one of them says nothing of the other.
 */
export function isTwin(change: NewChange, by: string, newest: Newest): boolean {
  const span = change.call?.span
  if (change.status !== newest.status || secondOf(change.changedAt.getTime()) !== secondOf(newest.changedAt))
    return false
  if (!span || !newest.span || newest.by !== by) return true
  return span.sentAt < newest.span.answeredAt && span.answeredAt > newest.span.sentAt
}

/** IAM's times are cut to it. */
function secondOf(time: number): number {
  return Math.floor(time / 1000)
}
