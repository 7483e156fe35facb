import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Page, PageRequest } from '../../src/iam/model.ts'
import { type Connection, connect, type List } from '../../src/schema/connection.ts'
import { encodeCursor } from '../../src/schema/cursor.ts'

describe('a connection over a list that changes while it is walked', () => {
  test('skips no surviving item, shows none twice unless its own cursor was deleted, and keeps the order', async () => {
    await fc.assert(
      fc.asyncProperty(keys, caps, fc.array(turn, { maxLength: 12 }), async (initial, pageCaps, turns) => {
        const iam = changingList(initial, pageCaps)
        const surviving = new Set(initial)
        const seen: number[] = []
        let after: string | null = null
        let last: number | undefined

        for (const [index, { first, deleted, added, take }] of [...turns, ...untilTheEnd(initial.length)].entries()) {
          for (const key of deleted) {
            iam.delete(key)
            surviving.delete(key)
          }
          for (const key of added) iam.add(key)
          const cursorSurvives = last === undefined || iam.has(last)
          const page: Connection<number> = await connect(iam.list, { first, after })
          const { edges, pageInfo } = page

          expect(edges.length).toBeLessThanOrEqual(first)
          expect(pageInfo.hasPreviousPage).toBe(after !== null)
          expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor ?? null)
          expect(pageInfo.startCursor).toBe(edges[0]?.cursor ?? null)
          const shown = edges.map(({ node }) => node)
          expect(shown).toEqual([...new Set(shown)].sort((a, b) => a - b))
          if (cursorSurvives && last !== undefined && shown[0] !== undefined) expect(shown[0]).toBeGreaterThan(last)

          // A client may go on from any edge it was given; what it goes on from is what it has seen.
          const upTo = pageInfo.hasNextPage && take !== undefined ? take % edges.length : edges.length - 1
          seen.push(...shown.slice(0, upTo + 1))
          const edge = edges[upTo]
          if (edge) {
            after = edge.cursor
            last = edge.node
          }
          if (index >= turns.length && !pageInfo.hasNextPage) break
        }
        for (const key of surviving) expect(seen).toContain(key)
      }),
      { numRuns: 2_000 },
    )
  })

  test('repeats the page, rather than skip anything, where the item of a cursor inside it is gone', async () => {
    const iam = changingList([1, 2, 3, 4, 5, 6], [10])
    const { edges } = await connect(iam.list, { first: 4 })
    iam.delete(2)
    const next = await connect(iam.list, { first: 4, after: edges[1]?.cursor ?? null })
    expect(next.edges.map(({ node }) => node)).toEqual([1, 3, 4, 5])
    expect(next.pageInfo.hasNextPage).toBe(true)
  })

  test('finds the item of a cursor again however far others have moved it', async () => {
    const iam = changingList([1000, 2000, 3000], [1000])
    const { edges } = await connect(iam.list, { first: 2 })
    for (let key = 1; key <= 900; key++) iam.add(key)
    const next = await connect(iam.list, { first: 1, after: edges[0]?.cursor ?? null })
    expect(next.edges.map(({ node }) => node)).toEqual([2000])
  })
})

describe('a connection over a list that stays as it is', () => {
  test("makes no IAM call more than IAM's own Marker walk", async () => {
    await fc.assert(
      fc.asyncProperty(keys, caps, fc.array(firsts, { minLength: 1 }), async (initial, pageCaps, sizes) => {
        const iam = changingList(initial, pageCaps)
        const seen: number[] = []
        let after: string | null = null
        for (let turn = 0; ; turn++) {
          const first = sizes[turn % sizes.length]
          const { edges, pageInfo }: Connection<number> = await connect(iam.list, { first, after })
          seen.push(...edges.map(({ node }) => node))
          if (!pageInfo.hasNextPage) break
          after = pageInfo.endCursor
        }
        expect(seen).toEqual(iam.keys())
        // Each call opens where the one before it ended, so nothing is read twice and nothing is asked in vain.
        expect(iam.opened).toEqual([undefined, ...iam.answered.slice(0, -1)])
        expect(iam.answered.at(-1)).toBeUndefined()
      }),
      { numRuns: 1_000 },
    )
  })

  test('asks for what is still missing, so that a page ends where IAM ended one', async () => {
    const iam = changingList([1, 2, 3, 4, 5, 6, 7], [2, 0, 3])
    await connect(iam.list, { first: 4 })
    expect(iam.asked).toEqual([4, 2, 2])
  })
})

describe('pages that are known already', () => {
  const known = { items: [1, 2, 3], marker: 'next' }
  const list = (load: List<number>['load']): List<number> => ({ name: 'numbers', keyOf: String, load })

  test('are a connection at once, of as many as it takes', () => {
    const connection = connect(
      list(({ marker }) => (marker === undefined ? known : { items: [4, 5], marker: undefined })),
      { first: 5 },
    )
    expect(connection).not.toBeInstanceOf(Promise)
    expect(connection).toMatchObject({
      edges: [1, 2, 3, 4, 5].map(node => ({ node })),
      pageInfo: { hasNextPage: false, hasPreviousPage: false },
    })
  })

  test('wait for those that are not', async () => {
    const connection = connect(
      list(({ marker }) => (marker === undefined ? known : Promise.resolve({ items: [4], marker: undefined }))),
      { first: 5 },
    )
    expect(connection).toBeInstanceOf(Promise)
    expect((await connection).edges.map(({ node }) => node)).toEqual([1, 2, 3, 4])
  })
})

