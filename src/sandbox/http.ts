import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { refuse } from './endpoint.ts'
import { AwsError } from './error.ts'
import type { Outcome, Reply } from './reply.ts'
import type { ReceivedRequest } from './signature.ts'

const MAX_BODY = 1024 * 1024

export interface SandboxHttpServer {
  /** Not yet listening. */
  readonly server: Server
  /** Answers what was received, without further delay, and closes; what hangs or is still arriving is cut off. */
  close(): Promise<void>
}

/** What becomes of a request; one that waits for something stops waiting when it is over: nobody is there to be told. */
export type Answer = (request: ReceivedRequest, over: AbortSignal) => Outcome | Promise<Outcome>

/** The HTTP side of the sandbox: bytes in, bytes out, as late as asked for. */
export function createHttpServer(answer: Answer): SandboxHttpServer {
  let isClosing = false
  const underWay = new Map<AbortController, Promise<void>>()

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = await receive(request)
    const waiting = new AbortController()
    response.once('close', () => waiting.abort())
    if (isClosing) waiting.abort()
    const served = deliver(received, response, waiting.signal)
    underWay.set(waiting, served)
    await served.finally(() => underWay.delete(waiting))
  }

  async function deliver(received: ReceivedRequest | Reply, response: ServerResponse, over: AbortSignal) {
    const outcome = 'status' in received ? received : await answer(received, over)
    if (outcome === 'hang') return
    if (outcome === 'reset') {
      response.req.socket.resetAndDestroy()
      return
    }
    await until(outcome.delay, over)
    await send(response, outcome)
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      // A client that went away, or close(): nobody is there to be told. Anything else is a mistake of ours.
      if (!request.socket.destroyed && !isClosing) throw error
      request.socket.destroy()
    })
  })
  // Clients keep sockets for reuse: closing one while it is idle would race with their next call.
  server.keepAliveTimeout = 120_000
  return {
    server,
    async close() {
      if (!server.listening) return
      const closed = once(server, 'close')
      isClosing = true
      for (const waiting of underWay.keys()) waiting.abort()
      server.close()
      await Promise.all(underWay.values())
      server.closeAllConnections()
      await closed
    },
  }
}

/** So many milliseconds, or until it is over. */
function until(wait: number, over: AbortSignal): Promise<void> {
  if (wait === 0 || over.aborted) return Promise.resolve()
  return new Promise(resolve => {
    const timer = setTimeout(done, wait)
    over.addEventListener('abort', done, { once: true })
    function done(): void {
      clearTimeout(timer)
      over.removeEventListener('abort', done)
      resolve()
    }
  })
}

/** The whole request, or what to answer where there is none. */
async function receive(request: IncomingMessage): Promise<ReceivedRequest | Reply> {
  const [path = '', ...query] = (request.url ?? '').split('?')
  if (request.method !== 'POST' || path !== '/') {
    request.resume()
    return refuse(new AwsError('UnknownOperationException', `Expected POST /, got ${request.method} ${path}`))
  }
  const body = await readBody(request)
  if (body === undefined) {
    return refuse(new AwsError('RequestEntityTooLarge', `Expected a body of at most ${MAX_BODY} bytes`))
  }
  const source = request.socket.remoteAddress ?? ''
  return { method: request.method, path, query: query.join('?'), headers: readHeaders(request), body, source }
}

/** Undefined when it is too long: the rest is read but not kept, so that the client gets to read the answer. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length <= MAX_BODY) chunks.push(chunk)
    else chunks.length = 0
  }
  return length <= MAX_BODY ? Buffer.concat(chunks) : undefined
}

/** As a signature sees them: lower-case names, values trimmed, runs of spaces as one, repeated headers in one line. */
function readHeaders({ rawHeaders }: IncomingMessage): Map<string, string> {
  const headers = new Map<string, string>()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase()
    const value = (rawHeaders[index + 1] ?? '').trim().replace(/ +/g, ' ')
    const earlier = headers.get(name)
    headers.set(name, earlier === undefined ? value : `${earlier},${value}`)
  }
  return headers
}

/** Resolves once it is sent, or nobody is there any more to take it. */
function send(response: ServerResponse, reply: Reply): Promise<void> {
  if (response.destroyed) return Promise.resolve()
  const sent = new Promise<void>(resolve => response.once('close', resolve))
  response.writeHead(reply.status, {
    // Said here, for Node's own is remembered for up to a second: clients set their clocks, and order changes, by it.
    date: new Date().toUTCString(),
    'content-type': reply.contentType,
    'content-length': Buffer.byteLength(reply.body),
    ...reply.headers,
    ...(reply.requestId === undefined ? {} : { 'x-amzn-requestid': reply.requestId }),
  })
  response.end(reply.body)
  return sent
}
