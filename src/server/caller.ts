import type { IncomingMessage } from 'node:http'
import type { Plugin } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Audit } from '../audit/audit.ts'
import type { Authentication } from '../auth/authentication.ts'
import { bearerOfHeaders, bearerOfPayload } from '../auth/bearer.ts'
import { challengeOf } from '../auth/challenge.ts'
import { KeysUnavailable, TokenMissing } from '../auth/token-error.ts'
import { GatewayError } from '../gateway-error.ts'
import { anonymous, type Principal } from '../principal.ts'
import { auditRefusal } from './audit.ts'
import { show } from './error.ts'
import type { ServerContext } from './operation.ts'

export interface CallerOptions {
  /** Undefined: whoever the gate lets in may ask. */
  readonly authentication: Pick<Authentication, 'authenticate'> | undefined
  /** How long a WebSocket or an event stream may outlive its token, in milliseconds. */
  readonly tokenGrace: number
  /** How often it is asked meanwhile whether the token still proves its caller, in milliseconds. Default 30 s. */
  readonly recheckInterval?: number | undefined
  /** Stands in a token before each of its scopes. */
  readonly scopePrefix: string
  /** Where it is written down who was refused; undefined: nowhere. */
  readonly audit?: Audit | undefined
}

/** Of whom nothing was learnt yet: what a request comes in as, so that one whom nobody asks may do nothing. */
export const nobody: Principal = { name: 'nobody', key: 'nobody', scopes: new Set(), token: undefined }

/**
 * Finds out who asks by HTTP. Preflights and GraphiQL's page never come here: Yoga has answered them, and neither tells
 * anything. A token is read from its header alone: an address is kept in histories and logs.
 */
export function useCallers({ authentication, audit }: CallerOptions, log: Logger): Plugin<object, ServerContext> {
  return {
    onRequest({ serverContext, fetchAPI, endResponse }) {
      const learn = (principal: Principal) => void Object.assign(serverContext, { principal })
      if (!authentication) return learn(anonymous)
      const { req, requestId } = serverContext as typeof serverContext & { readonly req: IncomingMessage }
      return authenticateRequest(authentication, req).then(learn, async error => {
        await auditRefusal(audit, error, { request: req, transport: 'http', requestId })
        endResponse(refusal(error, { log, requestId }, fetchAPI))
      })
    },
  }
}

/** Who opened a WebSocket: by the parameters of its greeting, or, where a client can send one, by its header. */
export async function callerOfSocket(
  { authentication }: CallerOptions,
  params: unknown,
  request: IncomingMessage,
): Promise<Principal> {
  if (!authentication) return anonymous
  const token = bearerOfPayload(params)
  return token === undefined ? authenticateRequest(authentication, request) : authentication.authenticate(token)
}

/** When what goes on for a caller must end, in milliseconds since 1970; undefined: never. */
export function endOf({ token }: Principal, { tokenGrace }: CallerOptions): number | undefined {
  return token && token.expiresAt.getTime() + tokenGrace
}

async function authenticateRequest(
  authentication: Pick<Authentication, 'authenticate'>,
  request: IncomingMessage,
): Promise<Principal> {
  const token = bearerOfHeaders(request.headersDistinct['authorization'])
  if (token === undefined) throw new TokenMissing()
  return authentication.authenticate(token)
}

/** What the client still sends is not read, so nothing else can come on its connection. */
function refusal(
  error: unknown,
  place: { readonly log: Logger; readonly requestId: string },
  { Response }: { readonly Response: typeof globalThis.Response },
): Response {
  const { message, extensions } = show(error, place)
  const { http, ...told } = extensions as { readonly http?: { readonly status?: number } }
  place.log.debug({ code: extensions['code'], requestId: place.requestId }, message)
  return new Response(JSON.stringify({ errors: [{ message, extensions: told }] }), {
    status: http?.status ?? 500,
    headers: {
      'content-type': 'application/json',
      connection: 'close',
      ...(error instanceof GatewayError &&
        error.code === 'UNAUTHENTICATED' && { 'www-authenticate': challengeOf(error) }),
      // Its issuer is asked no sooner.
      ...(error instanceof KeysUnavailable && { 'retry-after': '5' }),
    },
  })
}
