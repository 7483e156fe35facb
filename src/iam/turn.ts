/** Items that wait, each on behalf of somebody: callers in turn, of each its operations in turn, of these their items. */
export interface Turns<Item> {
  readonly size: number
  add(of: Turn, item: Item): void
  /** Before the other items of the same operation. */
  addFirst(of: Turn, item: Item): void
  take(): Item | undefined
  remove(of: Turn, item: Item): void
}

export interface Turn {
  /** Who asks: one who asks for much at once, by however many operations, keeps nobody else from his turn. */
  readonly caller: string
  /** What for. */
  readonly operation: object
}

/** Somebody on whose behalf a call goes, and how urgently. */
export interface Party<Lane> extends Turn {
  readonly lane: Lane
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
      // An operation has one caller.
      if (all.some(({ lane, operation }) => lane === party.lane && operation === party.operation)) return
      all.push(party)
      parties.onJoin?.(party)
    },
    onJoin: undefined,
  }
  return parties
}

export function createTurns<Item>(): Turns<Item> {
  /** In the order in which their turns come. */
  const callers = new Map<string, Round<Item>>()
  let size = 0

  function roundOf({ caller }: Turn): Round<Item> {
    const round = callers.get(caller) ?? createRound()
    callers.set(caller, round)
    size += 1
    return round
  }

  return {
    get size() {
      return size
    },
    add(of, item) {
      roundOf(of).add(of.operation, item)
    },
    addFirst(of, item) {
      roundOf(of).addFirst(of.operation, item)
    },
    take() {
      const [caller, round] = callers.entries().next().value ?? []
      if (caller === undefined || round === undefined) return undefined
      const item = round.take()
      size -= 1
      callers.delete(caller)
      if (!round.isEmpty) callers.set(caller, round)
      return item
    },
    remove(of, item) {
      const round = callers.get(of.caller)
      if (!round?.remove(of.operation, item)) return
      size -= 1
      if (round.isEmpty) callers.delete(of.caller)
    },
  }
}

/** One caller's operations. */
interface Round<Item> {
  readonly isEmpty: boolean
  add(of: object, item: Item): void
  addFirst(of: object, item: Item): void
  take(): Item | undefined
  /** Whether it was there. */
  remove(of: object, item: Item): boolean
}

function createRound<Item>(): Round<Item> {
  /** In the order in which their turns come. */
  const waiting = new Map<object, Set<Item>>()
  return {
    get isEmpty() {
      return waiting.size === 0
    },
    add(of, item) {
      waiting.set(of, (waiting.get(of) ?? new Set()).add(item))
    },
    addFirst(of, item) {
      waiting.set(of, new Set([item, ...(waiting.get(of) ?? [])]))
    },
    take() {
      const [of, items] = waiting.entries().next().value ?? []
      const item = items?.values().next().value
      if (of === undefined || items === undefined || item === undefined) return undefined
      items.delete(item)
      waiting.delete(of)
      if (items.size > 0) waiting.set(of, items)
      return item
    },
    remove(of, item) {
      const items = waiting.get(of)
      if (!items?.delete(item)) return false
      if (items.size === 0) waiting.delete(of)
      return true
    },
  }
}
