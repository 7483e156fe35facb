import { IamError } from './errors.ts'
import type { Page } from './model.ts'

/**
 * A member that IAM's answer always has. The SDK resolves a 200 with HTML or an empty body to an answer with nothing in
 * it (measured), so a missing member means that it was not IAM who answered.
 */
export function complete<T>(member: T | null | undefined, name: string): T {
  if (member === undefined || member === null) {
    throw IamError.own('IAM_UNREACHABLE', `IAM's answer was not complete: expected ${name}, got none.`)
  }
  return member
}

export function page<Item>(
  items: readonly Item[],
  answer: { readonly IsTruncated?: boolean | undefined; readonly Marker?: string | undefined },
  askedAt: string | undefined,
): Page<Item> {
  if (!answer.IsTruncated) return { items, marker: undefined }
  const marker = complete(answer.Marker, 'Marker')
  // Whoever reads on would never end, and where the page is remembered never let go of the process.
  if (marker === askedAt) {
    throw IamError.own('IAM_UNREACHABLE', 'IAM answered a page that leads to itself.')
  }
  return { items, marker }
}
