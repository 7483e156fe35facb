import { startApollo, startGateway, startMercurius, startSdk } from '../contender/index.mjs'
import { equalAnswers } from '../equal.mjs'
import { inRounds, measure, medianRatio, warmUp } from '../measure.mjs'
import { startSandbox } from '../sandbox-process.mjs'
import { ratio, whole } from '../table.mjs'
import { capitalised, workloads } from '../workload.mjs'

export const title = 'Without a cache: what an answer costs'

const modes = ['sequential', 'unbounded', 'adaptive']

/** One answer at a time, each asked of IAM: CPU beside the bare SDK's for the same answer, and IAM calls. */
export async function run({ folder, quick, rounds, say }) {
  // With the gateway's own user the account has a hundred, so that a dashboard shows all of it.
  const sandbox = await startSandbox({ folder, users: 99 })
  const scripts = await Promise.all(modes.map(mode => startSdk(mode, { sandbox })))
  const gateway = await startGateway({ folder, sandbox, flags: ['--cache-ttl=0'] })
  const contenders = [...scripts, gateway, await startApollo({ sandbox }), await startMercurius({ sandbox })]

  const tables = []
  const bars = []
  for (const [workload, { warm, count }] of Object.entries(quick ? few : many)) {
    const { title, least } = workloads[workload]
    say(title)
    await equalAnswers(contenders, workload, sandbox)
    await warmUp(contenders, workload, sandbox, warm)
    const measured = await inRounds(rounds, contenders, contender => measure({ contender, sandbox, workload, count }))
    const floor = figures => Math.min(...scripts.map(({ name }) => figures.get(name).cpu))
    const floorByCall = figures =>
      Math.min(...scripts.map(({ name }) => figures.get(name).cpu / figures.get(name).calls))
    const quickest = figures => Math.min(...scripts.map(({ name }) => figures.get(name).time))
    const rows = contenders.map(({ name }) => ({
      name,
      calls: medianRatio(measured, figures => figures.get(name).calls),
      cpu: medianRatio(measured, figures => figures.get(name).cpu, floor),
      cpuByCall: medianRatio(measured, figures => figures.get(name).cpu / figures.get(name).calls, floorByCall),
      time: medianRatio(measured, figures => figures.get(name).time, quickest),
    }))
    tables.push({
      title: `${capitalised(title)}: least possible IAM calls ${least}`,
      head: ['', 'IAM calls', 'CPU ÷ SDK’s least', 'CPU per call ÷ SDK’s least', 'time ÷ SDK’s least'],
      rows: rows.map(row => [row.name, whole(row.calls), ratio(row.cpu), ratio(row.cpuByCall), ratio(row.time)]),
      note: `1.00 is ${medianRatio(measured, floor).toFixed(2)} ms of CPU.`,
    })
    if (workload === 'dashboard')
      bars.push({
        title: `${capitalised(title)}: CPU of an answer`,
        unit: '× the bare SDK',
        bars: rows.map(({ name, cpu, calls }) => ({
          name,
          value: cpu,
          label: `${ratio(cpu)} (${whole(calls)} calls)`,
        })),
      })
  }
  for (const child of [...contenders, sandbox]) await child.stop()
  return { tables, bars }
}

const few = {
  oneUser: { warm: 4, count: 10 },
  dashboard: { warm: 1, count: 1 },
  dashboardX509: { warm: 1, count: 1 },
  mutation: { warm: 4, count: 10 },
}

const many = {
  oneUser: { warm: 200, count: 200 },
  dashboard: { warm: 120, count: 15 },
  dashboardX509: { warm: 60, count: 15 },
  mutation: { warm: 200, count: 200 },
}
