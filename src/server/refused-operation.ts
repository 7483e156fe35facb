import {
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  getArgumentValues,
  getOperationAST,
  getVariableValues,
  parse,
} from 'graphql'
import type { RefusedOperation } from '../audit/audit.ts'
import { schema } from '../schema/index.ts'
import { targetOf } from '../schema/mutation-target.ts'
import { fragmentsOf, type Selecting, selectFields } from './selection.ts'

/** As a client sent it, or with its document where that was read already. */
export interface AskedOperation {
  readonly query?: string | DocumentNode | null | undefined
  readonly operationName?: string | null | undefined
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined
}

/** What would have been done, for the audit log: of what cannot be read only the name that the client gave. */
export function refusedOperation({ query, operationName, variables: given }: AskedOperation): RefusedOperation {
  const document = typeof query === 'string' ? documentIn(query) : query
  const operation = document && getOperationAST(document, operationName)
  const type = operation && schema.getRootType(operation.operation)
  if (!type) return { operationName: operationName ?? undefined }
  const { coerced = {} } = getVariableValues(schema, operation.variableDefinitions ?? [], given ?? {}, { maxErrors: 1 })
  const selecting = { schema, fragments: fragmentsOf(document), variables: coerced }
  const selected = [...selectFields(selecting, type, [operation.selectionSet])]
  return {
    operation: operation.operation,
    operationName: operation.name?.value,
    fields: selected.slice(0, mostFields).flatMap(([path, [node]]) => {
      if (!node) return []
      const field = operation.operation === 'mutation' ? type.getFields()[node.name.value] : undefined
      return [{ field: node.name.value, path, target: field && targetIn(selecting, field, node) }]
    }),
    furtherFields: Math.max(0, selected.length - mostFields) || undefined,
  }
}

/** A line is for people, too. */
const mostFields = 10

/** Read before it was held to any limit; deeper than the stack it cannot be read, either. */
function documentIn(query: string): DocumentNode | undefined {
  try {
    return parse(query, { noLocation: true, maxTokens: 10_000 })
  } catch {
    return undefined
  }
}

/** Undefined where the arguments do not fit: it may be that nobody has looked at them yet. */
function targetIn(
  { variables }: Selecting,
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
): ReturnType<typeof targetOf> | undefined {
  try {
    const { input } = getArgumentValues(field, node, variables)
    return targetOf(input as Readonly<Record<string, unknown>>)
  } catch {
    return undefined
  }
}
