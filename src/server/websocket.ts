import type { IncomingMessage, Server } from 'node:http'
import { type ExecutionArgs, type FormattedExecutionResult, GraphQLError } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import type { Logger } from 'pino'
import { WebSocketServer } from 'ws'
import { show } from './error.ts'
import type { Gate } from './gate.ts'
import { createRequestId } from './request-id.ts'
import { endpoint, type Yoga } from './yoga.ts'

export interface WebSocketOptions {
  readonly yoga: Yoga
  readonly gate: Gate
  readonly log: Logger
  /** Largest message, in bytes. */
  readonly maxBody: number
}

export interface WebSocketTransport {
  /** Resolves once no operation is under way; operations that end are told so before their sockets close. */
  idle(): Promise<void>
  /** Refuses new sockets from now on. */
  drain(): void
  /** Closes every socket with 1001, Going away; `terminate` those that do not answer. */
  close(): Promise<void>
  terminate(): void
}

/** graphql-ws beside the HTTP server, its operations through the same plugins as HTTP's. */
export function attachWebSocket(server: Server, { yoga, gate, log, maxBody }: WebSocketOptions): WebSocketTransport {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxBody })
  const underWay = createCounter()
  let draining = false

  const graphql = useServer(
    {
      execute: args => enveloped(args).execute(args),
      subscribe: args => enveloped(args).subscribe(args),
      async onSubscribe({ extra }, id, params) {
        const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
          requestId: createRequestId(),
          req: extra.request,
          params,
        })
        try {
          const document = parse(params.query)
          const errors = validate(schema, document)
          if (errors.length > 0) return errors
          underWay.add(extra.socket, id)
          return {
            schema,
            document,
            operationName: params.operationName,
            variableValues: params.variables,
            contextValue: await contextFactory(),
            rootValue: { execute, subscribe },
          } as ExecutionArgs
        } catch (error) {
          // Thrown here it would close the socket, and with it every other operation of the client.
          underWay.remove(extra.socket, id)
          return [show(error, { log })]
        }
      },
      onNext: (_context, _id, _payload, _args, { errors, ...result }) =>
        errors && ({ ...result, errors: errors.map(error => withoutHttp(error).toJSON()) } as FormattedExecutionResult),
      onError: (_context, _id, _payload, errors) => errors.map(error => withoutHttp(show(error, { log })).toJSON()),
      onComplete: ({ extra }, id) => underWay.remove(extra.socket, id),
      onClose: ({ extra }) => underWay.removeAll(extra.socket),
      // In production the close reason does not carry an error's message.
      isProd: true,
    },
    sockets,
  )

  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    socket.on('error', error => log.debug({ err: error }, 'a socket failed while it was opened'))
    const refuse = (status: string) =>
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    const [path] = (request.url ?? '').split('?')
    const refusal = gate(request)
    if (path !== endpoint) refuse('404 Not Found')
    else if (refusal) {
      log.warn({ code: refusal.code }, refusal.message)
      refuse('403 Forbidden')
    } else if (draining) refuse('503 Service Unavailable')
    else sockets.handleUpgrade(request, socket, head, opened => sockets.emit('connection', opened, request))
  })

  return {
    idle: underWay.empty,
    drain() {
      draining = true
    },
    close: async () => graphql.dispose(),
    terminate() {
      for (const client of sockets.clients) client.terminate()
    },
  }
}

type Enveloped = Pick<ReturnType<Yoga['getEnveloped']>, 'execute' | 'subscribe'>

function enveloped(args: ExecutionArgs): Enveloped {
  return args.rootValue as Enveloped
}

/** The HTTP status that an error asks for means nothing here. */
function withoutHttp(error: GraphQLError): GraphQLError {
  const { http: _http, ...extensions } = error.extensions
  const { message, nodes, source, positions, path } = error
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    extensions,
  })
}

/** Operations under way, by socket, and when there are none. */
function createCounter() {
  const ids = new Map<object, Set<string>>()
  let waiting: (() => void)[] = []
  const settle = () => {
    if (ids.size > 0) return
    for (const resolve of waiting) resolve()
    waiting = []
  }
  return {
    add: (socket: object, id: string) => void ids.set(socket, (ids.get(socket) ?? new Set()).add(id)),
    remove(socket: object, id: string) {
      const ofSocket = ids.get(socket)
      ofSocket?.delete(id)
      if (ofSocket?.size === 0) ids.delete(socket)
      settle()
    },
    removeAll(socket: object) {
      ids.delete(socket)
      settle()
    },
    empty: () => (ids.size === 0 ? Promise.resolve() : new Promise<void>(resolve => waiting.push(resolve))),
  }
}
