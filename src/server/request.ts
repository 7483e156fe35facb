import { GraphQLError } from 'graphql'
import type { Plugin } from 'graphql-yoga'

/** A request that cannot be read is the client's mistake, by GET (`variables=` and no JSON) as by POST. */
export function useReadableRequests(): Plugin {
  return {
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
