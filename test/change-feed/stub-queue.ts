import { createHash } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** What an SQS never recorded might do: every answer is the test's. */
export interface StubQueue extends AsyncDisposable {
  readonly queueUrl: string
  /** In order of arrival. */
  readonly calls: readonly QueueCall[]
  /** Resolves once this many calls of the API have arrived. */
  arrived(api: string, count: number): Promise<void>
}

export interface QueueCall {
  /** `ReceiveMessage`. */
  readonly api: string
  readonly input: Readonly<Record<string, unknown>>
  /** How many calls of this API came before. */
  readonly earlier: number
  /** Where the signature says that it is for. */
  readonly region: string | undefined
  /** Resolves when the answer is whole, or the connection has ended before. */
  readonly over: Promise<void>
}

export type QueueAnswer =
  | { readonly status?: number; readonly body: string; readonly cut?: 'stall' }
  /** The connection is closed without an answer. */
  | 'close'
  /** No answer, ever: a long poll during which nothing comes. */
  | 'hang'

/** What is not answered by the test is what a healthy, empty queue says. */
export async function startStubQueue(
  answer: (call: QueueCall) => QueueAnswer | undefined | Promise<QueueAnswer | undefined>,
): Promise<StubQueue> {
  const calls: QueueCall[] = []
  const news = new EventEmitter()
  const server = createServer(async (request, response) => {
    const api = String(request.headers['x-amz-target']).replace('AmazonSQS.', '')
    const [, region] = /Credential=[^/]+\/\d+\/([^/]+)\/sqs\//.exec(request.headers.authorization ?? '') ?? []
    const over = new Promise<void>(resolve => response.once('close', resolve))
    const input = JSON.parse(await text(request))
    const call = { api, input, earlier: calls.filter(one => one.api === api).length, region, over }
    calls.push(call)
    news.emit('call')
    send(response, (await answer(call)) ?? healthy(api))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    queueUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/123456789012/iam-changes`,
    calls,
    async arrived(api, count) {
      while (calls.filter(call => call.api === api).length < count) await once(news, 'call')
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** The message ids are m1, m2 …; the receipts r1, r2 … */
export function messages(...bodies: readonly string[]): QueueAnswer {
  const received = bodies.map((body, index) => ({
    MessageId: `m${index + 1}`,
    ReceiptHandle: `r${index + 1}`,
    MD5OfBody: createHash('md5').update(body).digest('hex'),
    Body: body,
  }))
  return { body: JSON.stringify({ Messages: received }) }
}

export function refusal(type: string, message: string, status = 400): QueueAnswer {
  return { status, body: JSON.stringify({ __type: `com.amazonaws.sqs#${type}`, message }) }
}

function healthy(api: string): QueueAnswer {
  if (api === 'ReceiveMessage') return 'hang'
  return { body: api === 'GetQueueAttributes' ? '{"Attributes":{"RedrivePolicy":"{}"}}' : '{}' }
}

function send(response: ServerResponse, answer: QueueAnswer): void {
  if (answer === 'hang') return
  if (answer === 'close') return void response.socket?.destroy()
  const { status = 200, body, cut } = answer
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(body),
  })
  if (cut) response.write(body.slice(0, body.length / 2))
  else response.end(body)
}
