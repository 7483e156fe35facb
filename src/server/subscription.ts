import { isAsyncIterable, type Plugin } from 'graphql-yoga'
import type { Context } from '../context.ts'
import { GatewayError } from '../gateway-error.ts'
import type { Principal } from '../principal.ts'
import type { CallerOptions } from './caller.ts'
import { whenTokenEnds } from './token-end.ts'

/** The subscriptions of this process, whatever their transport. */
export interface Subscriptions {
  /** Counts one more; gives back how to count it out. Throws TOO_MANY_SUBSCRIPTIONS. */
  begin(): () => void
  /** The same stream, until all are ended, or it by its watch. */
  endable(stream: ReadableStream<Uint8Array>, watch: Watch): UnderlyingDefaultSource<Uint8Array>
  /** Ends those that are answers of HTTP, also those that are still to begin. */
  end(): void
}

/** Is told how to end a stream; gives back what is to be done once it is over. */
type Watch = (end: () => void) => () => void

/** @param max most at once */
export function createSubscriptions(max: number): Subscriptions {
  const streams = new Set<() => void>()
  let count = 0
  let allAreOver = false
  return {
    begin() {
      if (count >= max) {
        throw new GatewayError(
          'TOO_MANY_SUBSCRIPTIONS',
          `The gateway has ${max} subscriptions open, and takes no more: subscribe again later.`,
          { limit: max, http: { status: 503 } },
        )
      }
      count += 1
      let over = false
      return () => {
        if (!over) count -= 1
        over = true
      }
    },
    endable(stream, watch) {
      const reader = stream.getReader()
      let end = () => {}
      let over = () => {}
      function forget() {
        over()
        streams.delete(end)
      }
      return {
        start(controller) {
          end = () => {
            forget()
            controller.close()
            // What is being read now may come later, or never.
            void reader.cancel()
          }
          streams.add(end)
          over = watch(end)
          if (allAreOver) end()
        },
        async pull(controller) {
          const { done, value } = await reader.read().catch((error: unknown) => {
            forget()
            throw error
          })
          if (!streams.has(end)) return
          if (!done) return controller.enqueue(value)
          forget()
          controller.close()
        },
        async cancel(reason) {
          forget()
          await reader.cancel(reason)
        },
      }
    },
    end() {
      allAreOver = true
      for (const end of [...streams]) end()
    },
  }
}

/**
 * Where the gateway stops, or a subscriber's token has run out, the answer ends without the event `complete`: by that a
 * client knows that there is more to come, and asks for it elsewhere, or with a new token. Yoga would say `complete`
 * before it ends one.
 */
export function useEndableStreams({ endable }: Subscriptions, callers: CallerOptions): Plugin<Context> {
  const subscribed = new WeakMap<Request, Subscribed>()
  return {
    onSubscribe({ args: { contextValue } }) {
      const { request, principal } = contextValue as Context & { readonly request?: Request }
      if (!request) return undefined
      return {
        onSubscribeResult({ result }) {
          if (isAsyncIterable(result)) subscribed.set(request, { principal, results: result })
        },
      }
    },
    onResponse({ request, response, setResponse, fetchAPI }) {
      const known = subscribed.get(request)
      if (!known || !response.body || !response.ok) return
      const watch: Watch = end => {
        const forgetToken = whenTokenEnds(known.principal, callers, end)
        return () => {
          forgetToken()
          // Yoga lets go of them once it has something to write, by its next heartbeat.
          void known.results.return?.()
        }
      }
      const { status, headers } = response
      const body = new fetchAPI.ReadableStream(endable(response.body, watch))
      setResponse(new fetchAPI.Response(body, { status, headers }))
    },
  }
}

interface Subscribed {
  readonly principal: Principal
  readonly results: AsyncIterableIterator<unknown>
}
