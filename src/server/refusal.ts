import type { ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { GatewayCode } from '../gateway-error.ts'
import { endpoint } from './yoga.ts'

/** Why a request never became an operation. */
export interface Refusal {
  readonly status: 403 | 404 | 415 | 503
  readonly code: GatewayCode
  readonly message: string
}

/** What the gate let in may still be asking at the wrong place or too late. */
export function refusalAt(path: string | undefined, closing: boolean): Refusal | undefined {
  if (path !== endpoint) {
    return { status: 404, code: 'NOT_FOUND', message: `There is nothing at this path: expected ${endpoint}.` }
  }
  if (closing) return { status: 503, code: 'SHUTTING_DOWN', message: 'The gateway is stopping: ask again.' }
  return undefined
}

/** In the form of a GraphQL error, on HTTP as in place of a WebSocket. What the client still sends is not read. */
export function answerRefusal(response: ServerResponse, { status, code, message }: Refusal, log: Logger): void {
  log[status === 403 ? 'warn' : 'debug']({ code }, message)
  response.setHeader('connection', 'close')
  answer(response, status, { errors: [{ message, extensions: { code } }] })
}

export function answer(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}
