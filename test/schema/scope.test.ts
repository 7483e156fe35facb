import { GraphQLObjectType, GraphQLSchema, GraphQLString, isInterfaceType, isObjectType } from 'graphql'
import { describe, expect, test } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { needsOf } from '../../src/schema/scope.ts'

/** Every field of the schema, as `Type.field`, and what a caller needs to ask it: `read+introspect`, `read|watch`. */
function needsOfEvery(of: GraphQLSchema): Map<string, string | undefined> {
  return new Map(
    Object.values(of.getTypeMap()).flatMap(type =>
      isObjectType(type) || isInterfaceType(type)
        ? Object.values(type.getFields()).map(field => {
            const needs = needsOf(of, type, field)?.map(need => need.join('|'))
            return [`${type.name}.${field.name}`, needs?.join('+')] as const
          })
        : [],
    ),
  )
}

describe('who may ask which field', () => {
  test('a rule says, for every field that there is', () => {
    const without = [...needsOfEvery(schema)].flatMap(([name, needs]) => (needs === undefined ? [name] : []))
    expect(without).toEqual([])
  })

  test('no rule says for a type that is new', () => {
    const Secret = new GraphQLObjectType({ name: 'Secret', fields: { password: { type: GraphQLString } } })
    const Query = new GraphQLObjectType({ name: 'Query', fields: { secret: { type: Secret } } })
    const other = needsOfEvery(new GraphQLSchema({ query: Query }))
    expect(other.get('Secret.password')).toBeUndefined()
    expect(other.get('Query.secret')).toBe('read')
  })

  test('a field that begins an operation needs what the operation is for', () => {
    const roots = [...needsOfEvery(schema)].filter(([name]) => /^(Query|Mutation|Subscription)\./.test(name))
    expect(Object.fromEntries(roots)).toEqual({
      'Query.latestChangeId': 'read|watch',
      'Query.node': 'read',
      'Query.nodes': 'read',
      'Query.serviceSpecificCredentials': 'read',
      'Query.signingCertificates': 'read',
      'Query.user': 'read',
      'Query.users': 'read',
      'Query.viewer': 'read',
      'Mutation.setSigningCertificateStatus': 'write',
      'Mutation.uploadSigningCertificate': 'write',
      'Subscription.serviceSpecificCredentialStatusChanged': 'watch',
      'Subscription.signingCertificateStatusChanged': 'watch',
    })
  })

  test('a field that asks IAM by itself is a read, whatever gave what it is asked of', () => {
    const reads = [...needsOfEvery(schema)].filter(([name, needs]) => needs === 'read' && !name.startsWith('Query.'))
    expect(reads.map(([name]) => name).sort()).toEqual([
      'ServiceSpecificCredential.user',
      'ServiceSpecificCredentialStatusChange.serviceSpecificCredential',
      'SigningCertificate.user',
      'SigningCertificateStatusChange.signingCertificate',
      'User.serviceSpecificCredentials',
      'User.signingCertificates',
    ])
  })

  test('what shows the schema is for those who may see it', () => {
    const type = schema.getQueryType()
    if (!type) throw new Error('expected a query type')
    expect(['__schema', '__type', '__typename'].map(name => needsOf(schema, type, { name }))).toEqual([
      [['introspect']],
      [['introspect']],
      [],
    ])
  })
})
