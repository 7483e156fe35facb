/**
 * Installs and builds what is missing, before npm runs start, serve, sandbox or test. Plain JavaScript on Node alone,
 * since at first nothing is installed and nothing is built; stdout stays the command's own.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What stopped the preparation, in one sentence, and the exit code it ends with. */
class Stopped extends Error {
  constructor(sentence, exitCode = 1) {
    super(sentence)
    this.exitCode = exitCode
  }
}

try {
  await prepare()
} catch (error) {
  if (!(error instanceof Stopped)) throw error
  say(error.message)
  process.exitCode = error.exitCode
}

async function prepare() {
  requireNode(readJson('package.json').engines.node)
  if (!needsInstall() && !needsBuild()) return
  const unlock = await lock()
  try {
    // Asked again: whoever held the lock may have done it all.
    if (needsInstall()) await install()
    if (needsBuild()) await build()
  } finally {
    unlock()
  }
}

/** The range is as package.json has it: `>=20.19`. */
function requireNode(range) {
  const [wantedMajor, wantedMinor = 0] = range.replace(/^>=/, '').split('.').map(Number)
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return
  throw new Stopped(`expected Node ${wantedMajor}.${wantedMinor} or newer, got ${process.versions.node}`)
}

/** npm writes node_modules/.package-lock.json last, so its age is the age of a finished installation. */
function needsInstall() {
  const installed = modified('node_modules/.package-lock.json')
  return installed === undefined || modified('package-lock.json') > installed || dependenciesDiffer()
}

/** A package.json that the lock file does not follow is for `npm ci` to refuse, in npm's own words. */
function dependenciesDiffer() {
  const wanted = readJson('package.json')
  const locked = readJson('package-lock.json').packages['']
  const sorted = entries => JSON.stringify(Object.entries(entries ?? {}).sort())
  return ['dependencies', 'devDependencies'].some(kind => sorted(wanted[kind]) !== sorted(locked[kind]))
}

function needsBuild() {
  const built = modified('dist/main.js')
  if (built === undefined) return true
  return [...below('src'), 'tsconfig.json', 'tsconfig.build.json'].some(path => modified(path) > built)
}

/** A folder is part of it: its age shows that a file was taken away or renamed. */
function below(folder) {
  const entries = readdirSync(join(root, folder), { withFileTypes: true })
  return [
    folder,
    ...entries.flatMap(entry => (entry.isDirectory() ? below(join(folder, entry.name)) : join(folder, entry.name))),
  ]
}

async function install() {
  say('installing what package-lock.json lists (npm ci)')
  await run('npm ci', npm(['ci', '--include=dev', '--no-audit', '--no-fund']))
}

/** Builds beside dist and then changes places: nobody finds half a build there, and a failed one changes nothing. */
async function build() {
  say('building dist from src (tsc)')
  removeLeftovers()
  const started = new Date()
  const next = join(root, `dist.${process.pid}`)
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const words = [compiler, '-p', 'tsconfig.build.json', '--noEmitOnError', '--outDir', next]
  await run('tsc', { command: process.execPath, words })
  // As old as its start: a source that changed while it was compiled is newer.
  utimesSync(join(next, 'main.js'), started, started)
  const previous = `${next}.previous`
  if (existsSync(join(root, 'dist'))) renameSync(join(root, 'dist'), previous)
  renameSync(next, join(root, 'dist'))
  rmSync(previous, { recursive: true, force: true })
}

/** Of a build that was killed; only the holder of the lock builds, so these are nobody's. */
function removeLeftovers() {
  for (const name of readdirSync(root)) {
    if (/^dist\.\d+(\.previous)?$/.test(name)) rmSync(join(root, name), { recursive: true, force: true })
  }
}

/** The npm that runs this, if one does; another package manager's path in its place is of no use. */
function npm(words) {
  const path = process.env.npm_execpath ?? ''
  if (/^npm(-cli)?\.[cm]?js$/.test(basename(path))) return { command: process.execPath, words: [path, ...words] }
  // On Windows npm is a .cmd, which Node starts through a shell only.
  return { command: 'npm', words, shell: process.platform === 'win32' }
}

/** Everything goes to stderr; a failure ends this process with the same code. */
function run(name, { command, words, shell = false }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { cwd: root, shell, stdio: ['ignore', 2, 2] })
    child.on('error', error => reject(new Stopped(`${name} could not be started: ${error.message}`)))
    child.on('exit', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Stopped(`${name} failed with ${signal ?? `exit code ${code}`}`, code ?? 1))
    })
  })
}

/** One preparation at a time for a checkout. The file is outside of it, where process ids mean the same processes. */
async function lock() {
  const path = join(
    tmpdir(),
    `iam-graphql-gateway-${createHash('sha256').update(root).digest('hex').slice(0, 16)}.lock`,
  )
  const patience = Date.now() + 10 * 60_000
  let told = false
  while (!created(path)) {
    const holder = holderOf(path)
    if (holder !== undefined && !isRunning(holder)) {
      takeAway(path, holder)
    } else if (Date.now() > patience) {
      throw new Stopped(
        `expected process ${holder} to finish preparing within 10 minutes; if it is not, delete ${path}`,
      )
    } else {
      if (!told) say(`waiting for another start of this checkout to finish preparing (${path})`)
      told = true
      await wait(100)
    }
  }
  return () => rmSync(path, { force: true })
}

function created(path) {
  return unless('EEXIST', () => writeFileSync(path, String(process.pid), { flag: 'wx' }) ?? true) ?? false
}

/** Undefined when the file has gone, or does not say yet. */
function holderOf(path) {
  return unless('ENOENT', () => Number(readFileSync(path, 'utf8')) || undefined)
}

function isRunning(holder) {
  // EPERM: it runs, as somebody else.
  return unless('ESRCH', () => unless('EPERM', () => process.kill(holder, 0)) ?? true) ?? false
}

/** Of two that find the same dead holder, the slower one may be moving the quicker one's new lock: it puts that back. */
function takeAway(path, holder) {
  const aside = `${path}.${process.pid}`
  const moved = unless('ENOENT', () => renameSync(path, aside) ?? true)
  if (!moved) return
  if (holderOf(aside) === holder) rmSync(aside)
  else renameSync(aside, path)
}

function unless(code, act) {
  try {
    return act()
  } catch (error) {
    if (error.code !== code) throw error
  }
}

/** The time of the last change in milliseconds, or undefined when there is no such file. */
function modified(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs
}

function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'))
}

function say(sentence) {
  process.stderr.write(`prepare: ${sentence}\n`)
}
