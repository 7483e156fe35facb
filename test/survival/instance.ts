import type { Sandbox } from '../../src/sandbox/server.ts'
import { runServe, type ServeProcess } from '../command/announcement.ts'
import type { Redis } from '../events/redis.ts'

export interface InstanceOptions {
  readonly sandbox: Sandbox
  readonly redis: Redis
  readonly flags: readonly string[]
  /** By how much its clock is off, in milliseconds. */
  readonly clockShift: number
}

/** One process of the gateway, among those with the same account, Redis and queue. */
export interface Instance extends ServeProcess {
  readonly socketUrl: string
  readonly isKilled: boolean
  /** `kill -9`; resolves once nothing is left of it. */
  killNow(): Promise<void>
}

export async function startInstance({ sandbox, redis, flags, clockShift }: InstanceOptions): Promise<Instance> {
  const { accessKeyId, secretAccessKey } = sandbox.credentials
  const words = [`--redis-url=${redis.url}`, `--change-queue-url=${sandbox.queueUrl}`, '--log-level=warn', ...flags]
  const clock = {
    CLOCK_SHIFT: String(clockShift),
    NODE_OPTIONS: `--import=${new URL('shifted-clock.mjs', import.meta.url)}`,
  }
  const served = await runServe(words, {
    AWS_ENDPOINT_URL_IAM: sandbox.url,
    AWS_ENDPOINT_URL_STS: sandbox.url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(clockShift === 0 ? {} : clock),
  })
  let isKilled = false
  return {
    ...served,
    socketUrl: served.url.replace('http:', 'ws:'),
    get isKilled() {
      return isKilled
    },
    async killNow() {
      isKilled = true
      served.killAll('SIGKILL')
      await served.ended
    },
  }
}
