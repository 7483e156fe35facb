import type { GraphQLSchema } from 'graphql'
import { type CORSOptions, createYoga, type YogaServerInstance } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { CallerLimits } from '../caller-limit/caller-limit.ts'
import type { Context } from '../context.ts'
import { type AnswerCacheOptions, useAnswerCache } from './answer-cache.ts'
import { useAskedOperation, useRefusalAudit } from './audit.ts'
import { type CallerOptions, useCallers } from './caller.ts'
import { limitedSubscriptions, useCallerLimits, useCallerRate } from './caller-limit.ts'
import { type CostOptions, useCost } from './cost.ts'
import { show, useErrors } from './error.ts'
import { createGraphiQL, type GraphiQLSettings } from './graphiql.ts'
import { useIncrementalDelivery } from './incremental.ts'
import { type Introspection, useNoSuggestions } from './introspection.ts'
import { type LimitOptions, useLimits } from './limit.ts'
import { type CreateContext, contextOf, type ServerContext, useOperations } from './operation.ts'
import { idParameters, noneIsPersisted, type PersistedOptions, usePersistedOperations } from './persisted-operation.ts'
import { useReadableRequests } from './request.ts'
import { useScopes } from './scope.ts'
import { usePage, useStreamHeaders } from './security-header.ts'
import { type Subscriptions, useEndableStreams } from './subscription.ts'
import { useVariableLimits, type VariableLimitOptions } from './variable-limit.ts'

export const endpoint = '/graphql'

export interface YogaOptions {
  readonly schema: GraphQLSchema
  readonly createContext: CreateContext
  readonly log: Logger
  readonly limits: LimitOptions & VariableLimitOptions
  /** What each caller may use. Undefined: as much as there is. */
  readonly callerLimits: CallerLimits | undefined
  /** Default: there are none, and any other will do. */
  readonly persisted?: PersistedOptions | undefined
  readonly subscriptions: Subscriptions
  readonly cost: CostOptions
  /** Default: each answer is made. */
  readonly answers?: AnswerCacheOptions | undefined
  /** In bytes. */
  readonly maxBody: number
  readonly allowedOrigins: readonly string[]
  /** Undefined: no page. */
  readonly graphiql: GraphiQLSettings | undefined
  readonly introspection: Introspection
  readonly callers: CallerOptions
}

export type Yoga = YogaServerInstance<ServerContext, Context>

/** A request's life is the order of this list; what is off is off for every transport. */
export function createGraphQLServer(options: YogaOptions): Yoga {
  const { schema, createContext, log, limits, cost, subscriptions, maxBody, introspection, callers, callerLimits } =
    options
  const needsToken = callers.authentication !== undefined
  const graphiql = options.graphiql && createGraphiQL(options.graphiql, needsToken)
  return createYoga<ServerContext, Context>({
    schema,
    graphqlEndpoint: endpoint,
    landingPage: false,
    multipart: false,
    extraParamNames: [...idParameters],
    batching: false,
    maxRequestBodySize: maxBody,
    // Origins are judged at the gate, for every transport; here only those that were let in learn that they may read.
    cors: corsOf(options.allowedOrigins, needsToken),
    graphiql: graphiql?.options ?? false,
    // Its bytes are put in by usePage.
    ...(graphiql && { renderGraphiQL: () => '' }),
    context: contextOf(createContext),
    plugins: [
      ...(graphiql ? [usePage(graphiql)] : []),
      useStreamHeaders(),
      useCallers(callers, log),
      useReadableRequests(),
      useAskedOperation(),
      ...(callerLimits ? [useCallerRate(callerLimits)] : []),
      usePersistedOperations(options.persisted ?? noneIsPersisted),
      useNoSuggestions(introspection),
      ...useLimits(limits),
      ...useIncrementalDelivery(),
      useOperations(createContext, callerLimits ? limitedSubscriptions(subscriptions, callerLimits) : subscriptions),
      useEndableStreams(subscriptions, callers),
      useErrors(log, introspection === 'everybody'),
      useRefusalAudit(callers.audit),
      useScopes(introspection, callers),
      useVariableLimits(limits),
      ...(callerLimits ? [useCallerLimits(callerLimits)] : []),
      useCost(cost),
      ...(options.answers ? [useAnswerCache(options.answers)] : []),
    ],
    maskedErrors: { maskError: error => show(error, { log }) },
    logging: quiet(log),
  })
}

function corsOf(allowedOrigins: readonly string[], needsToken: boolean) {
  if (allowedOrigins.length === 0) return false
  return (request: Request): CORSOptions => {
    const origin = request.headers.get('origin')
    if (origin === null || !allowedOrigins.includes(origin)) return false
    return {
      origin,
      methods: ['GET', 'POST'],
      allowedHeaders: needsToken ? ['content-type', 'authorization'] : ['content-type'],
      exposedHeaders: ['x-request-id', 'www-authenticate', 'retry-after'],
      credentials: false,
      maxAge: 3600,
    }
  }
}

/** Yoga logs what it masks, which useErrors has logged already under its request id; the rest is for debugging. */
function quiet(log: Logger) {
  const debug = (...args: unknown[]) => log.debug(args.map(String).join(' '))
  return {
    debug: (...args: unknown[]) => log.trace(args.map(String).join(' ')),
    info: debug,
    warn: debug,
    error: () => {},
  }
}
