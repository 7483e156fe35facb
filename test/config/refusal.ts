import { expect } from 'vitest'
import { ConfigError, HelpShown, readConfig } from '../../src/config.ts'

export function refusal(argv: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const { message, exitCode } = thrown(ConfigError, argv, environment)
  return { message, exitCode }
}

export function helpOf(argv: readonly string[]): string {
  const { message, exitCode } = thrown(HelpShown, argv, {})
  expect(exitCode).toBe(0)
  return message
}

function thrown<Thrown extends Error>(
  type: new (message: string) => Thrown,
  argv: readonly string[],
  environment: NodeJS.ProcessEnv,
): Thrown {
  try {
    readConfig(argv, environment)
  } catch (error) {
    if (error instanceof type) return error
    throw error
  }
  throw new Error(`expected ${type.name} from ${JSON.stringify(argv)}, got a configuration`)
}
