import { setTimeout as wait } from 'node:timers/promises'
import { startChild } from '../child.mjs'
import { startBareSubscriptions, startGateway } from '../contender/index.mjs'
import { inRounds, medianRatio, question } from '../measure.mjs'
import { now } from '../probe.mjs'
import { startRedis } from '../redis.mjs'
import { startSandbox } from '../sandbox-process.mjs'
import { ratio } from '../table.mjs'

export const title = 'A change, and many who wait for it'

const query = `subscription Changes {
  signingCertificateStatusChanged {
    id userName certificateId previousStatus status changedAt changedBy source superseded
  }
}`

/** A change by a mutation, subscribers over graphql-ws in another process; beside Yoga and graphql-ws with nothing else. */
export async function run({ folder, quick, rounds, say }) {
  const sandbox = await startSandbox({ folder, users: 99 })
  const runs = Math.min(rounds, 5)
  const { crowd, few, changes, warm } = quick ? small : large
  const contenders = [await startBareSubscriptions(), await startGateway({ folder, sandbox })]

  say(`one change to ${crowd.sockets * crowd.each} subscriptions`)
  const fanned = await measureCrowds({ contenders, sandbox, crowd, warm, runs, count: 1 })
  say(`${changes} changes to ${few.sockets * few.each} subscriptions`)
  const sustained = await measureCrowds({ contenders, sandbox, crowd: few, warm, runs, count: changes })
  for (const child of contenders) await child.stop()
  const across = await runAcross({ folder, sandbox, crowd: few, warm, runs, say })
  await sandbox.stop()
  return {
    runs,
    notes: ['In every run it is checked that every subscriber was told every change once, in the same order.'],
    tables: [fanTable(contenders, fanned, crowd), sustainedTable(contenders, sustained, few, changes), ...across],
    bars: [
      {
        title: `One change to ${crowd.sockets * crowd.each} subscriptions: until 99 % have it`,
        unit: '× Yoga and graphql-ws alone; less is better',
        bars: contenders.map(({ name }) => {
          const value = toFirst(contenders, fanned, 'p99')(name)
          return { name, value, label: ratio(value) }
        }),
      },
    ],
  }
}

const large = { crowd: { sockets: 1000, each: 10 }, few: { sockets: 100, each: 10 }, changes: 50, warm: 5 }
const small = { crowd: { sockets: 10, each: 10 }, few: { sockets: 2, each: 5 }, changes: 5, warm: 1 }

/** By the contender's name, what a crowd of its own measured in each round, and how much memory a subscriber took. */
async function measureCrowds({ contenders, sandbox, crowd, warm, runs, count }) {
  const crowds = new Map()
  for (const contender of contenders) {
    crowds.set(contender.name, await gather({ contenders: [contender], sandbox, ...crowd, warm }))
  }
  const rounds = await inRounds(runs, contenders, async contender => {
    const [told] = await spread({ contender, sandbox, crowds: [crowds.get(contender.name)], count })
    return told
  })
  for (const one of crowds.values()) await one.stop()
  return { rounds, memory: name => crowds.get(name).memory }
}

function toFirst([{ name: first }], { rounds }, figure) {
  return name =>
    medianRatio(
      rounds,
      figures => figures.get(name)[figure],
      figures => figures.get(first)[figure],
    )
}

function fanTable(contenders, measured, { sockets, each }) {
  const [{ name: bare }] = contenders
  const of = figure => medianRatio(measured.rounds, figures => figures.get(bare)[figure])
  return {
    title: `One change to ${sockets * each} subscriptions on ${sockets} sockets`,
    head: ['', 'median ÷ bare', 'p99 ÷ bare', 'last ÷ bare', 'CPU ÷ bare', 'memory of a subscription ÷ bare'],
    rows: contenders.map(({ name }) => [
      name,
      ...['median', 'p99', 'last', 'cpu'].map(figure => ratio(toFirst(contenders, measured, figure)(name))),
      ratio(measured.memory(name) / measured.memory(bare)),
    ]),
    note: `1.00 is ${of('last').toFixed(0)} ms from the mutation until the last has it, ${((of('cpu') / sockets / each) * 1000).toFixed(0)} µs of CPU for each, and ${measured.memory(bare).toFixed(1)} KiB.`,
  }
}

