import SchemaBuilder, { brandWithType } from '@pothos/core'
import ErrorsPlugin from '@pothos/plugin-errors'
import RelayPlugin from '@pothos/plugin-relay'
import { type GraphQLSchema, isObjectType } from 'graphql'
import type { Context } from '../context.ts'
import { decodeGlobalId, type GlobalId, resolveOne } from './global-id.ts'
import { findCalls } from './id-calls.ts'

export interface SchemaTypes {
  Context: Context
  Scalars: { DateTime: { Input: Date; Output: Date } }
  /** Nullable is what costs an IAM call of its own; everything else is there, or its parent is not. */
  DefaultFieldNullability: false
  DefaultEdgesNullability: { list: false; items: false }
  DefaultNodeNullability: false
}

export const builder = new SchemaBuilder<SchemaTypes>({
  plugins: [ErrorsPlugin, RelayPlugin],
  defaultFieldNullability: false,
  errors: {
    directResult: true,
    defaultUnionOptions: {
      name: ({ fieldName }) => `${fieldName.charAt(0).toUpperCase()}${fieldName.slice(1)}Result`,
    },
  },
  relay: {
    clientMutationId: 'optional',
    cursorType: 'String',
    nodesOnConnection: { description: 'The items themselves, in the order of their edges.' },
    decodeGlobalID: decodeGlobalId,
    nodeQueryOptions: {
      description:
        'What an id stands for, null where it is gone. Errors: BAD_ID. Costs the IAM call that finds the thing again.',
      args: { id: { description: 'An `id` that this gateway gave out.' } },
      extensions: { iamCalls: ({ args: { id }, schema }) => findCalls([id], schema) },
      resolve: (_root, { id }, context, info) =>
        resolveOne(id, info.schema, alone => find(alone, context, info.schema)),
    },
    nodesQueryOptions: {
      description: 'As `node`, each id by itself: one that is bad or gone nulls its own entry.',
      args: { ids: { description: 'Ids that this gateway gave out, in any order, of any types.' } },
      extensions: { iamCalls: ({ args: { ids }, schema }) => findCalls(ids, schema) },
      // Each by itself: Pothos asks for all of them at once, and one that fails would fail them all.
      resolve: (_root, { ids }, context, info) =>
        ids.map(id => resolveOne(id, info.schema, alone => find(alone, context, info.schema))),
    },
    nodeTypeOptions: { description: "Relay's Node: whatever has an `id` can be asked for again by `node(id:)`." },
    idFieldOptions: { description: 'Opaque and global; it holds what IAM needs to find the thing again.' },
    pageInfoTypeOptions: { description: "Relay's page information." },
    hasNextPageFieldOptions: { description: "IAM's IsTruncated: the list goes on behind `endCursor`." },
    hasPreviousPageFieldOptions: { description: 'True exactly when `after` was given: IAM cannot go back.' },
    startCursorFieldOptions: { description: "The first edge's cursor; null on an empty page." },
    endCursorFieldOptions: {
      description: 'Pass it as `after` to go on. Null where a page holds nothing and the list ends.',
    },
    cursorFieldOptions: { description: 'Opaque; goes on behind this item when passed as `after` to the same list.' },
    nodeFieldOptions: { nullable: false, description: 'The item.' },
    edgesFieldOptions: {
      nullable: { list: false, items: false },
      description: 'The items with their cursors.',
    },
    pageInfoFieldOptions: { description: 'Where this page stands in its list.' },
    mutationInputArgOptions: { description: 'What to change.' },
    clientMutationIdInputOptions: { description: 'Any string; comes back in the payload.' },
    clientMutationIdFieldOptions: { description: 'As it was given in the input.' },
  },
})

builder.queryType({ description: 'What IAM knows. A field that costs an IAM call of its own is nullable.' })
builder.mutationType({
  description: 'Changes, made one after the other. What IAM refuses is data: a type of the union.',
})
builder.subscriptionType({ description: 'Changes as they become known, over WebSocket and SSE alike.' })

/** The thing is marked with its type, which `Node` has to tell. */
async function find({ typename, id }: GlobalId, context: Context, schema: GraphQLSchema): Promise<object | null> {
  const type = schema.getType(typename)
  const found = isObjectType(type) ? await type.extensions.findById?.(id, context) : undefined
  if (found) brandWithType<PothosSchemaTypes.ExtendDefaultTypes<{ Objects: Record<string, object> }>>(found, typename)
  return found ?? null
}
