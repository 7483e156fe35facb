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

export interface SocketOptions {
  /** How often a socket is pinged, in milliseconds; one that did not answer by the next time is terminated. */
  readonly keepAlive: number
  /** How long a socket may take for its greeting, in milliseconds. */
  readonly connectionInitTimeout: number
  /** Most operations under way on one socket. */
  readonly maxSocketSubscriptions: number
}

export interface WebSocketOptions {
  readonly yoga: Yoga
  readonly gate: Gate
  readonly log: Logger
  /** Largest message, in bytes. */
  readonly maxBody: number
  readonly sockets: SocketOptions
}

export interface WebSocketTransport {
  /**
   * Takes no new socket and no new operation from now on, and closes each socket with 1001, Going away, once its
   * queries and mutations are answered. Its subscriptions are not completed: that clients go on elsewhere by.
   */
  drain(): void
  /** Closes at once whatever is open. */
  terminate(): void
}

/** graphql-ws beside the HTTP server, on the same port. */
export function attachWebSocket(server: Server, options: WebSocketOptions): WebSocketTransport {
  const { yoga, gate, log, maxBody, sockets: socketOptions } = options
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxBody, handleProtocols })
  /** Of each socket: closes it as soon as it may be. */
  const drains = new Set<() => void>()
  let draining = false
  const operations = createWebSocketOperations({ yoga, log, isClosing: () => draining, ...socketOptions })
  const mostUnderWay = 2 * socketOptions.maxSocketSubscriptions

  function open(socket: WebSocket, request: IncomingMessage): void {
    // A broken frame, or a message over maxPayload: ws closes the socket itself, with the code that says so.
    socket.on('error', error => log.debug({ err: error }, 'a WebSocket failed'))
    keepAlive(socket, socketOptions.keepAlive)
    /** Messages that are being handled: each operation is, until it is over. */
    let underWay = 0
    let subscriptions = 0

    // What a client does not read, and what goes on though it was left, must not grow with what it sends.
    function readOrWait(): void {
      const isFull = socket.bufferedAmount > mostUnread || underWay > mostUnderWay
      if (isFull && !draining) socket.pause()
      else if (socket.isPaused) socket.resume()
    }

    function drain(): void {
      if (!draining) return
      readOrWait()
      if (underWay === subscriptions) socket.close(1001, 'Going away')
    }
    drains.add(drain)

    function subscribed(): () => void {
      subscriptions += 1
      drain()
      let over = false
      return () => {
        if (!over) subscriptions -= 1
        over = true
      }
    }

    async function handled(handling: Promise<void>): Promise<void> {
      underWay += 1
      readOrWait()
      await handling.catch((error: unknown) => failed(socket, error))
      underWay -= 1
      readOrWait()
      drain()
    }

    socket.on('ping', readOrWait)
    const closed = operations.opened(
      {
        protocol: socket.protocol,
        // Resolves once the system took it, which is what holds back a stream whose client reads too slowly. Where it
        // fails the socket closes, and that ends its operations.
        send: data =>
          new Promise(resolve =>
            socket.send(data, () => {
              if (socket.isPaused) readOrWait()
              resolve()
            }),
          ),
        close: (code, reason) => socket.close(code, reason),
        onMessage: handle => socket.on('message', data => void handled(handle(String(data)))),
      },
      { request, subscribed },
    )
    socket.once('close', (code, reason) => {
      drains.delete(drain)
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
      for (const drain of drains) drain()
    },
    terminate() {
      for (const socket of sockets.clients) socket.terminate()
    },
  }
}

/** What a client may leave unread before nothing more is read of it, in bytes. */
const mostUnread = 1_048_576

/**
 * A peer that vanished without a word does not answer pings; nor does one that is so slow that it has not got to the last
 * one by the next, for a ping waits behind all that was sent before it.
 */
function keepAlive(socket: WebSocket, every: number): void {
  let answered = true
  const beat = setInterval(() => {
    if (!answered) return socket.terminate()
    answered = false
    socket.ping()
  }, every)
  socket.on('pong', () => {
    answered = true
  })
  socket.once('close', () => clearInterval(beat))
}
