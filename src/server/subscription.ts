import type { Plugin } from 'graphql-yoga'
import { GatewayError } from '../gateway-error.ts'

/** The subscriptions of this process, whatever their transport. */
export interface Subscriptions {
  /** Counts one more; gives back how to count it out. Throws TOO_MANY_SUBSCRIPTIONS. */
  begin(): () => void
  /** The same stream, until all are ended. */
  endable(stream: ReadableStream<Uint8Array>): UnderlyingDefaultSource<Uint8Array>
  /** Ends those that are answers of HTTP, also those that are still to begin. */
  end(): void
}

/** @param max most at once */
export function createSubscriptions(max: number): Subscriptions {
  const streams = new Set<() => void>()
  let count = 0
  let isOver = false
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
    endable(stream) {
      const reader = stream.getReader()
      let end = () => {}
      return {
        start(controller) {
          end = () => {
            streams.delete(end)
            controller.close()
            // Lets the subscriber go. What is being read now may come later, or never.
            void reader.cancel()
          }
          streams.add(end)
          if (isOver) end()
        },
        async pull(controller) {
          const { done, value } = await reader.read().catch((error: unknown) => {
            streams.delete(end)
            throw error
          })
          if (!streams.has(end)) return
          if (!done) return controller.enqueue(value)
          streams.delete(end)
          controller.close()
        },
        async cancel(reason) {
          streams.delete(end)
          await reader.cancel(reason)
        },
      }
    },
    end() {
      isOver = true
      for (const end of [...streams]) end()
    },
  }
}

/**
 * Where the gateway stops, a subscription's answer ends without the event `complete`: by that a client knows that there
 * is more to come, and asks for it elsewhere. Yoga would say `complete` before it ends one.
 */
export function useEndableStreams({ endable }: Subscriptions): Plugin {
  const subscribed = new WeakSet<Request>()
  return {
    onSubscribe({ args: { contextValue } }) {
      const { request } = contextValue as { readonly request?: Request }
      if (request) subscribed.add(request)
    },
    onResponse({ request, response, setResponse, fetchAPI }) {
      if (!subscribed.has(request) || !response.body || !response.ok) return
      const { status, headers } = response
      setResponse(new fetchAPI.Response(new fetchAPI.ReadableStream(endable(response.body)), { status, headers }))
    },
  }
}
