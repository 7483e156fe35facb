import { setTimeout as wait } from 'node:timers/promises'
import { startGateway } from '../contender/index.mjs'
import { median } from '../measure.mjs'
import { startSandbox } from '../sandbox-process.mjs'
import { ratio, whole } from '../table.mjs'
import { workloads } from '../workload.mjs'

export const title = 'Growth: the whole account, by pages of at most 1,000 users'

const cacheSeconds = 1
const mostOnPage = 1000

/** The dashboard with x509, read to its end: the flags are the gateway's own defaults but for a cache that is soon over. */
export async function run({ folder, quick, rounds, say }) {
  const runs = Math.min(rounds, 3)
  const sizes = []
  for (const users of quick ? [20, 40] : [100, 200, 500, 1000, 2000, 5000]) {
    say(`${users} users`)
    const sandbox = await startSandbox({ folder, users: users - 1 })
    const gateway = await startGateway({ folder, sandbox, flags: [`--cache-ttl=${cacheSeconds}`] })
    for (let read = 0; read < (quick ? 40 : 2000); read += users) await readAll(gateway, users)
    const measured = []
    for (let round = 0; round < runs; round++) {
      await wait((cacheSeconds + 0.2) * 1000)
      await sandbox.ask('clear')
      const began = performance.now()
      const { cpu } = await gateway.ask('usage')
      const { rows, credentials, pages } = await readAll(gateway, users)
      const used = (await gateway.ask('usage')).cpu - cpu
      const time = performance.now() - began
      const { all: calls } = await sandbox.ask('calls')
      const least = pages + rows + Math.ceil(credentials / 1000)
      measured.push({ users: rows, calls, least, cpu: used / rows, time: time / rows })
    }
    const of = figure => median(measured.map(figures => figures[figure]))
    const figures = Object.fromEntries(['users', 'calls', 'least', 'cpu', 'time'].map(figure => [figure, of(figure)]))
    sizes.push({ ...figures, memory: await gateway.ask('peak') })
    await gateway.stop()
    await sandbox.stop()
  }
  const [smallest] = sizes
  return {
    runs,
    tables: [
      {
        head: ['users', 'IAM calls', 'least', 'CPU per user', 'time per user', 'peak memory', 'in MiB'],
        rows: sizes.map(({ users, calls, least, cpu, time, memory }) => [
          String(users),
          whole(calls),
          whole(least),
          ratio(cpu / smallest.cpu),
          ratio(time / smallest.time),
          ratio(memory / smallest.memory),
          memory.toFixed(0),
        ]),
        note: `Ratios are to the account of ${smallest.users}: 1.00 is ${smallest.cpu.toFixed(2)} ms of CPU for a user.`,
      },
    ],
  }
}

async function readAll(gateway, users) {
  let rows = 0
  let credentials = 0
  let pages = 0
  for (let after = null; ; ) {
    const { query } = workloads.account
    const variables = { first: Math.min(users, mostOnPage), after }
    const { nodes, pageInfo } = (await gateway.answer({ query, variables })).users
    pages += 1
    rows += nodes.length
    credentials += nodes.flatMap(({ serviceSpecificCredentials }) => serviceSpecificCredentials).length
    if (!pageInfo.hasNextPage) return { rows, credentials, pages }
    after = pageInfo.endCursor
  }
}
