import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const project = fileURLToPath(new URL('../..', import.meta.url))

/** A command as people run it. */
export interface Process extends AsyncDisposable {
  /** All of it so far. */
  heard(): Heard
  /** Resolves once the output matches; rejects where the process ends before. */
  said(pattern: RegExp, stream?: keyof Heard): Promise<readonly string[]>
  /** Resolves when the process has ended, and everybody who could still have written to its output. */
  readonly ended: Promise<Ended>
  kill(signal: NodeJS.Signals): void
  /** As Ctrl-C at a terminal: to the process and all that it has started. */
  killAll(signal: NodeJS.Signals): void
}

export interface Heard {
  readonly stdout: string
  readonly stderr: string
}

export interface Ended extends Heard {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
}

export type Environment = Readonly<Record<string, string>>

/** `node dist/main.js …`, as the sources are now. */
export async function runMain(words: readonly string[], environment: Environment = {}): Promise<Process> {
  await prepared()
  return start(process.execPath, ['dist/main.js', ...words], environment)
}

/** `npm …`, as from a person's shell. */
export async function runNpm(words: readonly string[], environment: Environment = {}): Promise<Process> {
  await prepared()
  return start('npm', words, { npm_config_update_notifier: 'false', ...environment })
}

/** Any other program. */
export function run(file: string, words: readonly string[], environment: Environment = {}): Promise<Process> {
  return start(file, words, environment)
}

let preparation: Promise<unknown> | undefined

/** `npm test` has done it already; vitest started by itself has not, and would test what was built some day. */
function prepared(): Promise<unknown> {
  preparation ??= promisify(execFile)(process.execPath, ['src/prepare.mjs'], { cwd: project })
  return preparation
}

async function start(file: string, words: readonly string[], environment: Environment): Promise<Process> {
  const home = await mkdtemp(join(tmpdir(), 'command-test-'))
  const child = spawn(file, words, {
    cwd: project,
    env: { ...nothingOfThisMachine(home), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that whatever it starts can be ended with it.
    detached: true,
  })
  const heard = { stdout: '', stderr: '' }
  const news = new EventEmitter()
  listen(child.stdout, text => {
    heard.stdout += text
    news.emit('said')
  })
  listen(child.stderr, text => {
    heard.stderr += text
    news.emit('said')
  })
  const ended = once(child, 'close').then(([exitCode, signal]): Ended => {
    news.emit('said')
    return { exitCode, signal, ...heard }
  })
  const isOver = () => child.exitCode !== null || child.signalCode !== null
  return {
    heard: () => ({ ...heard }),
    async said(pattern, stream = 'stdout') {
      for (;;) {
        const match = pattern.exec(heard[stream])
        if (match) return match
        if (child.stdout.closed && child.stderr.closed) {
          throw new Error(`expected ${pattern} on ${stream}, heard ${JSON.stringify(heard)} until the process ended`)
        }
        await once(news, 'said')
      }
    },
    ended,
    kill: signal => child.kill(signal),
    killAll: signal => killGroup(child, signal),
    async [Symbol.asyncDispose]() {
      if (!isOver()) killGroup(child, 'SIGKILL')
      await ended
      await rm(home, { recursive: true, force: true })
    },
  }
}

/** What a program needs to be found and run, and no settings or credentials of whoever runs the tests. */
function nothingOfThisMachine(home: string): Environment {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    AWS_EC2_METADATA_DISABLED: 'true',
    // The SDK's advice on Node 20, which would stand between what these commands say themselves.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  }
}

function listen(stream: Readable, hear: (text: string) => void): void {
  stream.setEncoding('utf8')
  stream.on('data', hear)
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) throw new Error('expected a process, got none')
  process.kill(-pid, signal)
}
