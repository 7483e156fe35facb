import { expect, test } from 'vitest'
import { eachAlone, pageKey, recallFirst } from '../../src/loaders/batch.ts'

test('what is remembered is there at once, and stays the same until all is cleared', () => {
  let recalled = 0
  const loader = recallFirst({
    keyOf: (name: string) => name.toLowerCase(),
    recall() {
      recalled += 1
      return { turn: recalled }
    },
    load: () => Promise.reject(new Error('asked')),
  })
  expect(loader.load('alice')).toEqual({ turn: 1 })
  expect(loader.load('ALICE')).toEqual({ turn: 1 })
  loader.clearAll()
  expect(loader.load('alice')).toEqual({ turn: 2 })
})

test('what is not is asked for once, however often, and is not looked for again', async () => {
  const asked: string[] = []
  let recalled = 0
  const loader = recallFirst<string, string>({
    keyOf: name => name.toLowerCase(),
    recall() {
      recalled += 1
      return undefined
    },
    load: async name => `answer ${asked.push(name)}`,
  })
  expect(await Promise.all([loader.load('alice'), loader.load('ALICE'), loader.load('bob')])).toEqual([
    'answer 1',
    'answer 1',
    'answer 2',
  ])
  expect([await loader.load('alice'), asked, recalled]).toEqual(['answer 1', ['alice', 'bob'], 2])
  loader.clearAll()
  expect(await loader.load('alice')).toBe('answer 3')
})

test('a key that fails, fails alone', async () => {
  const loader = eachAlone<string, string>({
    keyOf: name => name,
    recall: () => undefined,
    async load(name) {
      if (name === 'bob') throw new Error('refused')
      return name
    },
  })
  const answers = await Promise.allSettled([loader.load('alice'), loader.load('bob')])
  expect(answers).toMatchObject([
    { status: 'fulfilled', value: 'alice' },
    { status: 'rejected', reason: { message: 'refused' } },
  ])
})

test('pages differ by their length, their Marker and what they are of', () => {
  const keys = [
    pageKey({ marker: undefined, maxItems: 1 }),
    pageKey({ marker: undefined, maxItems: 11 }),
    pageKey({ marker: '1', maxItems: 1 }),
    pageKey({ marker: undefined, maxItems: 1 }, '1'),
    pageKey({ marker: undefined, maxItems: 1 }, '\n1'),
    pageKey({ marker: '1', maxItems: 1 }, '1'),
  ]
  expect(new Set(keys).size).toBe(keys.length)
})
