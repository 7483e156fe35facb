import { GraphQLError } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { GatewayCode } from '../gateway-error.ts'

/**
 * A request that cannot be read is the client's mistake, by GET (`variables=` and no JSON) as by POST. What Yoga leaves
 * without a body gets one.
 */
export function useReadableRequests(): Plugin {
  return {
    onResponse({ response, setResponse, fetchAPI }) {
      // The rest of the body is not read, so nothing else can come on this connection.
      if (response.status === 413) response.headers.set('connection', 'close')
      if (response.status === 406 && !response.body) setResponse(notAcceptable(fetchAPI))
    },
    onRequestParse({ requestParser, setRequestParser }) {
      if (!requestParser) return
      setRequestParser(async request => {
        try {
          return await requestParser(request)
        } catch (error) {
          if (error instanceof GraphQLError) throw error
          throw new GraphQLError('The variables or extensions of the request are not JSON.', {
            extensions: { code: 'BAD_REQUEST', http: { status: 400 } },
          })
        }
      })
    },
  }
}

/** A subscription whose client takes no event stream, or an answer in a format that GraphQL over HTTP does not have. */
function notAcceptable({ Response }: { readonly Response: typeof globalThis.Response }): Response {
  const message = 'Accept: expected text/event-stream for a subscription, application/json for anything else.'
  const body = { errors: [{ message, extensions: { code: 'NOT_ACCEPTABLE' satisfies GatewayCode } }] }
  return new Response(JSON.stringify(body), { status: 406, headers: { 'content-type': 'application/json' } })
}
