import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { FormattedExecutionResult } from 'graphql'
import { createClient, type SubscribePayload } from 'graphql-ws'
import { WebSocket } from 'ws'

/** Every test speaks over real sockets: these are their clients. */

export interface RawAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
}

export async function openSocket(url: string): Promise<Socket> {
  const { port } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

/** Sends the bytes as they are, and reads until the gateway closes: what it says must ask for `Connection: close`. */
export async function sendRaw(url: string, request: string): Promise<RawAnswer> {
  const socket = await openSocket(url)
  socket.write(request)
  return readAnswer(await readToEnd(socket))
}

export async function readToEnd(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk))
  await once(socket, 'close')
  return Buffer.concat(chunks).toString()
}

function readAnswer(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const body = rest.join('\r\n\r\n')
  const isChunked = /^transfer-encoding: chunked$/im.test(head)
  return { status: Number(head.split(' ')[1]), head, body: isChunked ? withoutChunks(body) : body }
}

function withoutChunks(body: string): string {
  const bytes = Buffer.from(body)
  const lineEnd = bytes.indexOf('\r\n')
  const length = Number.parseInt(bytes.toString('latin1', 0, lineEnd), 16)
  if (!(length > 0)) return ''
  const end = lineEnd + 2 + length
  return bytes.toString('utf8', lineEnd + 2, end) + withoutChunks(bytes.toString('utf8', end + 2))
}

export function postText(body: string, headers: Record<string, string> = {}): string {
  return requestText('POST /graphql', { 'content-type': 'application/json', ...headers }, body)
}

export function requestText(line: string, headers: Record<string, string>, body = ''): string {
  const all = { host: 'localhost', connection: 'close', 'content-length': String(Buffer.byteLength(body)), ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  return [`${line} HTTP/1.1`, ...lines, '', body].join('\r\n')
}

export interface ServerSentEvent {
  readonly event: string
  readonly data: string
}

export interface EventStream extends AsyncDisposable {
  readonly response: Response
  /** The next event; undefined once the stream has ended. */
  next(): Promise<ServerSentEvent | undefined>
  /** The JSON of the next event, which must be called `next`. */
  nextResult(): Promise<FormattedExecutionResult>
}

/** A subscription by POST over SSE, read as the bytes come. */
export async function subscribeBySse(
  url: string,
  payload: SubscribePayload,
  headers: Record<string, string> = {},
): Promise<EventStream> {
  const abort = new AbortController()
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    body: JSON.stringify(payload),
    signal: abort.signal,
  })
  const events = readEvents(response)
  const next = async () => (await events.next()).value ?? undefined
  return {
    response,
    next,
    async nextResult() {
      const event = await next()
      if (event?.event !== 'next') throw new Error(`expected an event 'next', got ${JSON.stringify(event)}`)
      return JSON.parse(event.data) as FormattedExecutionResult
    },
    async [Symbol.asyncDispose]() {
      abort.abort()
    },
  }
}

async function* readEvents(response: Response): AsyncGenerator<ServerSentEvent, undefined> {
  if (!response.body) throw new Error('expected a body')
  let text = ''
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const lines = block.split('\n').map(line => /^(\w*):? ?(.*)$/.exec(line) ?? [])
      const field = (name: string) => lines.find(([, key]) => key === name)?.[2]
      const event = field('event')
      if (event !== undefined) yield { event, data: field('data') ?? '' }
    }
  }
  return undefined
}

export interface GraphQLSocket extends AsyncDisposable {
  /** Every result of one operation, in order; throws what the gateway sent as `error`, or a close event. */
  run(payload: SubscribePayload): AsyncIterableIterator<FormattedExecutionResult>
  /** The one result of a query or mutation. */
  ask(payload: SubscribePayload): Promise<FormattedExecutionResult>
  readonly closed: Promise<CloseEvent>
}

export interface CloseEvent {
  readonly code: number
  readonly reason: string
}

/** The graphql-ws client, on one socket that it opens at once. */
export async function openGraphQLSocket(
  url: string,
  connectionParams: Record<string, unknown> = {},
): Promise<GraphQLSocket> {
  const client = createClient({
    url: url.replace('http', 'ws'),
    connectionParams,
    webSocketImpl: WebSocket,
    lazy: false,
    retryAttempts: 0,
    // Told by `closed`, and by every operation of its own.
    onNonLazyError: () => {},
  })
  const closed = new Promise<CloseEvent>(resolve => client.on('closed', event => resolve(event as CloseEvent)))
  await new Promise(resolve => client.on('connected', resolve))
  const run = (payload: SubscribePayload) =>
    client.iterate(payload) as unknown as AsyncIterableIterator<FormattedExecutionResult>
  return {
    run,
    async ask(payload) {
      for await (const result of run(payload)) return result
      throw new Error('expected a result, got none')
    },
    closed,
    async [Symbol.asyncDispose]() {
      await client.dispose()
    },
  }
}

export interface PlainSocket extends AsyncDisposable {
  readonly socket: WebSocket
  send(message: object): void
  /** The next message. */
  message(): Promise<Message>
}

export interface Message {
  readonly type: string
  readonly id?: string
  readonly payload?: unknown
}

/** graphql-transport-ws by hand, for what a well-behaved client hides. */
export async function openPlainSocket(url: string): Promise<PlainSocket> {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws')
  const messages: Message[] = []
  const waiting: ((message: Message) => void)[] = []
  socket.on('message', data => {
    const message = JSON.parse(String(data)) as Message
    const taker = waiting.shift()
    if (taker) taker(message)
    else messages.push(message)
  })
  await once(socket, 'open')
  const plain: PlainSocket = {
    socket,
    send: message => socket.send(JSON.stringify(message)),
    message: async () => messages.shift() ?? new Promise(resolve => waiting.push(resolve)),
    async [Symbol.asyncDispose]() {
      socket.terminate()
    },
  }
  plain.send({ type: 'connection_init' })
  await plain.message()
  return plain
}

/** How the gateway answers the attempt to open a WebSocket: 101, or the status of its refusal. */
export async function upgradeStatus(url: string, headers: Record<string, string>): Promise<number> {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', { headers })
  return new Promise((resolve, reject) => {
    socket.on('open', () => {
      resolve(101)
      socket.terminate()
    })
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0)
      socket.terminate()
    })
    socket.on('error', reject)
  })
}
