import type { Plugin } from 'graphql-yoga'
import { GatewayError } from '../gateway-error.ts'
import type { PersistedOperations } from './persisted-manifest.ts'

/** Beside those of GraphQL over HTTP: as Relay's and graphql-codegen's clients send an id. */
export const idParameters = ['documentId', 'id'] as const

/** What a client sends to have an operation carried out. */
export interface Asking {
  readonly query?: string | undefined
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined
  readonly documentId?: unknown
  readonly id?: unknown
}

export interface PersistedOptions {
  readonly documents: PersistedOperations
  /** Whether there are no others. */
  readonly isOnly: boolean
}

export const noneIsPersisted: PersistedOptions = { documents: new Map(), isOnly: false }

/**
 * The document that is asked for, by its text or by its id; undefined where neither is there. It goes the way of any
 * other from here on, through every limit. Throws PERSISTED_QUERY_NOT_FOUND, PERSISTED_QUERY_ONLY or BAD_REQUEST.
 */
export function documentFor(asking: Asking, { documents, isOnly }: PersistedOptions): string | undefined {
  const id = idOf(asking)
  // A WebSocket's protocol has a text in any case: of one who asks by an id it is empty.
  const text = asking.query === '' && id !== undefined ? undefined : (asking.query ?? undefined)
  const stored = id === undefined ? undefined : documents.get(id)
  if (stored !== undefined) {
    if (isOnly || text === undefined || text === stored) return stored
    throw badRequest('The id and the text are of two operations: expected one of them, or both of the same.')
  }
  if (text !== undefined && isOnly) {
    const message = 'This gateway takes persisted operations only: ask by the id of one, without its text.'
    throw new GatewayError('PERSISTED_QUERY_ONLY', message, { http: { status: 400, spec: true } })
  }
  // Who sends the text as well has been told already that the id is unknown. Nothing is remembered of it.
  if (text !== undefined || id === undefined) return text
  // By this very message urql knows that it must send the text, and by this code Apollo Client does.
  throw new GatewayError('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound', { http: { status: 404, spec: true } })
}

/** For HTTP, before the text is looked for. */
export function usePersistedOperations(options: PersistedOptions): Plugin {
  return {
    onParams({ request, params, setParams }) {
      const asking = request.method === 'GET' ? { ...params, ...idsInAddress(request.url) } : params
      const query = documentFor(asking, options)
      if (query !== undefined && query !== params.query) setParams({ ...params, query })
    },
  }
}

/** Yoga reads from an address only what it knows. */
function idsInAddress(url: string): Asking {
  const [, search = ''] = url.split('?')
  const parameters = new URLSearchParams(search)
  return Object.fromEntries(idParameters.map(name => [name, parameters.get(name) ?? undefined]))
}

function idOf({ extensions, documentId, id }: Asking): string | undefined {
  const found = hashIn(extensions?.['persistedQuery']) ?? documentId ?? id ?? undefined
  if (found === undefined || (typeof found === 'string' && found !== '')) return found
  throw badRequest('Expected the id of a persisted operation to be a text that is not empty.')
}

/** As Apollo's clients send it. */
function hashIn(persistedQuery: unknown): unknown {
  if (typeof persistedQuery !== 'object' || persistedQuery === null) return undefined
  return 'sha256Hash' in persistedQuery ? persistedQuery.sha256Hash : undefined
}

function badRequest(message: string): GatewayError {
  return new GatewayError('BAD_REQUEST', message, { http: { status: 400 } })
}
