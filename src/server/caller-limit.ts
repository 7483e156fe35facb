import { type ExecutionArgs, GraphQLError } from 'graphql'
import { finalAsyncIterator, isAsyncIterable, type Plugin } from 'graphql-yoga'
import type { CallerLimits, Lease } from '../caller-limit/caller-limit.ts'
import type { Context } from '../context.ts'
import type { Beginning, ServerContext } from './operation.ts'
import type { Subscriptions } from './subscription.ts'

/** Counts what is asked for by HTTP, also what cannot be carried out: to find that out takes time, too. */
export function useCallerRate(limits: CallerLimits): Plugin<object, ServerContext> {
  return {
    onParams: ({ context }) => (context.principal.token ? limits.asked(context.principal) : undefined),
  }
}

/**
 * A query or mutation takes one of its caller's places for as long as it is carried out, also where its client does not
 * wait: who could leave and come back at once would have no limit.
 */
export function useCallerLimits(limits: CallerLimits): Plugin<Context> {
  return {
    onExecute({ args: { contextValue }, executeFn, setExecuteFn }) {
      const { principal, operation } = contextValue
      if (!principal.token) return
      setExecuteFn(async (args: ExecutionArgs) => {
        let release: Lease
        try {
          release = await limits.operation(principal)
        } catch (error) {
          if (error instanceof GraphQLError) return { errors: [error] }
          throw error
        }
        // Of an answer in parts that nobody reads to its end.
        operation.deadline.addEventListener('abort', release, { once: true })
        try {
          const result = await executeFn(args)
          if (isAsyncIterable(result)) return finalAsyncIterator(result, release)
          release()
          return result
        } catch (error) {
          release()
          throw error
        }
      })
    },
  }
}

/** A subscription counts as one of all, and as one of its caller's. */
export function limitedSubscriptions(all: Pick<Subscriptions, 'begin'>, limits: CallerLimits): Beginning {
  return {
    async begin(principal) {
      const leave = all.begin()
      try {
        const release = await limits.subscription(principal)
        return () => {
          leave()
          release()
        }
      } catch (error) {
        leave()
        throw error
      }
    },
  }
}
