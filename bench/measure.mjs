import { variablesOf, workloads } from './workload.mjs'

/**
 * Answers the workload `count` times, `atOnce` of them together, and tells what each answer took: milliseconds of the
 * contender's CPU, IAM calls and milliseconds of time. What happens before counts for nothing.
 */
export async function measure({ contender, sandbox, workload, count, atOnce = 1 }) {
  const ask = turn => contender.answer({ ...question(workload, sandbox, turn), silently: true })
  await sandbox.ask('clear')
  const { cpu } = await contender.ask('usage')
  const began = performance.now()
  for (let turn = 0; turn < count; turn += atOnce) {
    await Promise.all(Array.from({ length: atOnce }, (_, index) => ask(turn + index)))
  }
  const time = performance.now() - began
  const used = (await contender.ask('usage')).cpu - cpu
  const { all, throttled } = await sandbox.ask('calls')
  return { cpu: used / count, calls: all / count, throttled, time: time / count }
}

/** Until V8 has compiled what is run often. */
export async function warmUp(contenders, workload, sandbox, turns) {
  for (const contender of contenders) {
    for (let turn = 0; turn < turns; turn++) {
      await contender.answer({ ...question(workload, sandbox, turn), silently: true })
    }
  }
}

export function question(workload, sandbox, turn = 0) {
  const { query } = workloads[workload]
  return { workload, query, variables: variablesOf(workload, sandbox.example, turn) }
}

/**
 * Everybody's turn comes once a round, each round in another order, so that what the machine does meanwhile falls on all.
 *
 * @template Figures
 * @param {{ name: string }[]} contenders
 * @param {(contender: any) => Promise<Figures>} measureOne
 * @returns {Promise<Map<string, Figures>[]>} what was measured in each round, by the contender's name
 */
export async function inRounds(rounds, contenders, measureOne) {
  const measured = []
  for (let round = 0; round < rounds; round++) {
    const figures = new Map()
    const order = [...contenders.slice(round % contenders.length), ...contenders.slice(0, round % contenders.length)]
    for (const contender of order) figures.set(contender.name, await measureOne(contender))
    measured.push(figures)
  }
  return measured
}

/** Of each round's own quotient; without a divisor, of the figure itself. */
export function medianRatio(rounds, of, to = () => 1) {
  return median(rounds.map(figures => of(figures) / to(figures)))
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
