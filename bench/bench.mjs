/**
 * `npm run bench`: what the gateway costs, beside what one would write without it. `npm run bench -- --help` tells more.
 */
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { killAll } from './child.mjs'
import { printSection, writeResults } from './report.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const sections = ['cost', 'cached', 'together', 'sweep', 'start', 'growth', 'fanout']

const usage = `npm run bench -- [${sections.join('|')} …] [--quick] [--rounds <count>] [--gateway <folder>]

  Without a section: all of them, which takes half an hour. Each section that is run replaces its part of results.md.
  --quick             Every section with small numbers, in under a minute; writes nothing. It shows that all still works.
  --rounds <count>    Of how many runs a figure is the median. Default 7.
  --gateway <folder>  Another checkout of the gateway, built, in place of this one; writes nothing.
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '7' },
    gateway: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const unknown = positionals.filter(name => !sections.includes(name))
if (values.help || unknown.length > 0) {
  process.stderr.write(usage)
  process.exit(values.help ? 0 : 2)
}

installWhereNeeded()
process.on('exit', killAll)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

const options = {
  folder: values.gateway ?? fileURLToPath(new URL('..', import.meta.url)),
  quick: values.quick,
  rounds: values.quick ? 1 : Number(values.rounds),
}
for (const name of positionals.length > 0 ? positionals : sections) {
  const { run, title } = await import(`./section/${name}.mjs`)
  const began = performance.now()
  const say = text => process.stderr.write(`${name}: ${text}\n`)
  const result = { title, ...(await run({ ...options, say })) }
  say(`took ${((performance.now() - began) / 1000).toFixed(0)} s`)
  process.stdout.write(printSection(result))
  if (!values.quick && values.gateway === undefined) writeResults(here, name, result, options, sections)
}
process.exit()

/** The contenders' packages are the benchmark's own, so that the gateway's installation stays small. */
function installWhereNeeded() {
  const age = path => statSync(`${here}${path}`, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (age('node_modules/.package-lock.json') >= age('package-lock.json')) return
  const [npm, ...first] = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm']
  execFileSync(npm, [...first, 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: here,
    stdio: ['ignore', 2, 2],
  })
}
