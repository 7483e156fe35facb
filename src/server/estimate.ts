import {
  type ExecutionArgs,
  type FieldNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLNamedOutputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  getOperationAST,
  getVariableValues,
  isAbstractType,
  isObjectType,
} from 'graphql'
import { type Counting, type Given, nothing, type Spending, type Things } from '../schema/iam-calls.ts'
import { createLedger, type Estimate, type Ledger } from './ledger.ts'
import { fragmentsOf, type Selecting, selectFields } from './selection.ts'

export interface Estimated extends Pick<ExecutionArgs, 'schema' | 'document' | 'operationName' | 'variableValues'> {
  readonly contextValue: Counting
}

/**
 * The IAM calls that an operation costs, of a subscription each event, as its fields declare them (schema/iam-calls.ts):
 * where pages are full, and nothing is remembered from before. What execution refuses costs nothing.
 */
export function estimate({ schema, document, operationName, variableValues, contextValue }: Estimated): Estimate {
  const ledger = createLedger()
  const operation = getOperationAST(document, operationName)
  const type = operation && schema.getRootType(operation.operation)
  const { coerced: variables } = getVariableValues(schema, operation?.variableDefinitions ?? [], variableValues ?? {})
  if (!type || !variables) return ledger.sum()
  const fragments = fragmentsOf(document)
  const going: Going = { schema, fragments, variables, context: contextValue, ledger }
  const root = { of: 'root', many: 1 }
  for (const [name, nodes] of selectFields(going, type, [operation.selectionSet])) {
    // After a mutation nothing is known any more of what was read before it.
    const scope = operation.operation === 'mutation' ? name : ''
    visit(going, { type, things: [root] }, nodes, { path: name, scope })
  }
  return ledger.sum()
}

interface Going extends Selecting {
  readonly context: Counting
  readonly ledger: Ledger
}

/** Things of one type, of which fields are asked. */
interface Group {
  readonly type: GraphQLObjectType
  readonly things: readonly Things[]
}

interface Place {
  readonly path: string
  readonly scope: string
}

function visit(going: Going, { type, things }: Group, nodes: readonly FieldNode[], { path, scope }: Place): void {
  const [node] = nodes
  const field = node && type.getFields()[node.name.value]
  // Introspection asks IAM nothing.
  if (!field) return
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
  if (sets.length === 0 && !field.extensions.iamCalls) return
  const given = things.flatMap(parent => {
    const { calls, gives } = spendingOf(going, field, node, parent)
    for (const call of calls) going.ledger.add({ ...call, of: `${scope} ${call.of}` }, path)
    return gives
  })
  for (const group of groupsOf(going.schema, getNamedType(field.type), given)) {
    for (const [name, below] of selectFields(going, group.type, sets)) {
      visit(going, group, below, { path: `${path}.${name}`, scope })
    }
  }
}

function spendingOf(
  { schema, variables, context }: Going,
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  parent: Things,
): Spending {
  const { iamCalls } = field.extensions
  if (!iamCalls) return { calls: [], gives: [{ things: parent }] }
  try {
    return iamCalls({ parent, args: getArgumentValues(field, node, variables), context, schema })
  } catch (error) {
    // An argument that does not fit: the field is not resolved.
    if (error instanceof GraphQLError) return nothing
    throw error
  }
}

/** Things that are asked for twice are one. Of an abstract type they may be anything that they do not say they are. */
function groupsOf(schema: GraphQLSchema, returned: GraphQLNamedOutputType, given: readonly Given[]): Iterable<Group> {
  const groups = new Map<GraphQLObjectType, Map<string, Things>>()
  for (const { things, typename } of given) {
    const type = typename === undefined ? returned : schema.getType(typename)
    const types = isObjectType(type) ? [type] : isAbstractType(type) ? schema.getPossibleTypes(type) : []
    for (const one of types) {
      const group = groups.get(one) ?? new Map<string, Things>()
      groups.set(one, group.set(things.of, things))
    }
  }
  return [...groups].map(([type, things]) => ({ type, things: [...things.values()] }))
}
