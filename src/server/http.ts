import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import type { Gate } from './gate.ts'
import { createRequestId } from './request-id.ts'
import { attachWebSocket } from './websocket.ts'
import type { Yoga } from './yoga.ts'

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
  /** Ends every subscription; the transports then tell their clients. */
  readonly endSubscriptions: () => void
}

export interface HttpServer {
  readonly port: number
  /** Takes nothing new, lets what is under way finish, but no longer than this, in milliseconds. */
  close(grace: number): Promise<void>
}

/** HTTP, SSE and WebSocket on one port. Rejects as `listen` does: EADDRINUSE, EACCES, … */
export async function startHttpServer(options: HttpOptions): Promise<HttpServer> {
  const { host, port, yoga, gate, log } = options
  let closing = false

  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0]
    // A load balancer asks by address, and learns nothing that it must not.
    if (path === '/health') return answer(response, 200, { status: 'ok' })
    if (path === '/ready') {
      const ready = !closing && options.isReady()
      return answer(response, ready ? 200 : 503, {
        status: ready ? 'ready' : closing ? 'stopping' : 'IAM does not answer',
      })
    }
    const refusal = gate(request)
    if (refusal) {
      log.warn({ code: refusal.code }, refusal.message)
      const { status, code, message } = refusal
      // What the client still sends is not read.
      response.setHeader('connection', 'close')
      return answer(response, status, { errors: [{ message, extensions: { code } }] })
    }
    if (closing) response.setHeader('connection', 'close')
    // A connection that falls idle while the server closes would hold it open until its keep-alive runs out.
    response.once('close', () => setImmediate(() => closing && server.closeIdleConnections()))
    const requestId = createRequestId()
    response.setHeader('x-request-id', requestId)
    response.setHeader('x-content-type-options', 'nosniff')
    return yoga(request, response, { requestId })
  })
  const sockets = attachWebSocket(server, options)
  server.listen(port, host)
  await once(server, 'listening')

  return {
    // A TCP server that listens has an address with a port.
    port: (server.address() as AddressInfo).port,
    async close(grace) {
      closing = true
      sockets.drain()
      const closed = once(server, 'close')
      server.close()
      const late = setTimeout(() => {
        log.warn('the grace time is over: what is still under way is cut off')
        sockets.terminate()
        server.closeAllConnections()
      }, grace)
      options.endSubscriptions()
      await Promise.race([sockets.idle(), closed])
      await sockets.close()
      await closed
      clearTimeout(late)
    },
  }
}

function answer(response: ServerResponse<IncomingMessage>, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}
