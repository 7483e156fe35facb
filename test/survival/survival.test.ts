import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { redisServer } from '../events/redis.ts'
import { tableOf } from '../readme.ts'
import { acts } from './fault.ts'
import { type Scene, startScene } from './scene.ts'
import { printed, type Row, rowOf } from './verdict.ts'

const rows: Row[] = []

describe.skipIf(!redisServer)('while changes are made, with two instances', () => {
  afterAll(() => {
    process.stdout.write(printed(rows))
  })

  describe.each(acts.map(act => [act.name, act] as const))('and %s', (_name, { options, faults }) => {
    let scene: Scene
    beforeAll(async () => {
      scene = await startScene(options)
    })
    afterAll(() => scene[Symbol.asyncDispose]())

    const named = faults.map(fault => [fault.name, fault.told, fault] as const)
    test.each(named)('%s: %s', { timeout: 90_000 }, async (name, told, { share, strike }) => {
      await scene.begin()
      await strike(scene)
      const row = rowOf(name, scene.watchers, await scene.settled())
      rows.push(row)
      const toldToQuery = told === 'each change once' ? 0 : options.clients * share
      expect(row).toEqual({ ...row, wrong: [], toldOnce: options.clients - toldToQuery, toldToQuery })
    })
  })
})

test('the README tells of each fault what is shown here', () => {
  const rowsOfReadme = acts.flatMap(({ faults }) => faults.map(({ name, told }) => [name, told]))
  expect(tableOf('What happens', 'What clients are told')).toEqual(rowsOfReadme)
})
