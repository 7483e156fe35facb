import { readConfig } from '../src/config.ts'
import { createGateway, type Gateway } from '../src/gateway.ts'
import type { Sandbox } from '../src/sandbox/server.ts'

export interface TestGateway extends AsyncDisposable {
  readonly url: string
  readonly gateway: Gateway
  readonly sandbox: Sandbox
  /** Sends an operation by POST, and gives back the answer's JSON. */
  ask(query: string, variables?: object, headers?: Record<string, string>): Promise<Answer>
  /** The IAM calls of one answer: `ListUsers`, or with its arguments `ListSigningCertificates alice`. */
  callsOf(work: () => Promise<unknown>): Promise<string[]>
}

// biome-ignore lint/suspicious/noExplicitAny: an answer's data is whatever the test asked for
export type Data = any

export interface Answer {
  readonly data: Data
  readonly errors?: readonly AnswerError[]
  readonly extensions?: Data
}

export interface AnswerError {
  readonly message: string
  readonly path?: readonly (string | number)[]
  readonly extensions: { readonly code?: string; readonly requestId?: string }
}

/** What changes goes untold but by the gateway, and IAM unasked but for the test: where it is about that, it says so. */
const quiet = [
  '--port=0',
  '--sandbox-port=0',
  '--log-level=silent',
  '--reconcile-interval=0',
  '--sandbox-event-delay=3600000',
]

/** The whole gateway on an embedded sandbox, through the same front door as `npm start`, on ports of its own. */
export async function startTestGateway(...flags: string[]): Promise<TestGateway> {
  const config = readConfig(['start', ...quiet, ...flags], {})
  if (config.command !== 'start') throw new Error('expected the start command')
  const gateway = await createGateway(config)
  const { sandbox } = gateway
  if (!sandbox) throw new Error('expected an embedded sandbox')
  sandbox.clearCalls()
  return {
    url: gateway.url,
    gateway,
    sandbox,
    ask: (query, variables, headers) => post(gateway.url, { query, ...(variables && { variables }) }, headers),
    async callsOf(work) {
      sandbox.clearCalls()
      await work()
      return sandbox.calls.map(({ action, parameters: { UserName } }) => (UserName ? `${action} ${UserName}` : action))
    },
    [Symbol.asyncDispose]: gateway.close,
  }
}

export async function post(url: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return (await response.json()) as Answer
}
