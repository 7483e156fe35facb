import { GatewayError } from '../gateway-error.ts'

/** Which limit it was: `extensions.limitOf`. Clients branch on it. */
export type CallerLimit = 'operations' | 'operationsPerMinute' | 'iamCallsPerMinute' | 'subscriptions'

/** @param endsIn milliseconds until there may be room again */
export function refused(limitOf: CallerLimit, limit: number, endsIn: number): GatewayError {
  const retryAfter = retryAfterOf(endsIn)
  const http = { status: 429, headers: { 'retry-after': String(retryAfter) } }
  return new GatewayError('RATE_LIMITED', messageOf(limitOf, limit, retryAfter), { limit, limitOf, retryAfter, http })
}

/** Of an answer whose other fields are there: its status stays what it is. */
export function refusedField(limitOf: CallerLimit, limit: number, endsIn: number): GatewayError {
  const retryAfter = retryAfterOf(endsIn)
  return new GatewayError('RATE_LIMITED', messageOf(limitOf, limit, retryAfter), { limit, limitOf, retryAfter })
}

function retryAfterOf(endsIn: number): number {
  return Math.max(1, Math.ceil(endsIn / 1000))
}

function messageOf(limitOf: CallerLimit, limit: number, retryAfter: number): string {
  return `${reasons[limitOf](limit)}: ask again in ${retryAfter} s.`
}

const reasons: Record<CallerLimit, (limit: number) => string> = {
  operations: limit => `You have ${limit} operations under way, and may have no more at once`,
  operationsPerMinute: limit => `You may ask for ${limit} operations a minute, and have asked for them`,
  iamCallsPerMinute: limit => `You may cost ${limit} IAM calls a minute, and have cost them`,
  subscriptions: limit => `You have ${limit} subscriptions open, and may have no more at once`,
}
