import type { GraphQLSchema } from 'graphql'
import { createYoga, type YogaServerInstance } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Context } from '../context.ts'
import { type CostOptions, useCost } from './cost.ts'
import { show, useErrors } from './error.ts'
import { createGraphiQL, type GraphiQLSettings } from './graphiql.ts'
import { useIncrementalDelivery } from './incremental.ts'
import { type LimitOptions, useLimits } from './limit.ts'
import { type CreateContext, contextOf, type ServerContext, useOperations } from './operation.ts'
import { useReadableRequests } from './request.ts'
import { type Subscriptions, useEndableStreams } from './subscription.ts'

export const endpoint = '/graphql'

export interface YogaOptions {
  readonly schema: GraphQLSchema
  readonly createContext: CreateContext
  readonly log: Logger
  readonly limits: LimitOptions
  readonly subscriptions: Subscriptions
  readonly cost: CostOptions
  /** In bytes. */
  readonly maxBody: number
  readonly allowedOrigins: readonly string[]
  readonly graphiql: GraphiQLSettings
}

export type Yoga = YogaServerInstance<ServerContext, Context>

/** A request's life is the order of this list; what is off is off for every transport. */
export function createGraphQLServer(options: YogaOptions): Yoga {
  const { schema, createContext, log, limits, cost, subscriptions, maxBody, allowedOrigins } = options
  const graphiql = createGraphiQL(options.graphiql)
  return createYoga<ServerContext, Context>({
    schema,
    graphqlEndpoint: endpoint,
    landingPage: false,
    multipart: false,
    batching: false,
    maxRequestBodySize: maxBody,
    // Origins are judged at the gate, for every transport; here only those that were let in learn that they may read.
    cors:
      allowedOrigins.length === 0
        ? false
        : request => {
            const origin = request.headers.get('origin')
            if (origin === null || !allowedOrigins.includes(origin)) return false
            return {
              origin,
              methods: ['GET', 'POST'],
              allowedHeaders: ['content-type'],
              exposedHeaders: ['x-request-id'],
              credentials: false,
              maxAge: 3600,
            }
          },
    graphiql: graphiql.options,
    renderGraphiQL: graphiql.render,
    context: contextOf(createContext),
    plugins: [
      useReadableRequests(),
      ...useLimits(limits),
      ...useIncrementalDelivery(),
      useOperations(createContext, subscriptions),
      useEndableStreams(subscriptions),
      useErrors(log),
      useCost(cost),
    ],
    maskedErrors: { maskError: error => show(error, { log }) },
    logging: quiet(log),
  })
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
