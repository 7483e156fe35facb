import {
  type GraphQLField,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  printSchema,
} from 'graphql'
import { expect, test } from 'vitest'
import { schema } from '../../src/schema/index.ts'

const types = Object.values(schema.getTypeMap()).filter(
  type => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
)

// Renew it with: npm test -- test/schema/schema.test.ts -u
test('schema.graphql is what the code prints, to the byte', async () => {
  await expect(`${printSchema(schema)}\n`).toMatchFileSnapshot('../../schema.graphql')
})

test('every type, field, argument and enum value has a description', () => {
  const bare = types.flatMap(type => {
    const named = { name: type.name, description: type.description }
    if (isEnumType(type)) return [named, ...type.getValues().map(value => member(type.name, value))]
    if (isInputObjectType(type))
      return [named, ...Object.values(type.getFields()).map(field => member(type.name, field))]
    if (!isObjectType(type) && !isInterfaceType(type)) return [named]
    return [named, ...Object.values(type.getFields()).flatMap(field => withArguments(type.name, field))]
  })
  expect(bare.filter(({ description }) => !description).map(({ name }) => name)).toEqual([])
  expect(bare.length).toBeGreaterThan(150)
})

test('a field that costs an IAM call of its own is nullable, mutations included', () => {
  const costly = {
    Query: ['viewer', 'user', 'users', 'node', 'serviceSpecificCredentials', 'signingCertificates'],
    User: ['signingCertificates', 'serviceSpecificCredentials'],
    SigningCertificate: ['user'],
    ServiceSpecificCredential: ['user'],
    Mutation: ['uploadSigningCertificate', 'setSigningCertificateStatus'],
    SigningCertificateStatusChange: ['signingCertificate'],
    ServiceSpecificCredentialStatusChange: ['serviceSpecificCredential'],
  }
  for (const [name, fields] of Object.entries(costly)) {
    const type = schema.getType(name)
    if (!isObjectType(type)) throw new Error(`expected the object type ${name}`)
    for (const field of fields) expect(`${type.getFields()[field]?.type}`).not.toMatch(/!$/)
  }
})

function member(type: string, { name, description }: { name: string; description?: string | null | undefined }) {
  return { name: `${type}.${name}`, description }
}

function withArguments(type: string, field: GraphQLField<unknown, unknown>) {
  return [member(type, field), ...field.args.map(argument => member(`${type}.${field.name}`, argument))]
}
