import { setTimeout as wait } from 'node:timers/promises'
import { startSandbox } from './sandbox-process.mjs'
import { workloads } from './workload.mjs'

/**
 * One sweep, by new processes and on a full bucket: what share was answered, what share of the replies was throttled,
 * and how long it took, as a multiple of what so many calls take at the rate.
 *
 * @param {{ at: number, rate: number }[]} options.changes of the rate, so many seconds after the beginning
 */
export async function sweepOnce({ folder, start, rate, burst = rate, users, changes = [] }) {
  const sandbox = await startSandbox({ folder, users: users - 1, rate, burst })
  const contender = await start({ folder, sandbox })
  await sandbox.ask('clear')
  const began = performance.now()
  const over = new AbortController()
  const turning = turn(sandbox, changes, over.signal)
  const answered = await countAnswered(contender, users)
  const time = (performance.now() - began) / 1000
  over.abort()
  await turning
  const throttled = shareThrottled(await sandbox.ask('calls'))
  await contender.stop()
  await sandbox.stop()
  return { users, answered: answered / users, throttled, time: time / least(users, rate, changes) }
}

async function turn(sandbox, changes, signal) {
  const began = performance.now()
  for (const { at, rate } of changes) {
    const left = at * 1000 - (performance.now() - began)
    if (await wait(left, false, { signal }).catch(() => true)) return
    await sandbox.ask('rate', { rate, burst: rate })
  }
}

/** Seconds that so many calls take at the rate, as it changes. */
export function least(calls, rate, changes) {
  let left = calls
  let now = 0
  let current = rate
  for (const change of changes) {
    const until = (change.at - now) * current
    if (until >= left) break
    left -= until
    now = change.at
    current = change.rate
  }
  return now + left / current
}

export async function countAnswered(contender, first, after = null) {
  const { query } = workloads.sweep
  const { users } = await contender.answer({ workload: 'sweep', query, variables: { first, after } })
  return users.nodes.filter(({ signingCertificates }) => signingCertificates !== null).length
}

export function shareThrottled({ all, throttled }) {
  return throttled / all
}
