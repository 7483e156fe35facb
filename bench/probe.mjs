/**
 * Loaded before anything else into every process that is measured, so that all of them are asked in the same way what
 * they have used. Questions and answers go over Node's IPC channel: `process.send` is there only under the benchmark.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const answers = new Map([
  ['usage', () => ({ cpu: cpuMilliseconds(), memory: process.memoryUsage.rss() / 2 ** 20 })],
  ['held', () => held()],
  ['peak', () => process.resourceUsage().maxRSS / 1024],
])

/** @param {string} question @param {(details: any) => unknown} respond */
export function answer(question, respond) {
  answers.set(question, respond)
}

/** Where this process is to be asked; told once it can be. @param {object} [details] */
export function ready(details = {}) {
  process.send?.({ ready: details })
}

/** The same clock in every process of this machine, in milliseconds. */
export function now() {
  return Number(process.hrtime.bigint()) / 1e6
}

/** What is left when all that nobody holds has been collected, in KiB: the heap, and buffers beside it. */
function held() {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 1024
}

function cpuMilliseconds() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

process.on('message', async ({ id, question, details }) => {
  try {
    process.send?.({ id, value: await answers.get(question)(details) })
  } catch (error) {
    process.send?.({ id, error: String(error?.stack ?? error) })
  }
})
// Nobody is left to ask, so nobody is left to stop this process either.
process.on('disconnect', () => process.exit(1))
// A process is not to live, nor to start any later, for the probe's sake.
process.channel?.unref()
