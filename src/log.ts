import pino, { type DestinationStream, type Logger } from 'pino'
import pretty from 'pino-pretty'
import { withoutCertificate } from './iam/errors.ts'

export type { Logger }

export function createLog(level: string, destination: DestinationStream = stderr()): Logger {
  return pino({ level, base: null, serializers: { err: plainError } }, destination)
}

/** JSON, or on a terminal something to read. */
function stderr(): DestinationStream {
  return process.stderr.isTTY ? pretty({ destination: 2, sync: true }) : pino.destination({ dest: 2, sync: true })
}

/** Nothing but what helps to find the fault: the SDK's errors carry whole requests and answers. */
function plainError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error }
  return {
    type: error.name,
    message: withoutCertificate(error.message),
    ...('code' in error && { code: error.code }),
    stack: withoutCertificate(error.stack ?? ''),
    ...(error.cause !== undefined && { cause: plainError(error.cause) }),
  }
}
