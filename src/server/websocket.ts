import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { CloseCode, handleProtocols } from 'graphql-ws'
import type { Logger } from 'pino'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Gate } from './gate.ts'
import { answerRefusal, refusalAt } from './refusal.ts'
import { declineUpgrade, isOtherUpgrade } from './upgrade.ts'
import { createWebSocketOperations } from './websocket-operation.ts'
import type { Yoga } from './yoga.ts'

export interface WebSocketOptions {
  readonly yoga: Yoga
  readonly gate: Gate
  readonly log: Logger
  /** Largest message, in bytes. */
  readonly maxBody: number
}

export interface WebSocketTransport {
  /** Takes no new socket and no new operation from now on. */
  drain(): void
  /** Resolves once no operation is under way; those that ended have told their clients. */
  idle(): Promise<void>
  /** Closes every socket with 1001, Going away; `terminate` those that do not answer. */
  close(): void
  terminate(): void
}

/** graphql-ws beside the HTTP server, on the same port. */
export function attachWebSocket(server: Server, { yoga, gate, log, maxBody }: WebSocketOptions): WebSocketTransport {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxBody, handleProtocols })
  const underWay = new Set<Promise<void>>()
  let draining = false
  const operations = createWebSocketOperations({ yoga, log, isClosing: () => draining })

  function open(socket: WebSocket, request: IncomingMessage): void {
    // A broken frame, or a message over maxPayload: ws closes the socket itself, with the code that says so.
    socket.on('error', error => log.debug({ err: error }, 'a WebSocket failed'))
    keepAlive(socket)
    const closed = operations.opened(
      {
        protocol: socket.protocol,
        // Resolves once the system took it, which is what holds back a stream whose client reads too slowly. Where it
        // fails the socket closes, and that ends its operations.
        send: data => new Promise(resolve => socket.send(data, () => resolve())),
        close: (code, reason) => socket.close(code, reason),
        onMessage: handle =>
          socket.on('message', data => {
            const handled = handle(String(data)).catch((error: unknown) => failed(socket, error))
            underWay.add(handled)
            void handled.then(() => underWay.delete(handled))
          }),
      },
      { request },
    )
    socket.once('close', (code, reason) => {
      closed(code, String(reason)).catch((error: unknown) => failed(socket, error))
    })
  }

  function failed(socket: WebSocket, error: unknown): void {
    log.error({ err: error }, 'unexpected error')
    socket.close(CloseCode.InternalServerError, 'Internal server error')
  }

  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    socket.on('error', error => log.debug({ err: error }, 'a socket failed while it was opened'))
    if (isOtherUpgrade(request)) return declineUpgrade(server, request, socket, head)
    const [path] = (request.url ?? '').split('?')
    const refusal = gate(request) ?? refusalAt(path, draining)
    if (!refusal) return sockets.handleUpgrade(request, socket, head, open)
    // Node lets go of the connection here: nobody else would answer on it, or close it on a client that does not.
    const response = new ServerResponse(request)
    response.assignSocket(socket as Socket)
    response.once('finish', () => socket.end(() => socket.destroy()))
    answerRefusal(response, refusal, log)
  })

  return {
    drain() {
      draining = true
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay)
    },
    close() {
      for (const socket of sockets.clients) socket.close(1001, 'Going away')
    },
    terminate() {
      for (const socket of sockets.clients) socket.terminate()
    },
  }
}

/** A peer that vanished without a word does not answer pings; nor does one that has read nothing for a minute. */
function keepAlive(socket: WebSocket): void {
  let answered = true
  const beat = setInterval(() => {
    if (!answered) return socket.terminate()
    answered = false
    socket.ping()
  }, 30_000)
  socket.on('pong', () => {
    answered = true
  })
  socket.once('close', () => clearInterval(beat))
}
