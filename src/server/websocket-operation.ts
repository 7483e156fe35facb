import {
  type ExecutionArgs,
  type FormattedExecutionResult,
  type GraphQLError,
  type GraphQLFormattedError,
  getOperationAST,
} from 'graphql'
import { makeServer, type Server, type SubscribePayload } from 'graphql-ws'
import type { Logger } from 'pino'
import type { CallerLimits } from '../caller-limit/caller-limit.ts'
import { GatewayError } from '../gateway-error.ts'
import { auditRefusal } from './audit.ts'
import type { CallerOptions } from './caller.ts'
import { show } from './error.ts'
import { greet } from './greeting.ts'
import { createPlace, createStreams, leavable, type Place, unlessLeft } from './leavable.ts'
import type { Opened } from './opened-socket.ts'
import { documentFor, noneIsPersisted, type PersistedOptions } from './persisted-operation.ts'
import type { AskedOperation } from './refused-operation.ts'
import { createRequestId } from './request-id.ts'
import { checkAgain } from './token-end.ts'
import type { Yoga } from './yoga.ts'

export interface WebSocketOperationOptions {
  readonly yoga: Yoga
  readonly log: Logger
  readonly callers: CallerOptions
  readonly callerLimits: CallerLimits | undefined
  /** Default: there are none, and any other will do. */
  readonly persisted?: PersistedOptions | undefined
  /** In milliseconds. */
  readonly connectionInitTimeout: number
  /** Most operations under way on one socket. */
  readonly maxSocketSubscriptions: number
}

/**
 * The graphql-ws protocol, its operations through the same plugins as HTTP's. What cannot begin is answered by an
 * error of its own: thrown, it would close the socket, and with it every other operation of the client.
 */
export function createWebSocketOperations(options: WebSocketOperationOptions): Server<Opened> {
  const {
    yoga,
    log,
    callers,
    connectionInitTimeout,
    maxSocketSubscriptions,
    callerLimits,
    persisted = noneIsPersisted,
  } = options
  const streamsOf = createStreams()
  const begunOf = new WeakMap<ExecutionArgs, Begun>()
  const begun = (args: ExecutionArgs) => {
    const known = begunOf.get(args)
    if (!known) throw new Error('expected the arguments that onSubscribe made, got others')
    return known
  }

  /** Its socket then leaves. */
  async function isRefused(opened: Opened, asked: SubscribePayload): Promise<boolean> {
    const { caller: principal, request } = opened
    try {
      await checkAgain(principal, callers)
      return false
    } catch (error) {
      opened.refuse()
      await auditRefusal(callers.audit, error, { request, transport: 'websocket', principal, asked })
      return true
    }
  }

  async function begin(
    opened: Opened,
    params: SubscribePayload,
    place: Place,
  ): Promise<ExecutionArgs | GraphQLError[]> {
    const requestId = createRequestId()
    const client = new AbortController()
    let asked: AskedOperation = params
    try {
      const { schema, parse, validate, contextFactory, execute, subscribe } = yoga.getEnveloped({
        requestId,
        principal: opened.caller,
        signal: client.signal,
        req: opened.request,
        params,
      })
      if (opened.caller.token) await callerLimits?.asked(opened.caller)
      const document = parse(documentFor(params, persisted) ?? '')
      asked = { ...params, query: document }
      const errors = validate(schema, document)
      if (errors.length > 0) return [...errors]
      const operationName = params.operationName
      if (!getOperationAST(document, operationName)) {
        throw new GatewayError('OPERATION_RESOLUTION_FAILURE', 'Could not determine what operation to execute.')
      }
      const args: ExecutionArgs = {
        schema,
        document,
        operationName: operationName ?? null,
        variableValues: params.variables ?? null,
        contextValue: await contextFactory(),
      }
      begunOf.set(args, { execute, subscribe, client, opened, place })
      return args
    } catch (error) {
      await auditRefusal(callers.audit, error, {
        request: opened.request,
        transport: 'websocket',
        requestId,
        principal: opened.caller,
        asked,
      })
      return [show(error, { log, requestId })]
    }
  }

  return makeServer<Record<string, unknown> | undefined, Opened>({
    connectionInitWaitTimeout: connectionInitTimeout,
    onConnect: ({ extra, connectionParams }) => greet(extra, connectionParams, callers, log),
    async onSubscribe({ extra, subscriptions }, id, params) {
      function unanswered(): GraphQLError[] {
        // The socket is about to be closed, by which a client knows that it never began, and asks elsewhere.
        delete subscriptions[id]
        return [new GatewayError('SHUTTING_DOWN', 'The gateway is stopping: ask again.')]
      }
      if (extra.isLeaving()) return unanswered()
      const underWay = Math.max(Object.keys(subscriptions).length - 1, streamsOf(extra).size)
      if (underWay >= maxSocketSubscriptions) return [tooMany(maxSocketSubscriptions)]
      // Until it has begun, its place is held by what learns that it is left: null, graphql-ws's own, does not.
      const place = createPlace()
      subscriptions[id] = place.stream
      return (await isRefused(extra, params)) ? unanswered() : begin(extra, params, place)
    },
    execute(args) {
      const { execute, client, opened, place } = begun(args)
      return unlessLeft(
        place,
        leavable(() => execute(args), client, streamsOf(opened)),
      )
    },
    subscribe(args) {
      const { subscribe, client, opened, place } = begun(args)
      return unlessLeft(
        place,
        leavable(() => subscribe(args), client, streamsOf(opened), {
          onOver: opened.subscribed(),
          isMute: opened.isMute,
        }),
      )
    },
    async onClose({ extra }) {
      await Promise.all([...streamsOf(extra)].map(stream => stream.return?.()))
    },
    onNext: (_context, _id, _payload, _args, { errors, ...result }) =>
      errors && ({ ...result, errors: errors.map(formatted) } as FormattedExecutionResult),
    onError: (_context, _id, _payload, errors) => errors.map(error => formatted(show(error, { log }))),
  })
}

interface Begun extends Pick<ReturnType<Yoga['getEnveloped']>, 'execute' | 'subscribe'> {
  readonly client: AbortController
  readonly opened: Opened
  readonly place: Place
}

function tooMany(limit: number): GatewayError {
  const message = `The WebSocket has ${limit} operations under way, and takes no more: end some, or open another.`
  return new GatewayError('TOO_MANY_SUBSCRIPTIONS', message, { limit })
}

/** As a client sees it: the HTTP status that an error asks for means nothing here. */
function formatted(error: GraphQLError): GraphQLFormattedError {
  const { extensions: { http: _http, ...extensions } = {}, ...rest } = error.toJSON()
  return { ...rest, extensions }
}
