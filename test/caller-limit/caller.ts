import { type CallerLimitOptions, type CallerLimits, createCallerLimits } from '../../src/caller-limit/caller-limit.ts'
import { connectForScripts } from '../../src/events/redis/connection.ts'
import { createLog, type Logger } from '../../src/log.ts'
import { anonymous, type Principal, type Scope } from '../../src/principal.ts'

/** Somebody who proved who he is. */
export function caller(name: string, scopes: readonly Scope[] = [...anonymous.scopes]): Principal {
  const issuer = 'https://issuer.example'
  const expiresAt = new Date(Date.now() + 3_600_000)
  return {
    name,
    key: JSON.stringify([issuer, name]),
    scopes: new Set(scopes),
    token: { text: 'a.b.c', issuer, subject: name, expiresAt, claims: { sub: name } },
  }
}

export interface TestLimits extends CallerLimits, AsyncDisposable {
  /** What was logged, from info on. */
  readonly said: readonly string[]
}

export interface TestLimitOptions extends Partial<CallerLimitOptions> {
  /** Of a Redis to count in. */
  readonly url?: string | undefined
  /** How long it may take to answer, in milliseconds. */
  readonly patience?: number
}

/** One instance of several, as far as callers' limits go. */
export function startLimits({ url, patience = 2_000, ...options }: TestLimitOptions = {}): TestLimits {
  const said: string[] = []
  const limits = createCallerLimits({
    maxCallerOperations: 1000,
    maxCallerOperationsPerMinute: 1000,
    maxCallerIamCallsPerMinute: 1000,
    maxCallerSubscriptions: 1000,
    log: logInto(said),
    shared: url === undefined ? undefined : { prefix: 'test', connect: over => connectForScripts(url, patience, over) },
    ...options,
  })
  return { ...limits, said, [Symbol.asyncDispose]: limits.close }
}

/** How many of so many succeed. */
export async function countOf(tries: number, work: () => unknown): Promise<number> {
  let succeeded = 0
  for (let index = 0; index < tries; index += 1) {
    try {
      await work()
      succeeded += 1
    } catch (error) {
      if (!isRefusal(error)) throw error
    }
  }
  return succeeded
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'RATE_LIMITED'
}

function logInto(said: string[]): Logger {
  return createLog('info', { write: line => said.push((JSON.parse(line) as { msg: string }).msg) })
}
