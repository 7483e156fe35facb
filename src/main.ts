#!/usr/bin/env node
import { constants } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { type Config, ConfigError, config, HelpShown } from './config.ts'
import { createGateway, createSandbox } from './gateway.ts'
import { StartError } from './start-error.ts'

async function main(): Promise<void> {
  // Answers wait for IAM, from which V8 learns to put what they hold where only a full collection finds it again. Without
  // that, an answer out of the cache takes a tenth to a fifth less CPU (bench, section "cached").
  setFlagsFromString('--no-allocation-site-pretenuring')
  for (const stream of [process.stdout, process.stderr]) stream.on('error', allowDeparture)
  try {
    await run(config())
  } catch (error) {
    if (error instanceof HelpShown) end(process.stdout, error.message, error.exitCode)
    else if (error instanceof ConfigError) end(process.stderr, `iam-graphql-gateway: ${error.message}`, error.exitCode)
    else if (error instanceof StartError) end(process.stderr, `iam-graphql-gateway: ${error.message}`, 1)
    else throw error
  }
}

/** Whoever reads may go before the end, as `--help | head` does: nothing is wrong then. */
function allowDeparture(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}

async function run(asked: Config): Promise<void> {
  const signalled = firstSignal(asked.startedByNpm)
  const running = asked.command === 'sandbox' ? await createSandbox(asked) : await createGateway(asked)
  process.stdout.write(`${running.announcement}\n`)
  await signalled
  await running.close()
  process.exit(0)
}

/**
 * The first signal is for the caller to act on; the second ends the process there and then. Ctrl-C under npm is one
 * signal that comes twice: from the terminal, and passed on by npm (measured with npm 11: within a millisecond).
 */
function firstSignal(startedByNpm: boolean): Promise<void> {
  return new Promise(resolve => {
    let echo: { readonly of: NodeJS.Signals; readonly until: number } | undefined
    let signalled = false
    const receive = (signal: NodeJS.Signals) => {
      if (!signalled) {
        signalled = true
        if (startedByNpm) echo = { of: signal, until: performance.now() + ECHO_MILLISECONDS }
        resolve()
      } else if (signal === echo?.of && performance.now() < echo.until) {
        echo = undefined
      } else {
        process.exit(128 + constants.signals[signal])
      }
    }
    process.on('SIGTERM', receive)
    process.on('SIGINT', receive)
  })
}

function end(stream: NodeJS.WriteStream, text: string, exitCode: number): void {
  stream.write(`${text}\n`)
  process.exitCode = exitCode
}

const ECHO_MILLISECONDS = 250

void main()
