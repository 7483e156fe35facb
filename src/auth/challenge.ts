import type { GatewayError } from '../gateway-error.ts'
import { TokenRefused } from './token-error.ts'

/** What was wrong with a token that was shown. */
export interface Problem {
  readonly error: 'invalid_token' | 'insufficient_scope'
  readonly description: string
  /** The scopes that would do, as a token has them; between spaces. */
  readonly scope?: string
}

/** The value of WWW-Authenticate for a 401; RFC 6750 has nothing said of a token where none was shown. */
export function challengeOf(refusal: GatewayError): string {
  if (!(refusal instanceof TokenRefused)) return challenge()
  return challenge({ error: 'invalid_token', description: refusal.message })
}

/** https://www.rfc-editor.org/rfc/rfc6750#section-3 */
export function challenge(problem?: Problem): string {
  const parameters = [['realm', 'iam-graphql-gateway']]
  if (problem) parameters.push(['error', problem.error], ['error_description', problem.description])
  if (problem?.scope !== undefined) parameters.push(['scope', problem.scope])
  return `Bearer ${parameters.map(([name, value = '']) => `${name}="${value.replace(foreign, "'")}"`).join(', ')}`
}

/** What RFC 6750 has in no description, and no scope: among it what would end the quotes, or the header's line. */
const foreign = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g
