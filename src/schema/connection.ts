import { GatewayError } from '../gateway-error.ts'
import type { Marker, Page, PageRequest } from '../iam/model.ts'
import { andThen, type MaybePromise } from '../loaders/maybe-promise.ts'
import { type Cursor, decodeCursor, encodeCursor } from './cursor.ts'

/** A list of IAM's, as every connection reads it. */
export interface List<Item> {
  /** Says which list a cursor belongs to; part of messages. */
  readonly name: string
  readonly keyOf: (item: Item) => string
  readonly load: (request: PageRequest) => MaybePromise<Page<Item>>
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

/** IAM's bounds of MaxItems; the default is IAM's too. */
export const maxFirst = 1000
const defaultFirst = 100

/**
 * Reads `first` items behind `after`, with as many calls as IAM makes necessary: each asks for what is still missing,
 * so that a page ends on IAM's own Marker, and its endCursor opens the next one without reading anything twice.
 * Throws BAD_USER_INPUT, BAD_CURSOR, and what `list.load` throws.
 */
export function connect<Item>(list: List<Item>, args: ConnectionArguments): MaybePromise<Connection<Item>> {
  const first = checkFirst(args.first)
  const after = args.after == null ? undefined : decodeCursor(list.name, args.after)
  return andThen(open(list, after, first), opened =>
    andThen(readOn(list, opened, first), pages => new ReadConnection(list, pages, first, after !== undefined)),
  )
}

/** The open page, and the next ones while less than `first` is there. */
function readOn<Item>(
  list: List<Item>,
  opened: OpenPage<Item>,
  first: number,
  before: readonly OpenPage<Item>[] = [],
): MaybePromise<readonly OpenPage<Item>[]> {
  const pages = [...before, opened]
  const missing = first - (opened.page.items.length - opened.from)
  const { marker } = opened.page
  if (missing <= 0 || marker === undefined) return pages
  return andThen(list.load({ marker, maxItems: missing }), page =>
    readOn(list, { marker, page, from: 0 }, missing, pages),
  )
}

/** What is asked for of it is made when it is asked for: a dashboard of many lists asks for no cursor of most. */
class ReadConnection<Item> implements Connection<Item> {
  readonly edges: Step<Item>[] = []
  private readonly hasNextPage: boolean
  private readonly hasPreviousPage: boolean

  constructor(list: List<Item>, pages: readonly OpenPage<Item>[], first: number, hasPreviousPage: boolean) {
    let more = false
    for (const opened of pages) {
      for (let index = opened.from; index < opened.page.items.length; index++) {
        const item = opened.page.items[index]
        if (this.edges.length === first) more = true
        else if (item !== undefined) this.edges.push(new Step(list, opened, index, item))
      }
    }
    // More than asked are there only where the cursor's item was looked for in a longer page.
    this.hasNextPage = more || pages.at(-1)?.page.marker !== undefined
    this.hasPreviousPage = hasPreviousPage
  }

  get pageInfo(): PageInfo {
    const { edges, hasNextPage, hasPreviousPage } = this
    const startCursor = edges[0]?.cursor ?? null
    return { hasNextPage, hasPreviousPage, startCursor, endCursor: edges.at(-1)?.cursor ?? null }
  }
}

/** An item, and the cursor that goes on behind it. It holds on to the page, not to the list and all that loads it. */
class Step<Item> {
  readonly node: Item
  private readonly of: string
  private readonly key: string
  private readonly opened: OpenPage<Item>
  private readonly index: number

  constructor({ name, keyOf }: List<Item>, opened: OpenPage<Item>, index: number, node: Item) {
    this.node = node
    this.of = name
    this.key = keyOf(node)
    this.opened = opened
    this.index = index
  }

  get cursor(): string {
    const { of, key, index, opened } = this
    const { marker, page } = opened
    const skip = index + 1
    const last = skip === page.items.length && page.marker !== undefined
    return encodeCursor(of, last ? { marker: page.marker, skip: 0, key } : { marker, skip, key })
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
export function open<Item>(
  list: List<Item>,
  after: Cursor | undefined,
  wanted: number,
  maySearchOn: () => boolean = () => true,
): MaybePromise<OpenPage<Item>> {
  const marker = after?.marker
  const skip = after?.skip ?? 0
  return andThen(list.load({ marker, maxItems: Math.min(maxFirst, skip + wanted) }), page => {
    const opening = { marker, page, from: 0 }
    return after === undefined || skip === 0 ? opening : search(list, after.key, opening, maySearchOn)
  })
}

async function search<Item>(
  list: List<Item>,
  key: string,
  opening: OpenPage<Item>,
  maySearchOn: () => boolean,
): Promise<OpenPage<Item>> {
  for (let here = opening; ; ) {
    const index = here.page.items.findIndex(item => list.keyOf(item) === key)
    if (index >= 0) return { ...here, from: index + 1 }
    if (here.page.marker === undefined || !maySearchOn()) return opening
    const next = here.page.marker
    here = { marker: next, page: await list.load({ marker: next, maxItems: maxFirst }), from: 0 }
  }
}
