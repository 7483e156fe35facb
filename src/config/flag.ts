import { type Kind, Refusal } from './kind.ts'

export interface Flag<T> {
  readonly kind: Kind<T>
  readonly initial: T
  readonly help: string
  /** A variable that others know it by, read where the gateway's own is not set. */
  readonly alias?: string
}

/** Flags by the property that carries the value: `maxPage` is `--max-page` on the command line. */
export type Flags = Readonly<Record<string, Flag<unknown>>>

export type Values<Declared extends Flags> = {
  readonly [Property in keyof Declared]: Declared[Property] extends Flag<infer T> ? T : never
}

/** A flag or value that cannot be used; the message is one sentence for stderr. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly exitCode = 2
}

/** What the command line and the environment say, by flag and by variable. */
export interface Given {
  readonly flags: ReadonlyMap<string, readonly string[]>
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Reads declared flags; a flag wins over its variable, and an empty variable counts as not given. */
export function readFlags<Declared extends Flags>(declared: Declared, given: Given, prefix = ''): Values<Declared> {
  const entries = Object.entries(declared).map(([property, flag]) => [
    property,
    readFlag(flag, flagName(prefix, property), given),
  ])
  // Object.fromEntries forgets which property has which type.
  return Object.fromEntries(entries) as Values<Declared>
}

/** `flagName('sandbox-', 'maxPage')` is `--sandbox-max-page`. */
export function flagName(prefix: string, property: string): string {
  return `--${prefix}${property.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
}

/** `--max-page` is `IAM_GATEWAY_MAX_PAGE` in the environment. */
export function variableName(flag: string): string {
  return `IAM_GATEWAY_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`
}

/** The gateway's own variable, then others that say the same. */
export function variableNames(flag: string, { alias }: Flag<unknown>): readonly string[] {
  return alias === undefined ? [variableName(flag)] : [variableName(flag), alias]
}

/** Of a flag without an alias. */
export function isGiven(flag: string, { flags, environment }: Given): boolean {
  return flags.has(flag) || (environment[variableName(flag)] ?? '') !== ''
}

/** Where the value of a flag came from: what an error about it names. */
export function sourceName(flag: string, { flags }: Given): string {
  return flags.has(flag) ? flag : variableName(flag)
}

/** A default as text, as it would be typed; empty where there is none. */
export function initialText(flag: Flag<unknown>): string {
  return flag.initial === undefined ? '' : String(flag.initial)
}

function readFlag<T>(flag: Flag<T>, name: string, given: Given): T {
  const source = sourceOf(flag, name, given)
  if (source === undefined) return flag.initial
  try {
    return flag.kind.read(source.texts)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    throw new ConfigError(`${source.name}: ${error.message}`)
  }
}

function sourceOf(
  flag: Flag<unknown>,
  name: string,
  { flags, environment }: Given,
): { readonly name: string; readonly texts: readonly string[] } | undefined {
  const texts = flags.get(name)
  if (texts !== undefined) return { name, texts }
  for (const variable of variableNames(name, flag)) {
    const text = environment[variable]
    if (text !== undefined && text !== '') return { name: variable, texts: [text] }
  }
  return undefined
}
