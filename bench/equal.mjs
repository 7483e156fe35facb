import { question } from './measure.mjs'
import { comparable } from './workload.mjs'

/** Throws where somebody's answer to the workload is not the first one's. Returns that answer. */
export async function equalAnswers(contenders, workload, sandbox) {
  const [first, ...others] = contenders
  const answer = await first.answer(question(workload, sandbox))
  const expected = comparable(sorted(answer))
  for (const other of others) {
    const got = comparable(sorted(await other.answer(question(workload, sandbox))))
    if (got !== expected) throw new Error(difference(workload, first, expected, other, got))
  }
  return answer
}

/** IAM promises no order of fields in JSON, nor does GraphQL of a script: by name, then. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map(key => [key, sorted(value[key])]),
  )
}

function difference(workload, first, expected, other, got) {
  let at = 0
  while (expected[at] === got[at]) at++
  const around = text => `…${text.slice(Math.max(0, at - 60), at + 60)}…`
  return `${workload}: ${first.name} answered ${around(expected)}, ${other.name} ${around(got)}`
}
