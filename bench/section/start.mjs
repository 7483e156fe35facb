import { setTimeout as wait } from 'node:timers/promises'
import { startApollo, startGateway, startMercurius, startSdk } from '../contender/index.mjs'
import { inRounds, medianRatio, question } from '../measure.mjs'
import { startSandbox } from '../sandbox-process.mjs'
import { ratio } from '../table.mjs'

export const title = 'Start, and memory at rest'

/** From nothing to the first right answer, for one user; then the memory a second later. */
export async function run({ folder, quick, rounds, say }) {
  const sandbox = await startSandbox({ folder, users: 99 })
  const starts = [
    { name: 'SDK, a script', start: () => startSdk('unbounded', { sandbox }) },
    { name: 'this gateway', start: () => startGateway({ folder, sandbox }) },
    { name: 'Apollo Server, by hand', start: () => startApollo({ sandbox }) },
    { name: 'mercurius, by hand', start: () => startMercurius({ sandbox }) },
  ]
  say('first answers')
  const measured = await inRounds(rounds, starts, async ({ start }) => {
    const contender = await start()
    await contender.answer(question('oneUser', sandbox))
    const time = performance.now() - contender.started
    const { cpu } = await contender.ask('usage')
    if (!quick) await wait(1000)
    const { memory } = await contender.ask('usage')
    await contender.stop()
    return { time, cpu, memory }
  })
  await sandbox.stop()

  const [{ name: script }] = starts
  const relative = (name, figure) =>
    medianRatio(
      measured,
      figures => figures.get(name)[figure],
      figures => figures.get(script)[figure],
    )
  const of = figure => medianRatio(measured, figures => figures.get(script)[figure])
  return {
    tables: [
      {
        head: ['', 'time to first answer ÷ script’s', 'CPU ÷ script’s', 'memory at rest ÷ script’s'],
        rows: starts.map(({ name }) => [
          name,
          ...['time', 'cpu', 'memory'].map(figure => ratio(relative(name, figure))),
        ]),
        note: `1.00 is ${of('time').toFixed(0)} ms, ${of('cpu').toFixed(0)} ms of CPU, and ${of('memory').toFixed(0)} MiB.`,
      },
    ],
  }
}
