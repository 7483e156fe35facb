import { type CallerLimits, createCallerLimits } from '../caller-limit/caller-limit.ts'
import type { GatewayOptions } from '../config.ts'
import { connectForScripts } from '../events/redis/connection.ts'
import type { Identity } from '../iam/identity.ts'
import type { Logger } from '../log.ts'
import { accountOf } from './changes.ts'

/** How long an operation may wait for Redis, in milliseconds, before this instance counts alone. */
const patience = 250

export function startCallerLimits(config: GatewayOptions, identity: Identity, log: Logger): CallerLimits {
  const { redisUrl: url, redisPrefix } = config
  const prefix = `${redisPrefix}:${accountOf(identity) ?? 'unknown'}`
  const shared =
    url === undefined ? undefined : { prefix, connect: (over: AbortSignal) => connectForScripts(url, patience, over) }
  return createCallerLimits({ ...config, log, shared })
}
