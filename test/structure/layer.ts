import type { Import, Module } from './module.ts'

/**
 * Who may import whom. A room is a folder of src, or a file beside them; what is missing here may not be imported.
 * A single file of a room is named by its path.
 */
const mayImport: ReadonlyMap<string, readonly string[]> = new Map([
  ['main', ['config', 'gateway', 'start-error']],
  ['start-error', ['iam']],
  ['announcement', ['iam', 'sandbox']],
  [
    'gateway',
    [
      'announcement',
      'start-error',
      'config',
      'log',
      'progress',
      'server',
      'schema',
      'context',
      'principal',
      'auth',
      'audit',
      'caller-limit',
      'loaders',
      'iam',
      'events',
      'change-feed',
      'reconciliation',
      'gateway-error',
      'sandbox',
    ],
  ],
  ['config', []],
  ['principal', []],
  ['auth', ['principal', 'gateway-error', 'log']],
  ['caller-limit', ['principal', 'gateway-error', 'log']],
  ['audit', ['principal', 'gateway-error', 'log', 'iam/errors.ts']],
  // Bodies are cut from messages by the same words everywhere.
  ['log', ['iam/errors.ts', 'terminal']],
  ['terminal', []],
  ['progress', ['iam/cost.ts', 'log']],
  [
    'server',
    ['schema', 'context', 'principal', 'auth', 'audit', 'caller-limit', 'loaders', 'iam', 'events', 'gateway-error'],
  ],
  ['schema', ['context', 'principal', 'audit', 'loaders', 'iam', 'events', 'gateway-error']],
  ['context', ['principal', 'audit', 'caller-limit', 'loaders', 'iam', 'events', 'gateway-error']],
  ['loaders', ['iam', 'events/overlay.ts', 'gateway-error']],
  ['events', ['iam/model.ts', 'gateway-error']],
  ['change-feed', ['events', 'gateway-error']],
  ['reconciliation', ['events', 'iam', 'log', 'gateway-error']],
  ['iam', ['principal', 'gateway-error']],
  ['gateway-error', []],
  // Nothing of ours: shared code would let both sides be wrong together.
  ['sandbox', []],
])

/** The one room that knows a package. jose is the sandbox's, too: an STS checks a token by itself. */
const roomOfPackage: ReadonlyMap<string, string> = new Map([
  ['rate-limiter-flexible', 'caller-limit'],
  ['@aws-sdk/client-iam', 'iam'],
  ['@aws-sdk/client-sts', 'iam'],
  ['@aws-sdk/client-sqs', 'change-feed'],
  ['@redis/client', 'events'],
])

/** What the SDK's clients are made of: for the rooms that have a client. */
const sdk = /^@(aws-sdk|smithy)\//
const sdkRooms = ['iam', 'change-feed']

export function layerBreaches(modules: readonly Module[]): string[] {
  return modules.flatMap(({ path, imports }) => {
    const allowed = mayImport.get(roomOf(path))
    if (allowed === undefined) return [`${path} is in a room that the table of layers does not have`]
    return imports.flatMap(one => breach(path, allowed, one) ?? [])
  })
}

/** Every import counts, a type's too. Each cycle is told once, from the first of its modules that was met. */
export function importCycles(modules: readonly Module[]): string[] {
  const importsOf = new Map(modules.map(({ path, imports }) => [path, imports.map(({ target }) => target)]))
  const finished = new Set<string>()
  const cycles: string[] = []
  const walk = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path)
    if (start >= 0) cycles.push([...trail.slice(start), path].join(' → '))
    if (start >= 0 || finished.has(path)) return
    for (const target of importsOf.get(path) ?? []) {
      if (target !== undefined) walk(target, [...trail, path])
    }
    finished.add(path)
  }
  for (const { path } of modules) walk(path, [])
  return cycles
}

function breach(path: string, allowed: readonly string[], { specifier, target }: Import): string | undefined {
  const from = roomOf(path)
  if (target === undefined) {
    const rooms = roomsOf(specifier)
    return rooms && !rooms.includes(from) ? `${path} imports ${specifier}, which only ${rooms} may` : undefined
  }
  const to = roomOf(target)
  if (from === to || allowed.includes(to) || allowed.includes(target)) return undefined
  return `${path} imports ${target}`
}

function roomOf(path: string): string {
  return path.replace(/(\/.*|\.ts)$/, '')
}

/** Undefined: any. */
function roomsOf(specifier: string): readonly string[] | undefined {
  if (specifier === 'jose') return ['auth', 'sandbox']
  for (const [name, room] of roomOfPackage) {
    if (specifier === name || specifier.startsWith(`${name}/`)) return [room]
  }
  return sdk.test(specifier) ? sdkRooms : undefined
}
