import {
  type GraphQLField,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
} from 'graphql'
import type { Scope } from '../principal.ts'

/** Scopes of which a caller must have one. */
export type Need = readonly Scope[]

/**
 * What a caller must be allowed to ask a field; undefined: no rule speaks of it, so that nobody may.
 * - A field of a root needs what the root is for: to read, to write or to watch.
 * - What it gives may be read through it, but for fields that ask IAM by themselves: these are reads, wherever they
 *   stand. So nobody reads on from a mutation's payload, or from a change that is watched.
 */
export function needsOf(
  schema: GraphQLSchema,
  type: GraphQLObjectType | GraphQLInterfaceType,
  field: Pick<GraphQLField<unknown, unknown>, 'name'>,
): readonly Need[] | undefined {
  if (isMeta(field.name)) return field.name === '__typename' ? [] : [['introspect']]
  if (isIntrospectionType(type)) return []
  const root = rootNeeds.get(type.name)
  if (root) return [exceptions.get(`${type.name}.${field.name}`) ?? root]
  if (!isGiven(type)) return undefined
  return asksIam(schema, type, field.name) ? [['read']] : []
}

const rootNeeds: ReadonlyMap<string, Need> = new Map([
  ['Query', ['read']],
  ['Mutation', ['write']],
  ['Subscription', ['watch']],
])

const exceptions: ReadonlyMap<string, Need> = new Map([
  // Asks IAM nothing, and is where a subscription begins.
  ['Query.latestChangeId', ['read', 'watch']],
])

function isMeta(name: string): boolean {
  return name.startsWith('__')
}

/** What a field of a root gives, or something below it does. */
function isGiven(type: GraphQLObjectType | GraphQLInterfaceType): boolean {
  return [type, ...type.getInterfaces()].some(({ name }) => given.test(name))
}

const given = /^(Node|IamError|PageInfo|RefusedUser|X509Certificate|\w+(Connection|Edge|Payload|StatusChange))$/

/** Of an interface: whether one of those does that it may be. */
function asksIam(schema: GraphQLSchema, type: GraphQLObjectType | GraphQLInterfaceType, name: string): boolean {
  const types = isInterfaceType(type) ? [type, ...schema.getPossibleTypes(type)] : [type]
  return types.some(one => isObjectType(one) && one.getFields()[name]?.extensions.iamCalls !== undefined)
}
