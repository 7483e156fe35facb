import type { IncomingMessage } from 'node:http'
import {
  type ExecutionArgs,
  type FormattedExecutionResult,
  type GraphQLError,
  type GraphQLFormattedError,
  getOperationAST,
} from 'graphql'
import { makeServer, type Server, type SubscribePayload } from 'graphql-ws'
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
  const envelopedOf = new WeakMap<ExecutionArgs, Enveloped>()
  const enveloped = (args: ExecutionArgs) => {
    const functions = envelopedOf.get(args)
    if (!functions) throw new Error('expected the arguments that onSubscribe made, got others')
    return functions
  }

  async function begin(request: IncomingMessage, params: SubscribePayload): Promise<ExecutionArgs | GraphQLError[]> {
    if (isClosing()) return [new GatewayError('SHUTTING_DOWN', 'The gateway is stopping: ask again.')]
    const requestId = createRequestId()
    try {
      const { schema, parse, validate, contextFactory, ...functions } = yoga.getEnveloped({
        requestId,
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
      envelopedOf.set(args, functions)
      return args
    } catch (error) {
      return [show(error, { log, requestId })]
    }
  }

  return makeServer<Record<string, unknown> | undefined, Opened>({
    onSubscribe: ({ extra }, _id, params) => begin(extra.request, params),
    execute: args => enveloped(args).execute(args),
    subscribe: args => enveloped(args).subscribe(args),
    onNext: (_context, _id, _payload, _args, { errors, ...result }) =>
      errors && ({ ...result, errors: errors.map(formatted) } as FormattedExecutionResult),
    onError: (_context, _id, _payload, errors) => errors.map(error => formatted(show(error, { log }))),
  })
}

type Enveloped = Pick<ReturnType<Yoga['getEnveloped']>, 'execute' | 'subscribe'>

/** As a client sees it: the HTTP status that an error asks for means nothing here. */
function formatted(error: GraphQLError): GraphQLFormattedError {
  const { extensions: { http: _http, ...extensions } = {}, ...rest } = error.toJSON()
  return { ...rest, extensions }
}
