import { GatewayError } from '../gateway-error.ts'
import type { Marker, Page, PageRequest } from '../iam/model.ts'
import { type Cursor, decodeCursor, encodeCursor } from './cursor.ts'

/** A list of IAM's, as every connection reads it. */
export interface List<Item> {
  /** Says which list a cursor belongs to; part of messages. */
  readonly name: string
  readonly keyOf: (item: Item) => string
  readonly load: (request: PageRequest) => Promise<Page<Item>>
}

export interface ConnectionArguments {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
}

export interface Connection<Item> {
  readonly edges: { readonly cursor: string; readonly node: Item }[]
  readonly pageInfo: PageInfo
}

export interface PageInfo {
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  readonly startCursor: string | null
  readonly endCursor: string | null
}

/** An item, and the cursor that goes on behind it. */
interface Step<Item> {
  readonly item: Item
  readonly cursor: Cursor
}

/** IAM's bounds of MaxItems; the default is IAM's too. */
export const maxFirst = 1000
const defaultFirst = 100

/**
 * Reads `first` items behind `after`, with as many calls as IAM makes necessary: each asks for what is still missing,
 * so that a page ends on IAM's own Marker, and its endCursor opens the next one without reading anything twice.
 * Throws BAD_USER_INPUT, BAD_CURSOR, and what `list.load` throws.
 */
export async function connect<Item>(list: List<Item>, args: ConnectionArguments): Promise<Connection<Item>> {
  const first = checkFirst(args.first)
  const after = args.after == null ? undefined : decodeCursor(list.name, args.after)

  const steps: Step<Item>[] = []
  let opened = await open(list, after, first)
  steps.push(...stepsOf(list, opened))
  while (steps.length < first && opened.page.marker !== undefined) {
    const marker = opened.page.marker
    opened = { marker, page: await list.load({ marker, maxItems: first - steps.length }), from: 0 }
    steps.push(...stepsOf(list, opened))
  }

  const edges = steps
    .slice(0, first)
    .map(({ item, cursor }) => ({ node: item, cursor: encodeCursor(list.name, cursor) }))
  return {
    edges,
    pageInfo: {
      // More than asked are there only where the cursor's item was looked for in a longer page.
      hasNextPage: opened.page.marker !== undefined || steps.length > first,
      hasPreviousPage: after !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

export function checkFirst(first: number | null | undefined): number {
  const checked = first ?? defaultFirst
  if (checked >= 1 && checked <= maxFirst) return checked
  throw new GatewayError('BAD_USER_INPUT', `first: expected 1 to ${maxFirst}, got ${checked}.`)
}

/** A page as IAM gave it, the Marker that opened it, and the place from which it counts. */
export interface OpenPage<Item> {
  readonly marker: Marker | undefined
  readonly page: Page<Item>
  readonly from: number
}

/**
 * Opens the page behind a cursor. Inside a page the item is found again by its key, however far others have moved it;
 * where it is gone, the page is repeated, for nothing else tells what came behind it; likewise where the search may not
 * go on.
 */
export async function open<Item>(
  list: List<Item>,
  after: Cursor | undefined,
  wanted: number,
  maySearchOn: () => boolean = () => true,
): Promise<OpenPage<Item>> {
  const marker = after?.marker
  const skip = after?.skip ?? 0
  const page = await list.load({ marker, maxItems: Math.min(maxFirst, skip + wanted) })
  const opening = { marker, page, from: 0 }
  if (after === undefined || skip === 0) return opening

  for (let here: OpenPage<Item> = opening; ; ) {
    const index = here.page.items.findIndex(item => list.keyOf(item) === after.key)
    if (index >= 0) return { ...here, from: index + 1 }
    if (here.page.marker === undefined || !maySearchOn()) return opening
    const next = here.page.marker
    here = { marker: next, page: await list.load({ marker: next, maxItems: maxFirst }), from: 0 }
  }
}

function stepsOf<Item>(list: List<Item>, { marker, page, from }: OpenPage<Item>): Step<Item>[] {
  return page.items.slice(from).map((item, index) => {
    const skip = from + index + 1
    const key = list.keyOf(item)
    const last = skip === page.items.length && page.marker !== undefined
    return { item, cursor: last ? { marker: page.marker, skip: 0, key } : { marker, skip, key } }
  })
}
