import type { ServerResponse } from 'node:http'
import type { Plugin } from 'graphql-yoga'
import type { GraphiQL } from './graphiql.ts'

/** Of every answer. An answer is data: whatever a browser takes it for, nothing in it runs, and no page frames it. */
export function secure(response: ServerResponse): void {
  for (const [name, value] of headers) response.setHeader(name, value)
}

/**
 * GraphiQL's page talks to nobody but the gateway, runs no script but its own, and is told to nobody. In a frame of
 * another page it could be made to press its own button. That it is asked for by TLS, whoever ends TLS may demand.
 */
export function usePage(graphiql: GraphiQL): Plugin {
  return {
    onResponse({ request, response, setResponse, fetchAPI }) {
      if (!response.headers.get('content-type')?.startsWith('text/html')) return
      const policy = graphiql.policy(request.headers.get('host') ?? '')
      const own = { ...Object.fromEntries(pageHeaders), 'content-security-policy': policy, 'content-type': 'text/html' }
      setResponse(new fetchAPI.Response(graphiql.page, { headers: own }))
    },
  }
}

/** Yoga says of event streams no-cache alone, by which they may be stored. */
export function useStreamHeaders(): Plugin {
  return {
    onResponse({ response }) {
      if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return
      response.headers.set('cache-control', 'no-cache, no-store')
    },
  }
}

const headers: ReadonlyMap<string, string> = new Map([
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['x-content-type-options', 'nosniff'],
  ['cache-control', 'no-store'],
  // Who may ask, and who may read the answer, is judged by it.
  ['vary', 'Origin'],
])

const pageHeaders: ReadonlyMap<string, string> = new Map([
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['permissions-policy', 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()'],
])
