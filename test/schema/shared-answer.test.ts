import { expect, test } from 'vitest'
import { createCost } from '../../src/iam/cost.ts'
import { createSharedAnswers } from '../../src/schema/shared-answer.ts'

/** Answers that are found by the test, at a time that is the test's. */
function recorded(most = 100) {
  let time = 0
  const answers = createSharedAnswers<string>({ keptFor: 300, failureKeptFor: 15, most, now: () => time })
  const finds: { readonly found: (value: string) => void; readonly failed: (error: Error) => void }[] = []
  return {
    answers,
    finds,
    pass(milliseconds: number) {
      time += milliseconds
    },
    get: (key: string, signal = new AbortController().signal, cost = createCost()) =>
      answers.get(key, { signal, cost }, () => new Promise((found, failed) => finds.push({ found, failed }))),
  }
}

test('what one asks for is the answer of all who ask, at the same time and for a while', async () => {
  const { answers, finds, pass, get } = recorded()
  const cost = createCost()
  const asked = [get('a'), get('a', undefined, cost)]
  expect([finds.length, answers.recall('a')]).toEqual([1, undefined])
  finds[0]?.found('yes')
  expect(await Promise.all(asked)).toEqual(['yes', 'yes'])
  expect(cost.shared).toBe(1)
  pass(300)
  expect([await get('a'), answers.recall('a'), finds.length]).toEqual(['yes', 'yes', 1])
  pass(1)
  expect(answers.recall('a')).toBeUndefined()
  const later = get('a')
  finds[1]?.found('no')
  expect(await later).toBe('no')
})

test('a failure is everybody’s, too, for a shorter while', async () => {
  const { answers, finds, pass, get } = recorded()
  const trouble = new Error('trouble')
  const asked = [get('a'), get('a')]
  finds[0]?.failed(trouble)
  for (const one of asked) await expect(one).rejects.toBe(trouble)
  pass(15)
  await expect(get('a')).rejects.toBe(trouble)
  expect(answers.recall('a')).toBeUndefined()
  pass(1)
  const later = get('a')
  finds[1]?.found('yes')
  expect(await later).toBe('yes')
})

test('the failure of one who has gone is nobody else’s: another asks', async () => {
  const { finds, get } = recorded()
  const leaving = new AbortController()
  const gone = new Error('gone')
  const asked = [get('a', leaving.signal), get('a')]
  leaving.abort(gone)
  finds[0]?.failed(gone)
  await expect(asked[0]).rejects.toBe(gone)
  await expect.poll(() => finds.length).toBe(2)
  finds[1]?.found('yes')
  expect(await asked[1]).toBe('yes')
})

test('who goes does not wait', async () => {
  const { finds, get } = recorded()
  const leaving = new AbortController()
  const gone = new Error('gone')
  const [staying, left] = [get('a'), get('a', leaving.signal)]
  leaving.abort(gone)
  await expect(left).rejects.toBe(gone)
  finds[0]?.found('yes')
  expect(await staying).toBe('yes')
})

test('no more are kept than may be: the first asked for goes', async () => {
  const { answers, finds, get } = recorded(2)
  for (const [index, key] of ['a', 'b', 'c'].entries()) {
    const asked = get(key)
    finds[index]?.found(key)
    await asked
  }
  expect(['a', 'b', 'c'].map(key => answers.recall(key))).toEqual([undefined, 'b', 'c'])
})
