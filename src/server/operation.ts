import { createSourceEventStream, type ExecutionResult, execute } from 'graphql'
import { finalAsyncIterator, isAsyncIterable, type Plugin } from 'graphql-yoga'
import type { Context } from '../context.ts'
import { anonymous, type Principal } from '../principal.ts'
import { type Reporting, withCost } from './cost.ts'
import { EventContext } from './event-context.ts'

/** What a transport knows before an operation begins. */
export interface ServerContext {
  readonly requestId: string
  readonly principal: Principal
  /** Aborts when the client goes away; left out: where the request's own does. */
  readonly signal?: AbortSignal
}

/** What an operation has at hand, made anew for each, and for each event of a subscription. */
export type CreateContext = (asked: Asked) => Context

export interface Asked {
  readonly requestId: string
  readonly principal: Principal
  readonly client: AbortSignal | undefined
}

/** Counts a subscription; gives back how to count it out. Throws where there may be no more. */
export interface Beginning {
  begin(principal: Principal): Promise<() => void> | (() => void)
}

export function contextOf(createContext: CreateContext) {
  return ({
    requestId,
    principal,
    signal,
    request,
  }: ServerContext & { readonly request?: Request | undefined }): Context =>
    createContext({ requestId, principal, client: signal ?? request?.signal })
}

/**
 * An operation's time and its count of IAM calls begin with it and end with it. A subscription may last for days: there,
 * each event is an operation of its own, which shares nothing that was read for the one before.
 */
export function useOperations(
  createContext: CreateContext,
  { begin }: Beginning,
): Plugin<Context & Reporting, ServerContext> {
  const createEventContext = contextOf(createContext)
  let nothingToAskWith: Partial<Context> | undefined

  /** There may be ten thousand subscriptions, for days, and none asks for anything itself. */
  function letGo(context: Context): void {
    if (!nothingToAskWith) {
      const { log, iam, operation, cost, loaders } = createContext(nobodyAsks)
      operation.end()
      nothingToAskWith = { log, iam, operation, cost, loaders }
    }
    Object.assign(context, nothingToAskWith)
  }

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
        const leave = await begin(contextValue.principal)
        const { estimated } = contextValue.cost
        try {
          if (contextValue.iam.session) Object.assign(contextValue, { asking })
          const source = await createSourceEventStream(args)
          if (isAsyncIterable(source)) {
            letGo(contextValue)
            const results = resultsOf(source, event => resultOf(event, estimated), leave)
            // Of a client that went while its source was made Yoga wants no results: nobody else would let go of them.
            if (hasGone(contextValue)) await results.return?.()
            return results
          }
          leave()
          return source
        } catch (error) {
          leave()
          throw error
        }

        async function asking<Value>(work: (context: Context) => Promise<Value>): Promise<Value> {
          const askingContext = new EventContext(contextValue, undefined, () => createEventContext(contextValue))
          try {
            return await work(askingContext)
          } finally {
            askingContext.end()
          }
        }

        async function resultOf(event: unknown, estimated: number | undefined): Promise<ExecutionResult> {
          const eventContext = new EventContext(contextValue, estimated, () => createEventContext(contextValue))
          try {
            const result = await execute({ ...args, rootValue: event, contextValue: eventContext })
            return withCost(result, { cost: eventContext.cost, reportCost: contextValue.reportCost })
          } finally {
            eventContext.end()
          }
        }
      })
    },
  }
}

const nobodyAsks: Asked = { requestId: 'none', principal: anonymous, client: undefined }

function hasGone({ signal, request }: Partial<ServerContext> & { readonly request?: Request | undefined }): boolean {
  return (signal ?? request?.signal)?.aborted ?? false
}

/** A source that has failed is over, whatever it would say if it were asked again. */
function resultsOf(
  source: AsyncIterable<unknown>,
  resultOf: (event: unknown) => Promise<ExecutionResult>,
  onOver: () => void,
): AsyncIterableIterator<ExecutionResult> {
  const events = source[Symbol.asyncIterator]()
  const end = { done: true, value: undefined } as const
  let over = false
  function leave(): typeof end {
    over = true
    onOver()
    return end
  }
  const results: AsyncIterableIterator<ExecutionResult> = {
    async next() {
      if (over) return end
      try {
        const { done, value } = await events.next()
        return done ? leave() : { done: false, value: await resultOf(value) }
      } catch (error) {
        leave()
        throw error
      }
    },
    async return() {
      leave()
      await events.return?.()
      return end
    },
    [Symbol.asyncIterator]: () => results,
  }
  return results
}
