import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Logger } from 'pino'
import type { CallerLimits } from '../caller-limit/caller-limit.ts'
import { auditRefusal } from './audit.ts'
import { type CallerOptions, nobody } from './caller.ts'
import type { Gate } from './gate.ts'
import type { PersistedOptions } from './persisted-operation.ts'
import { answer, answerRefusal, refusalAt } from './refusal.ts'
import { createRequestId } from './request-id.ts'
import { secure } from './security-header.ts'
import type { Subscriptions } from './subscription.ts'
import { attachWebSocket, type SocketOptions } from './websocket.ts'
import { endpoint, type Yoga } from './yoga.ts'

export interface HttpOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly yoga: Yoga
  readonly gate: Gate
  readonly log: Logger
  /** In bytes. */
  readonly maxBody: number
  /** For `/ready`: false when IAM was asked lately and was silent. */
  readonly isReady: () => boolean
  /** For `/health`: what is out of order though requests are served, in words. */
  readonly troubles: () => readonly string[]
  readonly subscriptions: Pick<Subscriptions, 'end'>
  readonly sockets: SocketOptions
  readonly hasGraphiQL: boolean
  /** As the GraphQL server has them, for WebSockets. */
  readonly callers: CallerOptions
  /** Undefined: nobody is counted. Said in any case, so that no transport goes uncounted by an omission. */
  readonly callerLimits: CallerLimits | undefined
  readonly persisted?: PersistedOptions | undefined
}

export interface HttpServer {
  readonly port: number
  /** Takes nothing new, lets what is under way finish, but no longer than this, in milliseconds. */
  close(grace: number): Promise<void>
}

/** HTTP, SSE and WebSocket on one port. Rejects as `listen` does: EADDRINUSE, EACCES, … */
export async function startHttpServer(options: HttpOptions): Promise<HttpServer> {
  const { host, port, yoga, gate, log } = options
  let closing: Promise<void> | undefined

  const server = createServer((request, response) => {
    // A connection that falls idle while the server closes would hold it open until its keep-alive runs out.
    response.once('close', () => setImmediate(() => closing && server.closeIdleConnections()))
    secure(response)
    const path = (request.url ?? '').split('?')[0]
    // A load balancer asks by address, and learns nothing that it must not.
    if (path === '/health') return answer(response, 200, health(options.troubles()))
    if (path === '/ready') return answer(response, ...readiness(closing !== undefined, options.isReady()))
    const refusal = gate(request) ?? refusalAt(path, closing !== undefined)
    // Somebody who typed the host alone wants GraphiQL.
    if (
      path === '/' &&
      options.hasGraphiQL &&
      refusal?.status === 404 &&
      request.headers.accept?.includes('text/html')
    ) {
      response.writeHead(302, { location: endpoint }).end()
      return
    }
    if (refusal) {
      const answered = () => answerRefusal(response, refusal, log)
      return auditRefusal(options.callers.audit, refusal, { request, transport: 'http' }).then(answered)
    }
    const requestId = createRequestId()
    response.setHeader('x-request-id', requestId)
    return yoga(request, response, { requestId, principal: nobody })
  })
  const closeUnused = trackUnused(server)
  const sockets = attachWebSocket(server, options)
  server.listen(port, host)
  await once(server, 'listening')

  async function close(grace: number): Promise<void> {
    sockets.drain()
    options.subscriptions.end()
    const closed = once(server, 'close')
    server.close()
    closeUnused()
    const late = setTimeout(() => {
      log.warn('the grace time is over: what is still under way is cut off')
      sockets.terminate()
      server.closeAllConnections()
    }, grace)
    await closed
    clearTimeout(late)
  }

  return {
    // A TCP server that listens has an address with a port.
    port: (server.address() as AddressInfo).port,
    async close(grace) {
      closing ??= close(grace)
      return closing
    },
  }
}

/** Alive in any case: a new process would not mend it. */
function health(troubles: readonly string[]): object {
  return troubles.length === 0 ? { status: 'ok' } : { status: 'degraded', troubles }
}

function readiness(closing: boolean, answered: boolean): [status: number, body: object] {
  if (closing) return [503, { status: 'stopping' }]
  return answered ? [200, { status: 'ready' }] : [503, { status: 'IAM does not answer' }]
}

/**
 * Connections that have sent nothing yet, such as those a browser opens ahead: to Node they are not idle, and one would
 * hold the server open for as long as the grace time is.
 */
function trackUnused(server: Server): () => void {
  const unused = new Set<Socket>()
  server.on('connection', socket => {
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  server.on('request', ({ socket }) => unused.delete(socket))
  server.on('upgrade', ({ socket }: IncomingMessage) => unused.delete(socket))
  return () => {
    for (const socket of unused) socket.destroy()
  }
}
