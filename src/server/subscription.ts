import type { Plugin } from 'graphql-yoga'
import type { Context } from '../context.ts'
import { GatewayError } from '../gateway-error.ts'
import type { Principal } from '../principal.ts'
import { type CallerOptions, endOf } from './caller.ts'
import { at } from './deadline.ts'

/** The subscriptions of this process, whatever their transport. */
export interface Subscriptions {
  /** Counts one more; gives back how to count it out. Throws TOO_MANY_SUBSCRIPTIONS. */
  begin(): () => void
  /** The same stream, until all are ended, or that time has come. */
  endable(stream: ReadableStream<Uint8Array>, until: number | undefined): UnderlyingDefaultSource<Uint8Array>
  /** Ends those that are answers of HTTP, also those that are still to begin. */
  end(): void
}

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
    endable(stream, until) {
      const reader = stream.getReader()
      let end = () => {}
      let forgetTime = () => {}
      function forget() {
        forgetTime()
        streams.delete(end)
      }
      return {
        start(controller) {
          end = () => {
            forget()
            controller.close()
            // Lets the subscriber go. What is being read now may come later, or never.
            void reader.cancel()
          }
          streams.add(end)
          if (until !== undefined) forgetTime = at(until, end)
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
  const subscribed = new WeakMap<Request, Principal>()
  return {
    onSubscribe({ args: { contextValue } }) {
      const { request, principal } = contextValue as Context & { readonly request?: Request }
      if (request) subscribed.set(request, principal)
    },
    onResponse({ request, response, setResponse, fetchAPI }) {
      const principal = subscribed.get(request)
      if (!principal || !response.body || !response.ok) return
      const { status, headers } = response
      const body = new fetchAPI.ReadableStream(endable(response.body, endOf(principal, callers)))
      setResponse(new fetchAPI.Response(body, { status, headers }))
    },
  }
}
