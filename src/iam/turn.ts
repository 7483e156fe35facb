/** Items that wait, each on behalf of somebody: everybody in turn, and the items of each in their order. */
export interface Turns<Item> {
  readonly size: number
  add(of: object, item: Item): void
  /** Before the other items of the same turn. */
  addFirst(of: object, item: Item): void
  take(): Item | undefined
  remove(of: object, item: Item): void
}

/** Somebody on whose behalf a call goes, and how urgently. */
export interface Party<Lane> {
  readonly lane: Lane
  /** Whose turn it takes. */
  readonly turn: object
  /** Begins to count that it waits; returns how to end it. */
  readonly waits?: (() => () => void) | undefined
}

/** All those that one call goes for: it goes in whichever's turn comes first. */
export interface Parties<Lane> {
  readonly all: readonly Party<Lane>[]
  join(party: Party<Lane>): void
  /** Told of each that joins from now on, until the next is set. */
  onJoin: ((party: Party<Lane>) => void) | undefined
}

export function createParties<Lane>(first: Party<Lane>): Parties<Lane> {
  const all = [first]
  const parties: Parties<Lane> = {
    all,
    join(party) {
      if (all.some(({ lane, turn }) => lane === party.lane && turn === party.turn)) return
      all.push(party)
      parties.onJoin?.(party)
    },
    onJoin: undefined,
  }
  return parties
}

export function createTurns<Item>(): Turns<Item> {
  /** In the order in which their turns come. */
  const waiting = new Map<object, Set<Item>>()
  let size = 0

  function put(of: object, items: Set<Item>): void {
    waiting.set(of, items)
    size += 1
  }

  return {
    get size() {
      return size
    },
    add(of, item) {
      put(of, (waiting.get(of) ?? new Set()).add(item))
    },
    addFirst(of, item) {
      put(of, new Set([item, ...(waiting.get(of) ?? [])]))
    },
    take() {
      const [of, items] = waiting.entries().next().value ?? []
      const item = items?.values().next().value
      if (of === undefined || items === undefined || item === undefined) return undefined
      items.delete(item)
      size -= 1
      waiting.delete(of)
      if (items.size > 0) waiting.set(of, items)
      return item
    },
    remove(of, item) {
      const items = waiting.get(of)
      if (!items?.delete(item)) return
      size -= 1
      if (items.size === 0) waiting.delete(of)
    },
  }
}
