import type { Choose } from './identifier.ts'

/** Repeatable chance for seeding: the same seed and label, the same choices. */
export interface Random {
  /** An integer in [0, limit). */
  readonly choose: Choose
  /** True in so many of a hundred cases. */
  percent(chance: number): boolean
  /** An integer in [least, most]. */
  between(least: number, most: number): number
  pick<T>(first: T, ...rest: readonly T[]): T
}

/**
 * Each label has a sequence of its own, so that a new kind of credential leaves the others as they were. The generator is
 * mulberry32 (Tommy Ettinger, public domain): tiny, and good enough to make data up. Nothing secret depends on it.
 */
export function createRandom(seed: number, label: string): Random {
  let state = [...label].reduce((hash, character) => Math.imul(hash ^ character.charCodeAt(0), 0x01000193), seed | 0)
  const choose = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * limit)
  }
  return {
    choose,
    percent: chance => choose(100) < chance,
    between: (least, most) => least + choose(most - least + 1),
    pick: (first, ...rest) => [first, ...rest][choose(rest.length + 1)] ?? first,
  }
}
