import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { drawChart } from './chart.mjs'
import { markdownTable } from './table.mjs'

export function printSection({ title, notes = [], tables }) {
  const parts = [`## ${title}`, ...notes]
  for (const table of tables) {
    if (table.title) parts.push(`### ${table.title}`)
    parts.push(markdownTable(table))
    if (table.note) parts.push(table.note)
  }
  return `${parts.join('\n\n')}\n\n`
}

/** Each section's figures are of one run; those of the others stay what they were. */
export function writeResults(folder, name, result, { rounds }, order) {
  const kept = existsSync(`${folder}results.json`) ? JSON.parse(readFileSync(`${folder}results.json`, 'utf8')) : {}
  kept[name] = {
    ...result,
    run: { date: new Date().toISOString().slice(0, 10), runs: result.runs ?? rounds, machine: machine() },
  }
  const results = order.filter(section => section in kept).map(section => [section, kept[section]])
  writeFileSync(`${folder}results.json`, `${JSON.stringify(Object.fromEntries(results), null, 2)}\n`)
  const tried = readFileSync(`${folder}tried.md`, 'utf8')
  writeFileSync(`${folder}results.md`, `${printAll(results.map(([, section]) => section))}\n${tried}`)
  writeFileSync(`${folder}results.svg`, drawChart(results.flatMap(([, section]) => section.bars ?? [])))
}

function printAll(results) {
  return `# What the gateway costs

\`npm run bench\` wrote this. Every figure is a ratio against something measured in the same run, and the median of the
runs, in which everybody takes turns. CPU is what the process itself used, as the system counts it. The sandbox IAM, each
contender and the client are processes of their own, and the answers were found equal. Everybody uses the same SDK and
the same schema.

- **by hand**: a gateway as one writes it in an afternoon, whose resolvers ask the SDK for what their field needs.
- **SDK**: a script that asks IAM for the same with as few calls as there can be, and makes the same answer of it.
- **ready data**: a server that has the answer's values at hand, so that what it costs is GraphQL and HTTP alone.

![Bars: what the gateway costs beside the others](results.svg)

${results.map(result => printSection({ ...result, notes: [ranOn(result.run), ...(result.notes ?? [])] })).join('')}`
    .trimEnd()
    .concat('\n')
}

function ranOn({ date, runs, machine }) {
  return `${date}, ${machine}; median of ${runs} runs.`
}

function machine() {
  const cores = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${cores.length} × ${cores[0]?.model.trim()}, ${memory} GiB, ${process.platform}, Node ${process.versions.node}`
}