/** Mutations one after the other: what the gateway asks of IAM for each is part of it. */
function sustainedTable(contenders, measured, { sockets, each }, changes) {
  const [{ name: bare }] = contenders
  return {
    title: `${changes} changes to ${sockets * each} subscriptions on ${sockets} sockets`,
    head: ['', 'changes a second ÷ bare', 'CPU ÷ bare'],
    rows: contenders.map(({ name }) => [
      name,
      ratio(1 / toFirst(contenders, measured, 'last')(name)),
      ratio(toFirst(contenders, measured, 'cpu')(name)),
    ]),
    note: `1.00 is ${((changes / medianRatio(measured.rounds, figures => figures.get(bare).last)) * 1000).toFixed(0)} changes a second.`,
  }
}

/** A change on one instance, its subscribers on the other; beside an instance that tells its own, by Redis, too. */
async function runAcross({ folder, sandbox, crowd, warm, runs, say }) {
  const redis = await startRedis()
  if (!redis) {
    say('two instances: left out, for there is no redis-server')
    return []
  }
  const flags = [`--redis-url=${redis.url}`]
  const near = await startGateway({ folder, sandbox, flags, name: 'the same instance' })
  const far = await startGateway({ folder, sandbox, flags, name: 'another instance' })
  say('two instances')
  const contenders = [near, far]
  const crowds = new Map()
  for (const subscribed of contenders) {
    crowds.set(subscribed.name, await gather({ contenders: [near, subscribed], sandbox, ...crowd, warm }))
  }
  // Every change is told to both.
  const rounds = []
  for (let round = 0; round < runs; round++) {
    const told = await spread({ contender: near, sandbox, crowds: [...crowds.values()], count: 1 })
    rounds.push(new Map(contenders.map(({ name }, index) => [name, told[index]])))
  }
  for (const child of [...crowds.values(), near, far]) await child.stop()
  redis.stop()
  return [
    {
      title: `Two instances and Redis: a change on one, ${crowd.sockets * crowd.each} subscriptions`,
      head: ['subscriptions at', 'first ÷ same', 'p99 ÷ same', 'last ÷ same'],
      rows: contenders.map(({ name }) => [
        name,
        ...['first', 'p99', 'last'].map(figure => ratio(toFirst(contenders, { rounds }, figure)(name))),
      ]),
    },
  ]
}

/**
 * Opens subscriptions at the last of the contenders, and changes something at the first until all have been told: before
 * that, none may be counted on.
 */
async function gather({ contenders, sandbox, sockets, each, warm }) {
  const [changing] = contenders
  const subscribed = contenders.at(-1)
  const crowd = await startChild('the subscribers', ['subscriber.mjs'])
  await change(changing, sandbox)
  const before = await subscribed.ask('held')
  const count = await crowd.ask('open', { url: subscribed.url, count: sockets, each, query })
  while ((await crowd.ask('untold')) > 0) {
    await change(changing, sandbox)
    await wait(500)
  }
  const memory = ((await subscribed.ask('held')) - before) / count
  for (let turn = 0; turn < warm; turn++) await spread({ contender: changing, sandbox, crowds: [crowd], count: 1 })
  return { ...crowd, memory }
}

/** So many changes, and what it took until each of the crowds was told all of them. */
async function spread({ contender, sandbox, crowds, count }) {
  for (const crowd of crowds) await crowd.ask('expect', count)
  const { cpu } = await contender.ask('usage')
  const began = now()
  for (let turn = 0; turn < count; turn++) await change(contender, sandbox)
  const told = await Promise.all(crowds.map(crowd => crowd.ask('told', began)))
  const used = (await contender.ask('usage')).cpu - cpu
  const ids = (await crowds[0].ask('ids')).slice(-count)
  for (const crowd of crowds) {
    const lost = await crowd.ask('lost', ids)
    if (lost > 0 || new Set(ids).size < count) throw new Error(`${contender.name}: ${lost} were told otherwise`)
  }
  return told.map(times => ({ ...times, cpu: used }))
}

const turns = new Map()

/** Each time the other status, or there would be nothing to tell. */
async function change(contender, sandbox) {
  const turn = turns.get(contender.name) ?? 0
  turns.set(contender.name, turn + 1)
  await contender.answer({ ...question('mutation', sandbox, turn), silently: true })
}
