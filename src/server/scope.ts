import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  isInterfaceType,
  isObjectType,
  type OperationDefinitionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { challenge } from '../auth/challenge.ts'
import type { Context } from '../context.ts'
import { GatewayError } from '../gateway-error.ts'
import type { Principal } from '../principal.ts'
import { type Need, needsOf } from '../schema/scope.ts'
import type { CallerOptions } from './caller.ts'
import type { Introspection } from './introspection.ts'
import { fragmentsOf } from './selection.ts'

/**
 * Refuses, before anything is asked, an operation that needs a scope its caller lacks: all of it, on every transport.
 * What a document needs is read off it: a field under a condition that does not hold counts as asked.
 */
export function useScopes(introspection: Introspection, { scopePrefix }: CallerOptions): Plugin<Context> {
  function check(hook: {
    readonly args: Asked & { readonly contextValue: Context }
    setResultAndStopExecution(result: ExecutionResult): void
  }): void {
    const { principal } = hook.args.contextValue
    const missing = neededBy(hook.args).filter(({ need }) => !has(principal, need, introspection))
    if (missing.length === 0) return
    const http = { status: 403, ...(principal.token && { headers: challengeFor(missing) }) }
    hook.setResultAndStopExecution({ errors: missing.map(one => refusal(one, http)) })
  }
  function challengeFor(missing: readonly Needed[]): Record<string, string> {
    const scopes = new Set(missing.map(({ need }) => `${scopePrefix}${need[0]}`))
    const scope = [...scopes].join(' ')
    const description = 'The token lacks a scope that the operation needs.'
    return { 'www-authenticate': challenge({ error: 'insufficient_scope', description, scope }) }
  }

  return { onExecute: check, onSubscribe: check }
}

interface Needed {
  readonly need: Need
  /** The first that needs it. */
  readonly field: FieldNode
}

type Asked = Pick<ExecutionArgs, 'schema' | 'document' | 'operationName'>

/** Documents are parsed once and remembered by Yoga: so is what each of their operations needs. */
const known = new WeakMap<OperationDefinitionNode, readonly Needed[]>()

function neededBy({ schema, document, operationName }: Asked): readonly Needed[] {
  const operation = getOperationAST(document, operationName)
  // The executor will say what is wrong.
  if (!operation) return []
  const needed = known.get(operation) ?? readNeeds(schema, document, operation)
  known.set(operation, needed)
  return needed
}

function readNeeds(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): Needed[] {
  const found = new Map<string, Needed>()
  const info = new TypeInfo(schema)
  const fragments = fragmentsOf(document)
  // Grows by each fragment as it is met.
  const reached = new Set<OperationDefinitionNode | FragmentDefinitionNode>([operation])
  for (const definition of reached) {
    visit(
      definition,
      visitWithTypeInfo(info, {
        FragmentSpread({ name }) {
          const fragment = fragments.get(name.value)
          if (fragment) reached.add(fragment)
        },
        Field(field) {
          for (const need of needsOfField(schema, info, field)) {
            const key = need.join()
            if (!found.has(key)) found.set(key, { need, field })
          }
        },
      }),
    )
  }
  return [...found.values()]
}

function needsOfField(schema: GraphQLSchema, info: TypeInfo, { name: { value: name } }: FieldNode): readonly Need[] {
  const type = info.getParentType()
  // A union has no fields but __typename.
  if (!isObjectType(type) && !isInterfaceType(type)) return []
  const needs = needsOf(schema, type, { name })
  if (!needs) throw new Error(`expected a rule for who may ask ${type.name}.${name}, got none`)
  return needs
}

function has({ scopes, token }: Principal, need: Need, introspection: Introspection): boolean {
  if (!need.includes('introspect')) return need.some(scope => scopes.has(scope))
  // Whoever nobody asked for a token has every scope: where the schema is not for everybody, it is not for them.
  return introspection === 'everybody' || (token !== undefined && scopes.has('introspect'))
}

function refusal({ need, field }: Needed, http: object): GraphQLError {
  const scope = need[0]
  const name = field.name.value
  const originalError = need.includes('introspect')
    ? new GatewayError('INTROSPECTION_DISABLED', `This gateway does not show its schema: ${name}.`, { scope, http })
    : new GatewayError('FORBIDDEN', `${name} needs the scope ${need.join(' or ')}.`, { scope, http })
  return new GraphQLError(originalError.message, { nodes: field, originalError })
}
