import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  type InlineFragmentNode,
  isAbstractType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'

export interface Selecting {
  readonly schema: GraphQLSchema
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly variables: Readonly<Record<string, unknown>>
}

export function fragmentsOf({ definitions }: DocumentNode): Selecting['fragments'] {
  return new Map(definitions.flatMap(one => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one]] : [])))
}

/**
 * The fields that are resolved of a type, by their names in the response; fields of one name are one. As graphql's own
 * CollectFields (specification, section 6.3.2), which it does not export.
 */
export function selectFields(
  { schema, fragments, variables }: Selecting,
  type: GraphQLObjectType,
  sets: readonly SelectionSetNode[],
): ReadonlyMap<string, readonly FieldNode[]> {
  const fields = new Map<string, FieldNode[]>()
  const spread = new Set<string>()

  function take(set: SelectionSetNode): void {
    for (const selection of set.selections) {
      if (!isIncluded(selection, variables)) continue
      if (selection.kind === 'Field') {
        const name = selection.alias?.value ?? selection.name.value
        const known = fields.get(name)
        if (known) known.push(selection)
        else fields.set(name, [selection])
      } else if (selection.kind === 'InlineFragment') takeFragment(selection)
      else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value)
        const fragment = fragments.get(selection.name.value)
        if (fragment) takeFragment(fragment)
      }
    }
  }

  function takeFragment({
    typeCondition,
    selectionSet,
  }: Pick<InlineFragmentNode, 'typeCondition' | 'selectionSet'>): void {
    if (typeCondition === undefined || applies(typeCondition.name.value)) take(selectionSet)
  }

  function applies(condition: string): boolean {
    const other = schema.getType(condition)
    return other === type || (isAbstractType(other) && schema.isSubType(other, type))
  }

  for (const set of sets) take(set)
  return fields
}

function isIncluded(node: SelectionNode, variables: Readonly<Record<string, unknown>>): boolean {
  if (!node.directives?.length) return true
  try {
    if (getDirectiveValues(GraphQLSkipDirective, node, variables)?.['if'] === true) return false
    return getDirectiveValues(GraphQLIncludeDirective, node, variables)?.['if'] !== false
  } catch (error) {
    // A null in a nullable variable with a default, which validation lets pass: the executor will say so.
    if (error instanceof GraphQLError) return false
    throw error
  }
}
