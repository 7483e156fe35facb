import { readFile } from 'node:fs/promises'
import { type GraphQLSchema, parse, validate } from 'graphql'

/** A file of `--persisted-operations` that cannot be used. Its message is for whoever starts the gateway. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError'

  constructor(path: string, reason: string) {
    super(`--persisted-operations: ${path}: ${reason}`)
  }
}

/** Documents by their ids. */
export type PersistedOperations = ReadonlyMap<string, string>

/**
 * Reads manifests of either format, told apart by their shape. Every document must fit the schema: one that does not
 * would fail for the first client that asks for it. Throws ManifestError.
 */
export async function readManifests(paths: readonly string[], schema: GraphQLSchema): Promise<PersistedOperations> {
  const documents = new Map<string, string>()
  for (const path of paths) {
    for (const [id, document] of entriesOf(await readJson(path), path)) {
      const known = documents.get(id)
      if (known !== undefined && known !== document) {
        throw new ManifestError(path, `expected one document of each id, got two of ${quote(id)}`)
      }
      check(id, document, schema, path)
      documents.set(id, document)
    }
  }
  return documents
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error'
    throw new ManifestError(path, `expected a file that can be read, got ${code}`)
  })
  try {
    return JSON.parse(text)
  } catch {
    throw new ManifestError(path, `expected JSON, got ${quote(text.trim())}`)
  }
}

function entriesOf(manifest: unknown, path: string): [id: string, document: string][] {
  if (!isObject(manifest)) {
    throw new ManifestError(path, `expected a JSON object, got ${kindOf(manifest)}`)
  }
  const { format, version, operations } = manifest
  const entries = 'format' in manifest ? apollosEntries(format, version, operations, path) : Object.entries(manifest)
  return entries.map(([id, document]) => {
    if (typeof id !== 'string' || id === '') {
      const got = id === '' ? 'an empty one' : kindOf(id)
      throw new ManifestError(path, `expected each id to be a text, got ${got}`)
    }
    if (typeof document !== 'string') {
      throw new ManifestError(path, `${quote(id)}: expected a document as text, got ${kindOf(document)}`)
    }
    return [id, document]
  })
}

/** As `@apollo/generate-persisted-query-manifest` writes it. */
function apollosEntries(format: unknown, version: unknown, operations: unknown, path: string): [unknown, unknown][] {
  if (format !== APOLLOS_FORMAT || version !== 1) {
    const got = `${JSON.stringify(format)}, version ${JSON.stringify(version)}`
    throw new ManifestError(path, `expected the format "${APOLLOS_FORMAT}", version 1, got ${got}`)
  }
  if (!Array.isArray(operations)) {
    throw new ManifestError(path, `expected a list of operations, got ${kindOf(operations)}`)
  }
  return operations.map((operation: unknown) => {
    if (!isObject(operation)) {
      throw new ManifestError(path, `expected each operation to be an object, got ${kindOf(operation)}`)
    }
    return [operation['id'], operation['body']]
  })
}

const APOLLOS_FORMAT = 'apollo-persisted-query-manifest'

function check(id: string, document: string, schema: GraphQLSchema, path: string): void {
  const wrong = (reason: string) => new ManifestError(path, `the operation ${quote(id)}: ${reason}`)
  try {
    const parsed = parse(document)
    const [error] = validate(schema, parsed)
    if (error) throw wrong(error.message)
    if (!parsed.definitions.some(({ kind }) => kind === 'OperationDefinition')) {
      throw wrong('expected a query, a mutation or a subscription, got none')
    }
  } catch (error) {
    if (error instanceof ManifestError || !(error instanceof Error)) throw error
    throw wrong(error.message)
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
}
