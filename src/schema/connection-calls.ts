import { unlessRefused } from '../gateway-error.ts'
import { type ConnectionArguments, checkFirst, maxFirst } from './connection.ts'
import { type Cursor, decodeCursor } from './cursor.ts'
import type { Calls } from './iam-calls.ts'

export interface PageCalls {
  readonly calls: readonly Calls[]
  /** How many items the page holds at most. */
  readonly first: number
  readonly after: Cursor | undefined
}

/** What `connect` asks of a list whose pages are full; nothing where it refuses the arguments. */
export function pageCalls(list: string, args: ConnectionArguments): PageCalls {
  const page = readArguments(list, args)
  if (!page) return { calls: [], first: 0, after: undefined }
  // A page is opened where its Marker is, so it has to be long enough for what is left out of it.
  const length = page.first + (page.after?.skip ?? 0)
  const of = `${list} from ${page.after?.marker ?? 'its beginning'}`
  const opening = { of: `${of}, ${Math.min(length, maxFirst)}`, count: 1 }
  return { ...page, calls: length > maxFirst ? [opening, { of: `${of}, rest of ${length}`, count: 1 }] : [opening] }
}

/** Undefined where they are refused. */
export function readArguments(
  list: string,
  { first, after }: ConnectionArguments,
): { readonly first: number; readonly after: Cursor | undefined } | undefined {
  return unlessRefused(() => ({
    first: checkFirst(first),
    after: after == null ? undefined : decodeCursor(list, after),
  }))
}
