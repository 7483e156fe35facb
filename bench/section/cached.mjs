import { startGateway, startReady } from '../contender/index.mjs'
import { equalAnswers } from '../equal.mjs'
import { inRounds, measure, medianRatio, warmUp } from '../measure.mjs'
import { startSandbox } from '../sandbox-process.mjs'
import { ratio, whole } from '../table.mjs'
import { capitalised, workloads } from '../workload.mjs'

export const title = 'Within the cache’s time: what GraphQL costs'

/** The dashboard once more while the cache has all of it, beside servers that have the answer's values at hand. */
export async function run({ folder, quick, rounds, say }) {
  const sandbox = await startSandbox({ folder, users: 99 })
  const gateway = await startGateway({ folder, sandbox, flags: ['--cache-ttl=3600'] })
  const data = await equalAnswers([gateway], 'dashboardX509', sandbox)
  const yoga = await startReady('yoga', data)
  const contenders = [yoga, gateway, await startReady('mercurius', data), await startReady('mercuriusJit', data)]

  const { warm, count } = quick ? { warm: 5, count: 10 } : { warm: 500, count: 200 }
  const tables = []
  const bars = []
  for (const workload of ['dashboard', 'dashboardX509']) {
    const { title } = workloads[workload]
    say(title)
    await equalAnswers(contenders, workload, sandbox)
    await warmUp(contenders, workload, sandbox, warm)
    const measured = await inRounds(rounds, contenders, contender => measure({ contender, sandbox, workload, count }))
    const floor = figures => figures.get(yoga.name).cpu
    const rows = contenders.map(({ name }) => ({
      name,
      calls: medianRatio(measured, figures => figures.get(name).calls),
      answers: medianRatio(measured, floor, figures => figures.get(name).cpu),
      time: medianRatio(
        measured,
        figures => figures.get(name).time,
        figures => figures.get(yoga.name).time,
      ),
    }))
    tables.push({
      title: `${capitalised(title)}: least possible IAM calls 0`,
      head: ['', 'IAM calls', 'answers per CPU ÷ Yoga’s', 'time ÷ Yoga’s'],
      rows: rows.map(({ name, calls, answers, time }) => [name, whole(calls), ratio(answers), ratio(time)]),
      note: `1.00 is an answer for ${medianRatio(measured, floor).toFixed(2)} ms of CPU.`,
    })
    bars.push({
      title: `${capitalised(title)}, cached: answers per CPU`,
      unit: '× Yoga with ready data; more is better',
      bars: rows.map(({ name, answers }) => ({ name, value: answers, label: ratio(answers) })),
    })
  }
  for (const child of [...contenders, sandbox]) await child.stop()
  return { tables, bars }
}
