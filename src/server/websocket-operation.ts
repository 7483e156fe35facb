import type { IncomingMessage } from 'node:http'
import {
  type ExecutionArgs,
  type ExecutionResult,
  type FormattedExecutionResult,
  type GraphQLError,
  type GraphQLFormattedError,
  getOperationAST,
} from 'graphql'
import { makeServer, type Server, type SubscribePayload } from 'graphql-ws'
import { isAsyncIterable } from 'graphql-yoga'
import type { Logger } from 'pino'
import { GatewayError } from '../gateway-error.ts'
import { show } from './error.ts'
import { createRequestId } from './request-id.ts'
import type { Yoga } from './yoga.ts'

export interface Opened {
  readonly request: IncomingMessage
}

export interface WebSocketOperationOptions {
  readonly yoga: Yoga
  readonly log: Logger
  /** True once no operation may begin any more. */
  readonly isClosing: () => boolean
}

/**
 * The graphql-ws protocol, its operations through the same plugins as HTTP's. What cannot begin is answered by an
 * error of its own: thrown, it would close the socket, and with it every other operation of the client.
 */
export function createWebSocketOperations({ yoga, log, isClosing }: WebSocketOperationOptions): Server<Opened> {
  const begunOf = new WeakMap<ExecutionArgs, Begun>()
  const begun = (args: ExecutionArgs) => {
    const known = begunOf.get(args)
    if (!known) throw new Error('expected the arguments that onSubscribe made, got others')
    return known
  }

  async function begin(request: IncomingMessage, params: SubscribePayload): Promise<ExecutionArgs | GraphQLError[]> {
    if (isClosing()) return [new GatewayError('SHUTTING_DOWN', 'The gateway is stopping: ask again.')]
    const requestId = createRequestId()
    const client = new AbortController()
    try {
      const { schema, parse, validate, contextFactory, ...functions } = yoga.getEnveloped({
        requestId,
        signal: client.signal,
        req: request,
        params,
      })
      const document = parse(params.query)
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
      begunOf.set(args, { ...functions, client })
      return args
    } catch (error) {
      return [show(error, { log, requestId })]
    }
  }

  return makeServer<Record<string, unknown> | undefined, Opened>({
    onSubscribe: ({ extra }, _id, params) => begin(extra.request, params),
    execute: args => leavable(() => begun(args).execute(args), begun(args).client),
    subscribe: args => leavable(() => begun(args).subscribe(args), begun(args).client),
    onNext: (_context, _id, _payload, _args, { errors, ...result }) =>
      errors && ({ ...result, errors: errors.map(formatted) } as FormattedExecutionResult),
    onError: (_context, _id, _payload, errors) => errors.map(error => formatted(show(error, { log }))),
  })
}

interface Begun extends Pick<ReturnType<Yoga['getEnveloped']>, 'execute' | 'subscribe'> {
  readonly client: AbortController
}

/**
 * graphql-ws lets go of a stream when its client completes it or goes away, but not of a single answer under way: so
 * that, too, is a stream, and whoever lets go of it says that the client has gone.
 */
function leavable(run: () => unknown, client: AbortController): AsyncIterableIterator<ExecutionResult> {
  // Also what throws at once is this operation's failure alone: thrown here, it would close the socket.
  const results = new Promise(resolve => resolve(run())).then(resultsOf)
  let left = false
  const stream: AsyncIterableIterator<ExecutionResult> = {
    async next() {
      const begun = await results
      return left ? { done: true, value: undefined } : begun.next()
    },
    async return() {
      left = true
      client.abort()
      // Also where its results begin only now. That it never began is for `next` to tell, if anybody asks.
      await results.then(
        begun => begun.return?.(),
        () => undefined,
      )
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]: () => stream,
  }
  return stream
}

async function* once<T>(value: T): AsyncGenerator<T, void> {
  yield value
}

function resultsOf(answer: unknown): AsyncIterator<ExecutionResult> {
  return isAsyncIterable<ExecutionResult>(answer) ? answer[Symbol.asyncIterator]() : once(answer as ExecutionResult)
}

/** As a client sees it: the HTTP status that an error asks for means nothing here. */
function formatted(error: GraphQLError): GraphQLFormattedError {
  const { extensions: { http: _http, ...extensions } = {}, ...rest } = error.toJSON()
  return { ...rest, extensions }
}
