import { startGateway, startReady } from '../contender/index.mjs'
import { equalAnswers } from '../equal.mjs'
import { inRounds, measure, medianRatio, warmUp } from '../measure.mjs'
import { startSandbox } from '../sandbox-process.mjs'
import { ratio, whole } from '../table.mjs'
import { capitalised, workloads } from '../workload.mjs'

export const title = 'Within the cache’s time: what GraphQL costs'

/**
 * The dashboard once more while the cache has all of it, beside servers that have the answer's values at hand: the very
 * question asked again, and questions of which each is asked once.
 */
export async function run({ folder, quick, rounds, say }) {
  const sandbox = await startSandbox({ folder, users: 99 })
  const flags = ['--cache-ttl=3600']
  const gateway = await startGateway({ folder, sandbox, flags })
  const asked = neverTheSame(await startGateway({ folder, sandbox, flags, name: 'this gateway, no question twice' }))
  const data = await equalAnswers([gateway], 'dashboardX509', sandbox)
  const yoga = await startReady('yoga', data)
  const contenders = [yoga, gateway, asked, await startReady('mercurius', data), await startReady('mercuriusJit', data)]

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
  return { notes, tables, bars }
}

const notes = [
  `While all pages that an answer was made of are remembered, this gateway gives it again as it was made before
(\`--answer-cache-bytes\`), which costs HTTP alone; Yoga and mercurius make theirs each time, of ready data. Where no
question comes twice nothing is given again: the difference to Yoga is what remembered pages cost beside ready data.`,
]

/** A variable that the operation does not declare is ignored, but is part of the question. */
function neverTheSame(contender) {
  let asked = 0
  return {
    ...contender,
    answer: question => contender.answer({ ...question, variables: { ...question.variables, asked: ++asked } }),
  }
}
