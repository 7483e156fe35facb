import type { IncomingMessage } from 'node:http'
import type { Logger } from 'pino'
import { GatewayError } from '../gateway-error.ts'
import { auditRefusal } from './audit.ts'
import { type CallerOptions, callerOfSocket, endOf } from './caller.ts'
import type { Opened } from './opened-socket.ts'

/**
 * Whether a WebSocket's operations may begin: graphql-ws closes it with 4403, Forbidden, where not. Stock clients come
 * again then, with the token that they have by that time; 4401 they would take as the last word.
 */
export async function greet(
  opened: Opened,
  connectionParams: unknown,
  callers: CallerOptions,
  log: Logger,
): Promise<boolean> {
  try {
    const principal = await callerOfSocket(callers, connectionParams, opened.request)
    const end = endOf(principal, callers)
    if (end !== undefined && !(end > Date.now())) throw new GatewayError('UNAUTHENTICATED', 'The token has expired.')
    opened.caller = principal
    opened.leaveWithToken()
    return true
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    await auditRefusal(callers.audit, error, { request: opened.request, transport: 'websocket' })
    // 1013, Try again later: clients do, and the token may be as good as any.
    if (error.code === 'AUTHENTICATION_UNAVAILABLE') opened.close(1013, 'Try again later')
    log.debug({ code: error.code }, error.message)
    return false
  }
}

/** Of a WebSocket that is closed with 4401. Where nobody is asked who he is this is but a mistake in the protocol. */
export async function auditNotGreeted(
  { authentication, audit }: Pick<CallerOptions, 'authentication' | 'audit'>,
  request: IncomingMessage,
): Promise<void> {
  if (!authentication) return
  const refusal = new GatewayError('UNAUTHENTICATED', 'An operation came before the greeting.')
  await auditRefusal(audit, refusal, { request, transport: 'websocket' })
}
