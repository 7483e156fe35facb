import { describe, expect, test } from 'vitest'
import { createParties, createTurns, type Turn } from '../../src/iam/turn.ts'

const [one, other, third] = [{}, {}, {}].map(operation => ({ caller: 'same', operation })) as [Turn, Turn, Turn]

function takeAll<Item>(turns: ReturnType<typeof createTurns<Item>>): Item[] {
  const taken: Item[] = []
  for (let item = turns.take(); item !== undefined; item = turns.take()) taken.push(item)
  return taken
}

describe('turns', () => {
  test('go round, and the items of each go in their order', () => {
    const turns = createTurns<string>()
    for (const item of ['a1', 'a2', 'a3', 'a4']) turns.add(one, item)
    for (const item of ['b1', 'b2']) turns.add(other, item)
    turns.add(third, 'c1')
    expect(turns.size).toBe(7)
    expect(takeAll(turns)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4'])
    expect(turns.size).toBe(0)
  })

  test('come late to who has just had one', () => {
    const turns = createTurns<string>()
    for (const item of ['a1', 'a2']) turns.add(one, item)
    expect(turns.take()).toBe('a1')
    turns.add(other, 'b1')
    turns.add(other, 'b2')
    expect(takeAll(turns)).toEqual(['a2', 'b1', 'b2'])
  })

  test('let an item go before the others of its turn, not before others', () => {
    const turns = createTurns<string>()
    turns.add(other, 'b1')
    for (const item of ['a1', 'a2']) turns.add(one, item)
    turns.addFirst(one, 'a0')
    expect(turns.size).toBe(4)
    expect(takeAll(turns)).toEqual(['b1', 'a0', 'a1', 'a2'])
  })

  test('are left by what is taken out of them, and by nothing twice', () => {
    const turns = createTurns<string>()
    for (const item of ['a1', 'a2']) turns.add(one, item)
    turns.add(other, 'b1')
    turns.remove(one, 'a1')
    turns.remove(one, 'a1')
    turns.remove(other, 'a2')
    turns.remove(third, 'a2')
    expect(turns.size).toBe(2)
    turns.remove(other, 'b1')
    expect(takeAll(turns)).toEqual(['a2'])
    expect(turns.size).toBe(0)
  })
})

describe('turns of callers', () => {
  const of = (caller: string): Turn => ({ caller, operation: {} })

  test('go round before those of their operations', () => {
    const turns = createTurns<string>()
    const [sweep, second, page] = [of('greedy'), of('greedy'), of('modest')]
    for (const item of ['a1', 'a2', 'a3']) turns.add(sweep, item)
    for (const item of ['b1', 'b2']) turns.add(second, item)
    for (const item of ['c1', 'c2', 'c3']) turns.add(page, item)
    expect(takeAll(turns)).toEqual(['a1', 'c1', 'b1', 'c2', 'a2', 'c3', 'b2', 'a3'])
  })

  test('are not got back by leaving: who left waits behind the others', () => {
    const turns = createTurns<string>()
    const [one, other] = [of('one'), of('other')]
    turns.add(one, 'a1')
    turns.add(other, 'b1')
    turns.remove(one, 'a1')
    turns.add(one, 'a2')
    expect(turns.size).toBe(2)
    expect(takeAll(turns)).toEqual(['b1', 'a2'])
  })
})

test('parties of one call are told of once each, to whoever listens then', () => {
  const parties = createParties({ lane: 'waiting', ...one })
  const told: unknown[] = []
  parties.join({ lane: 'waiting', ...other })
  parties.onJoin = party => told.push(party)
  parties.join({ lane: 'waiting', ...one })
  parties.join({ lane: 'waiting', ...other })
  parties.join({ lane: 'background', ...other })
  expect(told).toEqual([{ lane: 'background', ...other }])
  expect(parties.all).toHaveLength(3)
})
