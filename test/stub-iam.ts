import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** What an IAM never recorded might do: every byte of an answer, or of half of one, is the test's. */
export interface StubIam extends AsyncDisposable {
  readonly url: string
  /** In order of arrival. */
  readonly calls: readonly StubCall[]
  /** Resolves once this many calls have arrived. */
  arrived(count: number): Promise<void>
  close(): Promise<void>
}

export interface StubCall {
  readonly action: string
  readonly parameters: Readonly<Record<string, string>>
  readonly headers: IncomingHttpHeaders
  /** The client's port: two calls on one connection have the same. */
  readonly port: number | undefined
  /** How many calls of this action came before. */
  readonly earlier: number
  /** Resolves when the answer is whole, or the connection has ended before. */
  readonly over: Promise<void>
}

export type StubAnswer =
  | {
      readonly status?: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body: string
      /** How the answer ends in its middle; left out: it is whole. */
      readonly cut?: 'close' | 'reset' | 'stall'
    }
  /** The connection is closed without an answer. */
  | 'close'
  | 'reset'
  /** No answer, ever. */
  | 'hang'

export async function startStubIam(answer: (call: StubCall) => StubAnswer | Promise<StubAnswer>): Promise<StubIam> {
  const calls: StubCall[] = []
  const waiting = new Set<() => void>()
  const server = createServer(async (request, response) => {
    const { Action: action = '', ...parameters } = Object.fromEntries(new URLSearchParams(await text(request)))
    const earlier = calls.filter(call => call.action === action).length
    const over = new Promise<void>(resolve => response.once('close', resolve))
    const call = { action, parameters, headers: request.headers, port: request.socket.remotePort, earlier, over }
    calls.push(call)
    for (const check of waiting) check()
    send(response, await answer(call))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    arrived: count =>
      new Promise(resolve => {
        const check = () => {
          if (calls.length < count) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** An answer as IAM writes it; `result` is the XML inside `…Result`, left out where the operation has none. */
export function answerOf(action: string, result?: string, headers: Readonly<Record<string, string>> = {}): StubAnswer {
  const output = result === undefined ? '' : `<${action}Result>${result}</${action}Result>`
  const metadata = '<ResponseMetadata><RequestId>stub-request</RequestId></ResponseMetadata>'
  return {
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': 'stub-request', ...headers },
    body: `<${action}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/">${output}${metadata}</${action}Response>`,
  }
}

export function refusalOf(
  code: string,
  status = 400,
  message = 'As the stub has it.',
  headers: Readonly<Record<string, string>> = {},
): StubAnswer {
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`
  return {
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': 'stub-refusal', ...headers },
    body: `<ErrorResponse>${error}<RequestId>stub-refusal</RequestId></ErrorResponse>`,
  }
}

export function htmlOf(status: number): StubAnswer {
  return { status, headers: { 'content-type': 'text/html' }, body: '<html><body>Sign in first.<br></body></html>' }
}

function send(response: ServerResponse, answer: StubAnswer): void {
  const { socket } = response
  if (answer === 'hang') return
  if (answer === 'close') return void socket?.end()
  if (answer === 'reset') return void socket?.resetAndDestroy()
  const { status = 200, headers = {}, body, cut } = answer
  if (cut === undefined) return void response.writeHead(status, headers).end(body)
  response.writeHead(status, { ...headers, 'content-length': String(body.length) })
  response.write(body.slice(0, body.length / 2), () => {
    if (cut === 'close') socket?.end()
    if (cut === 'reset') socket?.resetAndDestroy()
  })
}
