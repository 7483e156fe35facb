import type { IncomingMessage } from 'node:http'
import type { ExecutionArgs } from 'graphql'
import { isAsyncIterable, type Plugin } from 'graphql-yoga'
import type { Audit, Transport } from '../audit/audit.ts'
import type { Context } from '../context.ts'
import type { GatewayCode, GatewayError } from '../gateway-error.ts'
import type { Principal } from '../principal.ts'
import { type AskedOperation, refusedOperation } from './refused-operation.ts'

/** What a request that is refused is known by. */
export interface RefusedRequest {
  readonly request: IncomingMessage
  readonly transport: Transport
  readonly requestId?: string | undefined
  readonly principal?: Principal | undefined
  /** As whom IAM would have been asked: an ARN, where known. */
  readonly awsIdentity?: string | undefined
  readonly asked?: AskedOperation | undefined
}

/**
 * Writes down what was refused, where it is an access and not a mistake. Whoever answers waits for it: so there are no
 * more lines under way than there are clients who wait.
 */
export async function auditRefusal(
  audit: Audit | undefined,
  refusal: unknown,
  { request, asked, ...known }: RefusedRequest,
): Promise<void> {
  const { code, message } = refusalOf(refusal)
  if (!audit || typeof code !== 'string' || !accessCodes.has(code)) return
  const { 'x-forwarded-for': forwardedFor } = request.headers
  const client = { address: request.socket.remoteAddress, forwardedFor: forwardedFor && String(forwardedFor) }
  await audit.refused({ ...known, ...(asked && refusedOperation(asked)), code, message, client })
}

/**
 * A line for each operation that was refused, and for each reason: by HTTP whatever refused it, over WebSocket what did
 * once it began.
 */
export function useRefusalAudit(audit: Audit | undefined): Plugin<Context> {
  if (!audit) return {}

  async function tell(
    errors: readonly unknown[],
    { req: request, requestId, principal, changedBy: awsIdentity }: Known,
    transport: Transport,
    asked: AskedOperation | undefined,
  ): Promise<void> {
    if (!request) return
    const refused = { request, transport, requestId, principal, awsIdentity, asked }
    const refusals = new Map(errors.map(error => [refusalOf(error).code, error]))
    for (const refusal of refusals.values()) await auditRefusal(audit, refusal, refused)
  }

  return {
    onResultProcess({ result, serverContext }) {
      const known = serverContext as Known
      return 'errors' in result && result.errors ? tell(result.errors, known, 'http', known.params) : undefined
    },
    onExecute({ args }) {
      const { contextValue } = args
      if (isOfHttp(contextValue)) return undefined
      return {
        onExecuteDone({ result }) {
          if (isAsyncIterable(result) || !result.errors) return undefined
          return tell(result.errors, contextValue, 'websocket', askedBy(args))
        },
      }
    },
    onSubscribe({ args, subscribeFn, setSubscribeFn }) {
      const { contextValue } = args
      if (isOfHttp(contextValue)) return undefined
      setSubscribeFn(async (given: ExecutionArgs) => {
        try {
          return await subscribeFn(given)
        } catch (error) {
          await tell([error], contextValue, 'websocket', askedBy(args))
          throw error
        }
      })
      return {
        onSubscribeResult({ result }) {
          if (isAsyncIterable(result) || !result.errors) return
          void tell(result.errors, contextValue, 'websocket', askedBy(args))
        },
      }
    },
  }
}

/** Tells, before anything is refused for it, what is asked for by HTTP: Yoga itself does so once it goes on. */
export function useAskedOperation(): Plugin {
  return { onParams: ({ params, context }) => void Object.assign(context, { params }) }
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
interface Known extends Partial<Pick<Context, 'requestId' | 'principal' | 'changedBy'>> {
  readonly req?: IncomingMessage
  readonly request?: Request
  readonly params?: AskedOperation
}

function isOfHttp({ request }: Known): boolean {
  return request !== undefined
}

function askedBy({
  document: query,
  operationName,
  variableValues: variables,
}: Pick<ExecutionArgs, 'document' | 'operationName' | 'variableValues'>): AskedOperation {
  return { query, operationName, variables }
}

/** Of an error, or of what the gate gives. */
function refusalOf(refusal: unknown): { readonly code: unknown; readonly message: string } {
  const { extensions, code, message } = refusal as Partial<GatewayError>
  return { code: extensions?.['code'] ?? code, message: String(message) }
}
