import { readFileSync } from 'node:fs'
import { parseCommandLine } from './config/command-line.ts'
import { declarations, SANDBOX_PREFIX } from './config/declaration.ts'
import {
  ConfigError,
  flagName,
  type Given,
  initialText,
  readFlags,
  sourceName,
  type Values,
  variableNames,
} from './config/flag.ts'
import { gatewayFlags, logFlags } from './config/gateway-flag.ts'
import { checkOpening } from './config/opening.ts'
import { accessKeyFlags, sandboxFlags } from './config/sandbox-flag.ts'

export { HelpShown } from './config/command-line.ts'
export { ConfigError }

/** Times are in seconds, sizes in bytes. */
export type GatewayOptions = Values<ReturnType<typeof gatewayFlags>>

/**
 * `latency` and `consistencyDelay` are in milliseconds, `rate` in calls a second for each API with 0 for unlimited,
 * `burst` in calls with 0 for a second's worth.
 */
export type SandboxOptions = Values<ReturnType<typeof sandboxFlags>>

export type LogLevel = GatewayOptions['logLevel']

interface Started {
  /** By `npm start`, `npm run serve` or `npm run sandbox`: npm passes signals on that may have come here already. */
  readonly startedByNpm: boolean
}

export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface StartConfig extends GatewayOptions, Started {
  readonly command: 'start'
  readonly sandbox: SandboxOptions
}

export interface ServeConfig extends GatewayOptions, Started {
  readonly command: 'serve'
}

export interface SandboxConfig extends Started {
  readonly command: 'sandbox'
  readonly logLevel: LogLevel
  /** Either both halves of an access key or neither. */
  readonly sandbox: SandboxOptions & Partial<AccessKey>
}

export type Config = StartConfig | ServeConfig | SandboxConfig

export interface FlagRow {
  readonly flag: string
  readonly placeholder: string
  readonly variables: readonly string[]
  /** As it would be typed; empty where there is none. */
  readonly initial: string
  readonly commands: readonly string[]
  readonly help: string
}

/** What this process was asked to do. Throws HelpShown or ConfigError, each with its text and exit code. */
export function config(): Config {
  return readConfig(process.argv.slice(2), process.env)
}

export function readConfig(argv: readonly string[], environment: NodeJS.ProcessEnv): Config {
  const { command, flags } = parseCommandLine(argv, packageVersion())
  const given: Given = { flags, environment }
  const startedByNpm = environment['npm_lifecycle_event'] === command
  switch (command) {
    case 'start':
      return {
        command,
        startedByNpm,
        ...readGateway(command, given),
        sandbox: readFlags(sandboxFlags(), given, SANDBOX_PREFIX),
      }
    case 'serve':
      return { command, startedByNpm, ...readGateway(command, given) }
    case 'sandbox':
      return {
        command,
        startedByNpm,
        ...readFlags(logFlags(), given),
        sandbox: { ...readFlags(sandboxFlags(), given), ...readAccessKey(given) },
      }
  }
}

/** Every flag there is, once for each default it has, in the order of `--help`: what the README's table is held to. */
export function flagTable(): readonly FlagRow[] {
  const rows = new Map<string, FlagRow>()
  for (const [command, { groups }] of Object.entries(declarations())) {
    for (const { prefix, flags } of groups) {
      for (const [property, declared] of Object.entries(flags)) {
        const flag = flagName(prefix, property)
        const initial = initialText(declared)
        const key = `${flag}=${initial}`
        rows.set(key, {
          flag,
          placeholder: declared.kind.placeholder,
          variables: variableNames(flag, declared),
          initial,
          commands: [...(rows.get(key)?.commands ?? []), command],
          help: declared.help,
        })
      }
    }
  }
  return [...rows.values()]
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(text) as { readonly version: string }
  return version
}

function readGateway(command: 'start' | 'serve', given: Given): GatewayOptions {
  const options = readFlags(gatewayFlags(command), given)
  checkOpening(options, given)
  return options
}

function readAccessKey(given: Given): Partial<AccessKey> {
  const { accessKeyId, secretAccessKey } = readFlags(accessKeyFlags(), given)
  if (accessKeyId !== undefined && secretAccessKey !== undefined) return { accessKeyId, secretAccessKey }
  if (accessKeyId === undefined && secretAccessKey === undefined) return {}
  const got = sourceName(accessKeyId === undefined ? '--secret-access-key' : '--access-key-id', given)
  throw new ConfigError(`--access-key-id and --secret-access-key: expected both or neither, got only ${got}`)
}
