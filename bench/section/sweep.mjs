import { startGateway, startSdk } from '../contender/index.mjs'
import { median } from '../measure.mjs'
import { startSandbox } from '../sandbox-process.mjs'
import { countAnswered, least, shareThrottled, sweepOnce } from '../sweep-once.mjs'
import { percent, ratio } from '../table.mjs'

export const title = 'Against a rate that nobody is told: every user’s certificates'

/** Each run begins with new processes and a full bucket. No rate of IAM's is known before. */
export async function run({ folder, quick, rounds, say }) {
  const runs = Math.min(rounds, 3)
  const repeated = async (name, sweep) => {
    const measured = []
    for (let round = 0; round < runs; round++) {
      say(name)
      measured.push(await sweep({ folder, quick }))
    }
    return measured
  }
  const contest = []
  for (const { name, start } of contestants) {
    const measured = await repeated(name, settings => sweepOnce({ ...settings, ...plain(35, settings.quick), start }))
    contest.push(rowOf(name, measured))
  }
  const variants = []
  for (const { name, sweep } of variantsOf(quick)) {
    const measured = await repeated(name, sweep)
    for (const part of measured[0].keys())
      variants.push(
        rowOf(
          measured[0][part].name,
          measured.map(parts => parts[part]),
        ),
      )
  }
  return {
    runs,
    notes: [
      'calls ÷ rate is how long it takes at exactly the rate: less than 1.00 is what the bucket held at the beginning.',
    ],
    tables: [
      { title: 'The same sweep by everybody', head, rows: contest.map(cells) },
      { title: 'This gateway, in other weather', head, rows: variants.map(cells) },
    ],
    bars: [
      {
        title: 'Sweep at an unknown rate: answered',
        unit: 'of every 100 users; more is better',
        bars: contest.map(({ name, answered }) => ({ name, value: answered * 100, label: percent(answered) })),
      },
      {
        title: 'Sweep at an unknown rate: throttled replies',
        unit: '% of all calls; fewer is better',
        bars: contest.map(({ name, throttled }) => ({ name, value: throttled * 100, label: percent(throttled) })),
      },
    ],
  }
}

const head = ['', 'users', 'answered', 'throttled', 'time ÷ (calls ÷ rate)']

function rowOf(name, runs) {
  const of = figure => median(runs.map(figures => figures[figure]))
  return { name, users: of('users'), answered: of('answered'), throttled: of('throttled'), time: of('time') }
}

function cells({ name, users, answered, throttled, time }) {
  return [name, String(users), percent(answered), percent(throttled), ratio(time)]
}

const startPaced = ({ folder, sandbox }) => startGateway({ folder, sandbox, flags: ['--cache-ttl=0'] })

const contestants = [
  { name: 'this gateway', start: startPaced },
  ...[
    ['SDK, all at once', 'unbounded'],
    ['SDK, all at once, adaptive', 'adaptive'],
    ['SDK, 20 at once, 9 attempts', 'lanes'],
  ].map(([name, mode]) => ({ name, start: ({ sandbox }) => startSdk(mode, { sandbox }) })),
]

/** Slow rates with fewer calls, so that each takes about half a minute. */
function variantsOf(quick) {
  const paced =
    settings =>
    async ({ folder }) => [{ name: settings.name, ...(await sweepOnce({ folder, start: startPaced, ...settings })) }]
  const rates = [5, 10, 100].map(rate => {
    const name = `${rate} calls a second`
    return { name, sweep: paced({ name, ...plain(rate, quick) }) }
  })
  const burst = { name: '35 a second, bucket of 350', rate: 35, burst: 350, users: 1000 }
  const dropping = { name: '35 a second, 10 for a while, 35 again', drop: quick ? quickDrop : slowDrop }
  return [
    ...(quick ? rates.slice(2) : [...rates, { name: burst.name, sweep: paced(burst) }]),
    { name: dropping.name, sweep: paced({ name: dropping.name, ...dropping.drop }) },
    { name: 'two APIs of different rates at once', sweep: twoAtOnce },
    { name: 'four gateways on one bucket', sweep: fourInstances },
  ]
}

function plain(rate, quick) {
  if (quick) return { rate: rate * 4, users: Math.round(rate * 4.2) }
  return { rate, users: Math.min(1000, rate * 30) }
}

const slowDrop = {
  rate: 35,
  users: 1000,
  changes: [
    { at: 10, rate: 10 },
    { at: 25, rate: 35 },
  ],
}
const quickDrop = {
  rate: 140,
  users: 180,
  changes: [
    { at: 0.2, rate: 40 },
    { at: 0.7, rate: 140 },
  ],
}

/** One operation lists certificates, the other gets users one by one, of an API that answers less often. */
async function twoAtOnce({ folder, quick }) {
  const fast = quick ? { rate: 140, users: 160 } : { rate: 35, users: 1000 }
  const slow = quick ? { rate: 40, users: 50 } : { rate: 10, users: 280 }
  const sandbox = await startSandbox({ folder, users: fast.users - 1, rate: fast.rate, burst: fast.rate })
  await sandbox.ask('rate', { action: 'GetUser', rate: slow.rate, burst: slow.rate })
  const gateway = await startPaced({ folder, sandbox })
  const { users } = await gateway.answer({ query: `{ users(first: ${slow.users}) { nodes { id } } }`, variables: {} })
  const ids = users.nodes.map(({ id }) => id)

  await sandbox.ask('clear')
  const began = performance.now()
  const elapsed = () => (performance.now() - began) / 1000
  const [certificates, found] = await Promise.all([
    countAnswered(gateway, fast.users).then(answered => ({ answered, time: elapsed() })),
    gateway
      .answer({ query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', variables: { ids } })
      .then(({ nodes }) => ({ answered: nodes.filter(node => node !== null).length, time: elapsed() })),
  ])
  const throttled = shareThrottled(await sandbox.ask('calls'))
  await gateway.stop()
  await sandbox.stop()
  const figures = (part, { rate, users }) => ({
    users,
    answered: part.answered / users,
    throttled,
    time: part.time / least(users, rate, []),
  })
  return [
    { name: `two APIs at once: ${fast.rate} a second`, ...figures(certificates, fast) },
    { name: `two APIs at once: ${slow.rate} a second`, ...figures(found, slow) },
  ]
}

/** Nothing is shared between them but the bucket. */
async function fourInstances({ folder, quick }) {
  const { rate, users } = quick ? { rate: 140, users: 40 } : { rate: 35, users: 1000 }
  const sandbox = await startSandbox({ folder, users: users - 1, rate, burst: rate })
  const gateways = await Promise.all(Array.from({ length: 4 }, () => startPaced({ folder, sandbox })))
  await sandbox.ask('clear')
  const began = performance.now()
  const parts = await Promise.all(
    gateways.map(async gateway => ({
      answered: await countAnswered(gateway, users),
      time: (performance.now() - began) / 1000,
    })),
  )
  const throttled = shareThrottled(await sandbox.ask('calls'))
  for (const child of [...gateways, sandbox]) await child.stop()
  const times = parts.map(({ time }) => time)
  const all = 4 * users
  const answered = parts.reduce((sum, part) => sum + part.answered, 0) / all
  const figures = { users: all, answered, throttled }
  const ideal = least(all, rate, [])
  return [
    { name: 'four gateways on one bucket: the slowest', ...figures, time: Math.max(...times) / ideal },
    { name: 'four gateways on one bucket: the fastest', ...figures, time: Math.min(...times) / ideal },
  ]
}
