import { createSourceEventStream, execute } from 'graphql'
import { finalAsyncIterator, isAsyncIterable, mapAsyncIterator, type Plugin } from 'graphql-yoga'
import type { Context } from '../context.ts'
import { type Reporting, withCost } from './cost.ts'

/** What a transport knows before an operation begins. */
export interface ServerContext {
  readonly requestId: string
  /** Aborts when the client goes away; left out: where the request's own does. */
  readonly signal?: AbortSignal
}

/** What an operation has at hand, made anew for each, and for each event of a subscription. */
export type CreateContext = (asked: { readonly requestId: string; readonly client: AbortSignal | undefined }) => Context

export function contextOf(createContext: CreateContext) {
  return ({ requestId, signal, request }: ServerContext & { readonly request?: Request | undefined }): Context =>
    createContext({ requestId, client: signal ?? request?.signal })
}

/**
 * An operation's time and its count of IAM calls begin with it and end with it. A subscription may last for days: there,
 * each event is an operation of its own, which shares nothing that was read for the one before.
 */
export function useOperations(createContext: CreateContext): Plugin<Context, ServerContext> {
  const createEventContext = contextOf(createContext)
  return {
    onExecute: ({ args: { contextValue } }) => ({
      onExecuteDone({ result, setResult }) {
        if (!isAsyncIterable(result)) contextValue.operation.end()
        else setResult(finalAsyncIterator(result, contextValue.operation.end))
      },
    }),
    onSubscribe({ args: { contextValue }, setSubscribeFn }) {
      // Its source asks IAM for nothing.
      contextValue.operation.end()
      setSubscribeFn(async args => {
        const source = await createSourceEventStream(args)
        if (!isAsyncIterable(source)) return source
        return mapAsyncIterator(untilFailure(source), async event => {
          const eventContext: Context & Reporting = { ...args.contextValue, ...createEventContext(args.contextValue) }
          // Each event is expected to cost what the subscription was estimated at.
          eventContext.operation.cost.estimates(contextValue.cost.estimated ?? 0)
          try {
            const result = await execute({ ...args, rootValue: event, contextValue: eventContext })
            return withCost(result, eventContext)
          } finally {
            eventContext.operation.end()
          }
        })
      })
    },
  }
}

/** A source that has failed is over, whatever it would say if it were asked again. */
function untilFailure<Event>(source: AsyncIterable<Event>): AsyncIterableIterator<Event> {
  const iterator = source[Symbol.asyncIterator]()
  const over = { done: true, value: undefined } as const
  let failed = false
  const events: AsyncIterableIterator<Event> = {
    async next() {
      if (failed) return over
      try {
        return await iterator.next()
      } catch (error) {
        failed = true
        throw error
      }
    },
    return: async () => (await iterator.return?.()) ?? over,
    [Symbol.asyncIterator]: () => events,
  }
  return events
}
