import { setTimeout as wait } from 'node:timers/promises'
import { startApollo, startGateway, startMercurius, startSdk } from '../contender/index.mjs'
import { inRounds, measure, medianRatio, warmUp } from '../measure.mjs'
import { startSandbox } from '../sandbox-process.mjs'
import { ratio, whole } from '../table.mjs'
import { workloads } from '../workload.mjs'

export const title = 'A team’s dashboards: many at once'

const cacheSeconds = 2

/** Nothing is remembered when they begin: what they have in common is asked by one of them, for all. */
export async function run({ folder, quick, rounds, say }) {
  const sandbox = await startSandbox({ folder, users: 99 })
  const gateway = await startGateway({ folder, sandbox, flags: [`--cache-ttl=${cacheSeconds}`] })
  const sdk = await startSdk('unbounded', { sandbox })
  const contenders = [sdk, gateway, await startApollo({ sandbox }), await startMercurius({ sandbox })]

  const atOnce = quick ? 4 : 50
  const workload = 'dashboard'
  say(`${atOnce} dashboards`)
  await warmUp(contenders, workload, sandbox, quick ? 1 : 20)
  const runs = Math.min(rounds, 5)
  const measured = await inRounds(runs, contenders, async contender => {
    if (contender === gateway) await wait((cacheSeconds + 0.2) * 1000)
    return measure({ contender, sandbox, workload, count: atOnce, atOnce })
  })
  for (const child of [...contenders, sandbox]) await child.stop()

  const rows = contenders.map(({ name }) => ({
    name,
    calls: medianRatio(measured, figures => figures.get(name).calls * atOnce),
    cpu: medianRatio(
      measured,
      figures => figures.get(name).cpu,
      figures => figures.get(sdk.name).cpu,
    ),
    time: medianRatio(
      measured,
      figures => figures.get(name).time,
      figures => figures.get(sdk.name).time,
    ),
  }))
  return {
    runs,
    tables: [
      {
        title: `${atOnce} dashboards of 100 users at once: least possible IAM calls ${workloads[workload].least} for all`,
        head: ['', 'IAM calls for all', 'CPU ÷ SDK’s', 'time ÷ SDK’s'],
        rows: rows.map(({ name, calls, cpu, time }) => [name, whole(calls), ratio(cpu), ratio(time)]),
      },
    ],
    bars: [
      {
        title: `${atOnce} dashboards at once: IAM calls`,
        unit: 'calls; fewer is better',
        bars: rows.map(({ name, calls }) => ({ name, value: calls, label: whole(calls) })),
      },
    ],
  }
}
