import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { CloseCode, handleProtocols } from 'graphql-ws'
import type { Logger } from 'pino'
import { type WebSocket, WebSocketServer } from 'ws'
import type { CallerLimits } from '../caller-limit/caller-limit.ts'
import { auditRefusal } from './audit.ts'
import { type CallerOptions, nobody } from './caller.ts'
import { at } from './deadline.ts'
import type { Gate } from './gate.ts'
import { auditNotGreeted } from './greeting.ts'
import { keepAlive } from './keep-alive.ts'
import type { Opened } from './opened-socket.ts'
import type { PersistedOptions } from './persisted-operation.ts'
import { answerRefusal, refusalAt } from './refusal.ts'
import { type TokenEnd, whenTokenEnds } from './token-end.ts'
import { declineUpgrade, insteadOfUpgrade, isOtherUpgrade } from './upgrade.ts'
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
  readonly callers: CallerOptions
  readonly callerLimits: CallerLimits | undefined
  readonly persisted?: PersistedOptions | undefined
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
  const { yoga, gate, log, maxBody, sockets: socketOptions, callers, callerLimits, persisted } = options
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxBody, handleProtocols })
  /** Of each socket. */
  const leaves = new Set<Leave>()
  let draining = false
  const operations = createWebSocketOperations({ yoga, log, callers, callerLimits, persisted, ...socketOptions })
  const mostUnderWay = 2 * socketOptions.maxSocketSubscriptions

  function open(socket: WebSocket, request: IncomingMessage): void {
    // A broken frame, or a message over maxPayload: ws closes the socket itself, with the code that says so.
    socket.on('error', error => log.debug({ err: error }, 'a WebSocket failed'))
    keepAlive(socket, socketOptions.keepAlive)
    /** Messages that are being handled: each operation is, until it is over. */
    let underWay = 0
    let subscriptions = 0
    let leaving: Parameters<Leave> | undefined
    let isMute = false
    let forgetTime = () => {}

    // What a client does not read, and what goes on though it was left, must not grow with what it sends.
    function readOrWait(): void {
      const isFull = socket.bufferedAmount > mostUnread || underWay > mostUnderWay
      if (isFull && !leaving) socket.pause()
      else if (socket.isPaused) socket.resume()
    }

    const leave: Leave = (code, reason) => {
      leaving ??= [code, reason]
      leaveIfAnswered()
    }
    leaves.add(leave)

    function leaveIfAnswered(): void {
      if (!leaving) return
      readOrWait()
      if (underWay === subscriptions) socket.close(...leaving)
    }

    function tokenEnded(why: TokenEnd): void {
      if (isMute || socket.readyState !== socket.OPEN) return
      isMute = true
      log.debug(`the token of a WebSocket ${why}`)
      leave(CloseCode.Forbidden, `Forbidden: the token ${why}`)
      forgetTime()
      // As long again for what is still to be answered.
      forgetTime = at(Date.now() + callers.tokenGrace, () => socket.close(CloseCode.Forbidden))
    }

    function subscribed(): () => void {
      subscriptions += 1
      leaveIfAnswered()
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
      leaveIfAnswered()
    }

    socket.on('ping', readOrWait)
    const opened: Opened = {
      request,
      subscribed,
      isLeaving: () => leaving !== undefined,
      isMute: () => isMute,
      leaveWithToken() {
        // It may have gone while its token was checked.
        if (socket.readyState === socket.OPEN) forgetTime = whenTokenEnds(opened.caller, callers, tokenEnded)
      },
      refuse: () => tokenEnded('is no longer accepted'),
      close: (code, reason) => socket.close(code, reason),
      caller: nobody,
    }
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
        close(code, reason) {
          socket.close(code, reason)
          if (code === CloseCode.Unauthorized) void auditNotGreeted(callers, request)
        },
        onMessage: handle => socket.on('message', data => void handled(handle(String(data)))),
      },
      opened,
    )
    socket.once('close', (code, reason) => {
      leaves.delete(leave)
      forgetTime()
      closed(code, String(reason)).catch((error: unknown) => failed(socket, error))
    })
  }

  function failed(socket: WebSocket, error: unknown): void {
    // graphql-ws throws at a message of a kind that servers alone send.
    if (String(error).startsWith('Error: Unexpected message of type')) {
      socket.close(CloseCode.BadRequest)
      return
    }
    log.error({ err: error }, 'unexpected error')
    socket.close(CloseCode.InternalServerError, 'Internal server error')
  }

  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    socket.on('error', error => log.debug({ err: error }, 'a socket failed while it was opened'))
    if (isOtherUpgrade(request)) return declineUpgrade(server, request, socket, head)
    const [path] = (request.url ?? '').split('?')
    const refusal = gate(request) ?? refusalAt(path, draining)
    if (!refusal) return sockets.handleUpgrade(request, socket, head, open)
    const response = insteadOfUpgrade(request, socket as Socket)
    const answered = () => answerRefusal(response, refusal, log)
    void auditRefusal(callers.audit, refusal, { request, transport: 'websocket' }).then(answered)
  })

  return {
    drain() {
      draining = true
      for (const leave of leaves) leave(...away)
    },
    terminate() {
      for (const socket of sockets.clients) socket.terminate()
    },
  }
}

/** Closes as soon as its queries and mutations are answered; the first reason counts. */
type Leave = (code: number, reason: string) => void

const away: Parameters<Leave> = [1001, 'Going away']

/** What a client may leave unread before nothing more is read of it, in bytes. */
const mostUnread = 1_048_576
