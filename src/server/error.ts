import { GraphQLError } from 'graphql'
import { isAsyncIterable, type Plugin } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Context } from '../context.ts'
import { GatewayError } from '../gateway-error.ts'
import { IamError, withoutSecret } from '../iam/errors.ts'
import { isVariableError, variableMessage, withoutSuggestion, withoutValues } from './message.ts'

/** Where an unexpected error is logged; the id is what ties the client's answer to the log. */
export interface Place {
  readonly log: Logger
  readonly requestId?: string
  /** Whether "Did you mean …" may name what the schema has. */
  readonly suggests?: boolean
}

/** Every operation has it from its transport, before there is a context. */
type Identified = Pick<Context, 'requestId'>

/**
 * What the client sees of an error. Expected ones (GraphQL's, the gateway's, IAM's) as they are, with their code;
 * anything else as one sentence, and in the log, once, under the same request id.
 */
export function useErrors(log: Logger, suggests = true): Plugin<Context, Identified> {
  const place = ({ requestId }: Identified): Place => ({ log, requestId, suggests })
  return {
    onPluginInit({ registerContextErrorHandler }) {
      registerContextErrorHandler(({ error, setError, context }) =>
        setError(show(error, place(context as unknown as Identified))),
      )
    },
    // The rest of HTTP: what does not parse or does not fit the schema is never executed.
    onExecutionResult({ result, setResult, context }) {
      if (result && 'errors' in result && result.errors)
        setResult({ ...result, errors: showAll(result.errors, place(context)) })
    },
    onExecute: () => ({
      onExecuteDone({ result, setResult, args }) {
        const shown = (one: Part) => showPart(one, place(args.contextValue))
        if (!isAsyncIterable(result)) return void setResult(shown(result))
        return { onNext: ({ result: part, setResult: setPart }) => setPart(shown(part)) }
      },
    }),
    onSubscribe: ({ args: { contextValue } }) => ({
      onSubscribeError({ error, setError }) {
        setError(show(error, place(contextValue)))
      },
      onSubscribeResult({ result, setResult }) {
        if ('errors' in result && result.errors)
          setResult({ ...result, errors: showAll(result.errors, place(contextValue)) })
        return {
          onNext({ result: next, setResult: setNext }) {
            if (next.errors) setNext({ ...next, errors: showAll(next.errors, place(contextValue)) })
          },
        }
      },
    }),
  }
}

/** A whole answer, or a part of one that comes in parts: later ones have errors of their own in each increment. */
interface Part {
  readonly errors?: readonly unknown[]
  readonly incremental?: readonly Part[]
}

function showPart<Shown extends Part>(part: Shown, place: Place): Shown {
  const { errors, incremental } = part
  if (!errors && !incremental) return part
  return {
    ...part,
    ...(errors && { errors: showAll(errors, place) }),
    ...(incremental && { incremental: incremental.map(one => showPart(one, place)) }),
  }
}

function showAll(errors: readonly unknown[], place: Place): GraphQLError[] {
  return errors.map(error => show(error, place))
}

/** Showing again what was shown changes nothing: Yoga asks about every error once more before it answers. */
export function show(error: unknown, { log, requestId, suggests = true }: Place): GraphQLError {
  if (isVariableError(error)) {
    const message = variableMessage(error)
    return shown(error, suggests ? message : withoutSuggestion(message), { code: 'BAD_USER_INPUT' })
  }
  const original = deepest(error)
  if (original instanceof IamError) return shown(error, original.message, original.extensions)
  if (original instanceof GatewayError) return shown(error, original.message, chosen(original))
  if (original instanceof GraphQLError) return shown(error, withoutValues(original.message), chosen(original))
  log.error(
    { err: original, requestId, path: error instanceof GraphQLError ? error.path : undefined },
    'unexpected error',
  )
  const message = 'Something unexpected happened. The gateway has logged it under this request id.'
  return shown(error, message, {
    code: 'INTERNAL_SERVER_ERROR',
    ...(requestId !== undefined && { requestId }),
    // A field that fails leaves the others their answer; otherwise there is none.
    ...(!(error instanceof GraphQLError && error.path) && { http: { status: 500 } }),
  })
}

function deepest(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? deepest(error.originalError) : error
}

function shown(error: unknown, message: string, extensions: Record<string, unknown>): GraphQLError {
  const text = withoutSecret(message)
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
  const { code, requestId, http, estimate, limit, field, fieldCalls, scope, limitOf, retryAfter } = error.extensions
  return {
    code: code ?? (error.message.startsWith('Syntax Error') ? 'GRAPHQL_PARSE_FAILED' : 'BAD_USER_INPUT'),
    ...(requestId !== undefined && { requestId }),
    ...(scope !== undefined && { scope }),
    ...(limit !== undefined && { limit }),
    ...(retryAfter !== undefined && { limitOf, retryAfter }),
    ...(estimate !== undefined && { estimate, field, fieldCalls }),
    // Yoga reads the response's status here, and takes it out of what it sends. By `spec` it means that a client who
    // accepts application/json alone gets 200, as GraphQL over HTTP has it; not for what is no GraphQL request, though.
    ...(http !== undefined && { http: code === 'BAD_REQUEST' ? { ...http, spec: false } : http }),
  }
}
