import type { IncomingMessage } from 'node:http'
import type { ExecutionArgs } from 'graphql'
import { isAsyncIterable, type Plugin } from 'graphql-yoga'
import type { Audit, Refused } from '../audit/audit.ts'
import type { Context } from '../context.ts'
import type { GatewayCode, GatewayError } from '../gateway-error.ts'
import type { Principal } from '../principal.ts'

/** What a request that is refused is known by. */
export interface RefusedRequest {
  readonly request: IncomingMessage
  readonly transport: Refused['transport']
  readonly requestId?: string | undefined
  readonly principal?: Principal | undefined
  readonly operationName?: string | null | undefined
}

/**
 * Writes down what was refused, where it is an access and not a mistake. Whoever answers waits for it: so there are no
 * more lines under way than there are clients who wait.
 */
export async function auditRefusal(
  audit: Audit | undefined,
  refusal: unknown,
  { request, operationName, ...asked }: RefusedRequest,
): Promise<void> {
  const { code, message } = refusalOf(refusal)
  if (!audit || typeof code !== 'string' || !accessCodes.has(code)) return
  const { 'x-forwarded-for': forwardedFor } = request.headers
  const client = { address: request.socket.remoteAddress, forwardedFor: forwardedFor && String(forwardedFor) }
  await audit.refused({ ...asked, code, message, client, operationName: operationName ?? undefined })
}

/**
 * A line for each operation that was refused, and for each reason: by HTTP whatever refused it, over WebSocket what did
 * once it began.
 */
export function useRefusalAudit(audit: Audit | undefined): Plugin<Context> {
  if (!audit) return {}

  async function tell(errors: readonly unknown[], context: Known, transport: Refused['transport']): Promise<void> {
    const { req: request, requestId, principal, params } = context
    if (!request) return
    const asked = { request, transport, requestId, principal, operationName: params?.operationName }
    const refusals = new Map(errors.map(error => [refusalOf(error).code, error]))
    for (const refusal of refusals.values()) await auditRefusal(audit, refusal, asked)
  }

  return {
    onResultProcess({ result, serverContext }) {
      if ('errors' in result && result.errors) return tell(result.errors, serverContext as Known, 'http')
      return undefined
    },
    onExecute({ args: { contextValue } }) {
      if (isOfHttp(contextValue)) return undefined
      return {
        onExecuteDone({ result }) {
          if (!isAsyncIterable(result) && result.errors) return tell(result.errors, contextValue, 'websocket')
          return undefined
        },
      }
    },
    onSubscribe({ args: { contextValue }, subscribeFn, setSubscribeFn }) {
      if (isOfHttp(contextValue)) return undefined
      setSubscribeFn(async (given: ExecutionArgs) => {
        try {
          return await subscribeFn(given)
        } catch (error) {
          await tell([error], contextValue, 'websocket')
          throw error
        }
      })
      return {
        onSubscribeResult({ result }) {
          if (!isAsyncIterable(result) && result.errors) void tell(result.errors, contextValue, 'websocket')
        },
      }
    },
  }
}

/** Refusals of somebody, not of something: a document too deep is its author's mistake. */
const accessCodes: ReadonlySet<string> = new Set<GatewayCode>([
  'UNAUTHENTICATED',
  'AUTHENTICATION_UNAVAILABLE',
  'FORBIDDEN',
  'ROLE_REFUSED',
  'RATE_LIMITED',
  'INTROSPECTION_DISABLED',
  'PERSISTED_QUERY_ONLY',
  'HOST_REFUSED',
  'ORIGIN_REFUSED',
])

/** What the transports give an operation, and Yoga those of HTTP. */
interface Known extends Partial<Pick<Context, 'requestId' | 'principal'>> {
  readonly req?: IncomingMessage
  readonly request?: Request
  readonly params?: { readonly operationName?: string | null | undefined }
}

function isOfHttp({ request }: Known): boolean {
  return request !== undefined
}

/** Of an error, or of what the gate gives. */
function refusalOf(refusal: unknown): { readonly code: unknown; readonly message: string } {
  const { extensions, code, message } = refusal as Partial<GatewayError>
  return { code: extensions?.['code'] ?? code, message: String(message) }
}