describe('first', () => {
  test.each([0, -1, 1001, 2_147_483_647])('%i is an error, not clamped', async first => {
    await expect(async () => connect(changingList([1], [10]).list, { first })).rejects.toMatchObject({
      message: `first: expected 1 to 1000, got ${first}.`,
      extensions: { code: 'BAD_USER_INPUT' },
    })
  })

  test("is IAM's own default of 100 where it is left out or null", async () => {
    const iam = changingList([1], [10])
    await connect(iam.list, {})
    await connect(iam.list, { first: null })
    expect(iam.asked).toEqual([100, 100])
  })
})

describe('after', () => {
  test.each(['', 'x', '%%%', Buffer.from('[]').toString('base64url'), Buffer.from('null').toString('base64url')])(
    '%j is an error that says what was expected',
    async after => {
      await expect(async () => connect(changingList([1], [10]).list, { after })).rejects.toMatchObject({
        message: 'after: expected a cursor of numbers, got something else.',
        extensions: { code: 'BAD_CURSOR' },
      })
    },
  )

  test('of another list is an error that names both', async () => {
    const after = encodeCursor('letters', { marker: undefined, skip: 1, key: 'a' })
    await expect(async () => connect(changingList([1], [10]).list, { after })).rejects.toMatchObject({
      message: 'after: expected a cursor of numbers, got one of letters.',
      extensions: { code: 'BAD_CURSOR' },
    })
  })

  test.each([
    ['a Marker that IAM could not have given', [1, 'numbers', 'a\nb', 0, '1']],
    ['a Marker of more than 320 characters', [1, 'numbers', 'x'.repeat(321), 0, '1']],
    ['a position beyond any page', [1, 'numbers', null, 1001, '1']],
    ['a negative position', [1, 'numbers', null, -1, '1']],
    ['half a position', [1, 'numbers', null, 0.5, '1']],
    ['another version', [2, 'numbers', null, 0, '1']],
    ['a part too many', [1, 'numbers', null, 0, '1', 1]],
    ['a megabyte', [1, 'numbers', null, 0, 'x'.repeat(1_000_000)]],
  ])('with %s is refused before IAM is asked', async (_name, parts) => {
    const iam = changingList([1], [10])
    const after = Buffer.from(JSON.stringify(parts)).toString('base64url')
    await expect(async () => connect(iam.list, { after })).rejects.toMatchObject({ extensions: { code: 'BAD_CURSOR' } })
    expect(iam.asked).toEqual([])
  })
})

const key = fc.integer({ min: 0, max: 200 })
const keys = fc.uniqueArray(key, { maxLength: 40 })
const firsts = fc.integer({ min: 1, max: 15 })
/** How long IAM makes its pages, call after call: short ones, and empty ones that are truncated still. */
const caps = fc
  .array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 6 })
  .filter(lengths => lengths.some(length => length > 0))

const turn = fc.record({
  first: firsts,
  deleted: fc.array(key, { maxLength: 3 }),
  added: fc.array(key, { maxLength: 3 }),
  /** Which edge to go on from; undefined: the last. */
  take: fc.option(fc.nat({ max: 20 }), { nil: undefined }),
})

/** Turns without changes, enough of them to reach the end of any list that the others can leave. */
function untilTheEnd(length: number) {
  return Array.from({ length: length + 40 }, () => ({ first: 15, deleted: [], added: [], take: undefined }))
}

/** A list as IAM keeps one: in order, a Marker stands behind an item, and no two answers give the same Marker. */
function changingList(initial: readonly number[], pageCaps: readonly number[]) {
  const present = new Set(initial)
  const sorted = () => [...present].sort((a, b) => a - b)
  const opened: (string | undefined)[] = []
  const answered: (string | undefined)[] = []
  const asked: number[] = []

  const list: List<number> = {
    name: 'numbers',
    keyOf: String,
    async load({ marker, maxItems }: PageRequest): Promise<Page<number>> {
      opened.push(marker)
      asked.push(maxItems)
      const behind = marker === undefined ? -1 : Number(marker.split(' ')[0])
      const rest = sorted().filter(item => item > behind)
      const items = rest.slice(0, Math.min(maxItems, pageCaps[(asked.length - 1) % pageCaps.length] ?? maxItems))
      const next = items.length < rest.length ? `${items.at(-1) ?? behind} ${asked.length}` : undefined
      answered.push(next)
      return { items, marker: next }
    },
  }
  return {
    list,
    opened,
    answered,
    asked,
    keys: sorted,
    has: (item: number) => present.has(item),
    add: (item: number) => present.add(item),
    delete: (item: number) => present.delete(item),
  }
}
