import { authenticating } from '../auth/authenticating.ts'
import { startIssuer } from '../auth/issuer.ts'
import { startLimits, type TestLimitOptions, type TestLimits } from '../caller-limit/caller.ts'
import type { Answer } from '../gateway.ts'
import { type LoggedServer, startLoggedServer } from './logged-server.ts'
import { type EventStream, type GraphQLSocket, openGraphQLSocket, subscribeBySse } from './transport.ts'

/** A server whose callers show an issuer's tokens, and may use so much each. */
export interface LimitedServer extends AsyncDisposable {
  readonly server: LoggedServer
  readonly limits: TestLimits
  /** By HTTP, with what the answer's head says. */
  ask(name: string, query: string, variables?: object, signal?: AbortSignal): Promise<HeadedAnswer>
  open(name: string): Promise<GraphQLSocket>
  subscribe(name: string, query: string): Promise<EventStream>
}

export interface HeadedAnswer extends Answer {
  readonly status: number
  readonly retryAfter: string | null
}

export async function startLimitedServer(options: TestLimitOptions): Promise<LimitedServer> {
  const issuer = await startIssuer()
  const authentication = authenticating(issuer.url)
  const limits = startLimits(options)
  const server = await startLoggedServer(undefined, { authentication, callerLimits: limits })
  const proofOf = async (name: string) => ({ authorization: `Bearer ${await issuer.token({ subject: name })}` })
  return {
    server,
    limits,
    async ask(name, query, variables, signal) {
      const response = await fetch(server.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(await proofOf(name)) },
        body: JSON.stringify({ query, variables }),
        ...(signal && { signal }),
      })
      const answer = (await response.json()) as Answer
      return { ...answer, status: response.status, retryAfter: response.headers.get('retry-after') }
    },
    open: async name => openGraphQLSocket(server.url, await proofOf(name)),
    subscribe: async (name, query) => subscribeBySse(server.url, { query }, await proofOf(name)),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await limits.close()
      authentication.close()
      await issuer.close()
    },
  }
}
