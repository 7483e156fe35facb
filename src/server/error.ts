import { GraphQLError } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Context } from '../context.ts'
import { IamError, withoutCertificate } from '../iam/errors.ts'

/** Where an unexpected error is logged; the id is what ties the client's answer to the log. */
interface Place {
  readonly log: Logger
  readonly requestId?: string
}

/**
 * What the client sees of an error. Expected ones (GraphQL's, the gateway's, IAM's) as they are, with their code;
 * anything else as one sentence, and in the log, once, under the same request id.
 */
export function useErrors(): Plugin<Context> {
  return {
    onExecute: () => ({
      onExecuteDone({ result, setResult, args }) {
        if ('errors' in result && result.errors)
          setResult({ ...result, errors: showAll(result.errors, args.contextValue) })
      },
    }),
    onSubscribe: ({ args: { contextValue } }) => ({
      onSubscribeError({ error, setError }) {
        setError(show(error, contextValue))
      },
      onSubscribeResult({ result, setResult }) {
        if ('errors' in result && result.errors) setResult({ ...result, errors: showAll(result.errors, contextValue) })
        return {
          onNext({ result: next, setResult: setNext }) {
            if (next.errors) setNext({ ...next, errors: showAll(next.errors, contextValue) })
          },
        }
      },
    }),
  }
}

function showAll(errors: readonly unknown[], place: Place): GraphQLError[] {
  return errors.map(error => show(error, place))
}

/** Showing again what was shown changes nothing: Yoga asks about every error once more before it answers. */
export function show(error: unknown, place: Place): GraphQLError {
  const original = deepest(error)
  if (original instanceof IamError) return shown(error, original.message, original.extensions)
  if (original instanceof GraphQLError) return shown(error, original.message, chosen(original))
  const { log, requestId } = place
  log.error(
    { err: original, requestId, path: error instanceof GraphQLError ? error.path : undefined },
    'unexpected error',
  )
  const message = 'Something unexpected happened. The gateway has logged it under this request id.'
  return shown(error, message, { code: 'INTERNAL_SERVER_ERROR', ...(requestId !== undefined && { requestId }) })
}

function deepest(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? deepest(error.originalError) : error
}

function shown(error: unknown, message: string, extensions: Record<string, unknown>): GraphQLError {
  // A variable that does not fit is quoted whole in graphql's message.
  const text = withoutCertificate(message)
  if (!(error instanceof GraphQLError)) return new GraphQLError(text, { extensions })
  const { nodes, source, positions, path } = error
  return new GraphQLError(text, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    extensions,
  })
}

/** Of an error's extensions only what the gateway means to say; Yoga adds the JSON parser's message, say. */
function chosen(error: GraphQLError): Record<string, unknown> {
  const { code, requestId, http } = error.extensions
  return {
    code: code ?? (error.message.startsWith('Syntax Error') ? 'GRAPHQL_PARSE_FAILED' : 'BAD_USER_INPUT'),
    ...(requestId !== undefined && { requestId }),
    // Yoga reads the response's status here, and takes it out of what it sends.
    ...(http !== undefined && { http }),
  }
}
