import pino, { type DestinationStream, type Logger } from 'pino'
import pretty from 'pino-pretty'
import { withoutSecret } from './iam/errors.ts'
import { createTerminal, type Terminal } from './terminal.ts'

export type { Logger }

export interface Console {
  readonly log: Logger
  /** Says on the terminal's last line what goes on; undefined where stderr is no terminal. */
  readonly show: Terminal['show'] | undefined
}

/** On stderr: JSON, or on a terminal something to read. */
export function createConsole(level: string): Console {
  if (!process.stderr.isTTY)
    return { log: createLog(level, pino.destination({ dest: 2, sync: true })), show: undefined }
  const { stream, show } = createTerminal(process.stderr)
  return { log: createLog(level, pretty({ destination: stream })), show }
}

export function createLog(level: string, destination: DestinationStream): Logger {
  return pino({ level, base: null, serializers: { err: plainError } }, destination)
}

/** Nothing but what helps to find the fault: the SDK's errors carry whole requests and answers. */
function plainError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error }
  return {
    type: textOf(error.name),
    message: textOf(error.message),
    ...('code' in error && { code: typeof error.code === 'number' ? error.code : textOf(error.code) }),
    stack: textOf(error.stack),
    ...(error.cause !== undefined && { cause: plainError(error.cause) }),
  }
}

/** The SDK makes of an answer's elements whatever they hold: its errors' messages need not be texts. */
function textOf(said: unknown): string {
  return typeof said === 'string' ? withoutSecret(said) : ''
}
