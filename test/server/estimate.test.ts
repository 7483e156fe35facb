import { parse, validate } from 'graphql'
import { describe, expect, test } from 'vitest'
import { encodeCursor } from '../../src/schema/cursor.ts'
import { credentialId, encodeGlobalId } from '../../src/schema/global-id.ts'
import { schema } from '../../src/schema/index.ts'
import { estimate } from '../../src/server/estimate.ts'
import { blockOf, blocks } from '../readme.ts'

function estimateOf(query: string, variableValues: Record<string, unknown> = {}, operationName?: string) {
  const document = parse(query)
  expect(validate(schema, document)).toEqual([])
  return estimate({ schema, document, variableValues, operationName, contextValue: { walkCalls: 200 } })
}

const callsOf = (...args: Parameters<typeof estimateOf>) => estimateOf(...args).calls
const certificateOf = (userName: string, id = 'ABC') =>
  encodeGlobalId('SigningCertificate', credentialId({ userName }, id))
const credentialOf = (userName: string, id = 'ACCA') =>
  encodeGlobalId('ServiceSpecificCredential', credentialId({ userName }, id))
const userOf = (userName: string) => encodeGlobalId('User', userName)
const certificates = 'signingCertificates { nodes { id } }'
const credentials = 'serviceSpecificCredentials { id }'

describe("the README's examples", () => {
  test.each([
    ['dashboard', 102],
    ['expiring', 200],
    ['upload', 2],
    ['set-status', 2],
  ])('%s costs %i', (name, calls) => {
    const variables = blocks.find(({ marker }) => marker === `variables=${name}.graphql`)?.text ?? '{}'
    expect(callsOf(blockOf(`file=${name}.graphql`).text, JSON.parse(variables))).toBe(calls)
  })
})

test('a batch may lack what another field has asked for, and so be no sweep: that is counted', () => {
  expect(callsOf(`{ users(first: 10) { nodes { ${credentials} } } }`)).toBe(2)
  // The viewer may be one of the ten: nine are asked one by one.
  expect(callsOf(`{ viewer { ${credentials} } users(first: 10) { nodes { ${credentials} } } }`)).toBe(1 + 1 + 1 + 9)
  expect(callsOf(`{ viewer { ${credentials} } users(first: 100) { nodes { ${credentials} } } }`)).toBe(1 + 1 + 1 + 1)
})

describe('a document costs what its fields cost', () => {
  test.each([
    ['what is not asked of IAM', '{ latestChangeId __typename __schema { types { name } } }', 0],
    ['the implicit user', '{ viewer { userName } }', 1],
    ['a user', '{ user(userName: "a") { userName path } }', 1],
    ['a page of users', '{ users(first: 1000) { nodes { userName } pageInfo { endCursor } } }', 1],
    ['two kinds of pages', '{ users { nodes { id } } b: users(pathPrefix: "/b/") { nodes { id } } }', 2],
    ['the credentials of the account', '{ serviceSpecificCredentials(first: 7) { nodes { id serviceName } } }', 1],
    ['a user with everything', `{ user(userName: "a") { ${certificates} ${credentials} } }`, 3],
    ['certificates of a page', `{ users(first: 50) { nodes { ${certificates} } } }`, 51],
    ['certificates of a page by default', `{ users { nodes { ${certificates} } } }`, 101],
    ['credentials of nine', `{ users(first: 9) { nodes { ${credentials} } } }`, 10],
    ['credentials of ten', `{ users(first: 10) { nodes { ${credentials} } } }`, 2],
    ['credentials of a thousand', `{ users(first: 1000) { nodes { ${credentials} } } }`, 2],
    ['owners who were read', '{ users(first: 5) { nodes { signingCertificates { nodes { user { path } } } } } }', 6],
    [
      'owners who were read, and what is theirs again',
      `{ users(first: 5) { nodes { signingCertificates { nodes { id user { ${certificates} } } } } } }`,
      6,
    ],
    ['owners who were not read', '{ serviceSpecificCredentials(first: 7) { nodes { user { path } } } }', 8],
    [
      'credentials of users who come one by one',
      `{ users(first: 20) { nodes { signingCertificates { nodes { user { ${credentials} } } } } } }`,
      41,
    ],
    [
      'the same, where all of them were asked for before',
      `{ users(first: 20) { nodes { ${credentials} signingCertificates { nodes { user { ${credentials} } } } } } }`,
      22,
    ],
  ])('%s', (_what, query, calls) => {
    expect(callsOf(query)).toBe(calls)
  })

  test('and grows with first', () => {
    const query = `query ($first: Int) { users(first: $first) { nodes { ${certificates} } } }`
    expect([1, 2, 99, 100, 101, 1000].map(first => callsOf(query, { first }))).toEqual([2, 3, 100, 101, 102, 1001])
    const walk = 'query ($first: Int) { signingCertificates(first: $first) { nodes { id } } }'
    expect([1, 2, 3, 4, 100, 300, 1000].map(first => callsOf(walk, { first }))).toEqual([2, 2, 3, 3, 51, 151, 200])
  })

  test('the same asked twice is asked once, whatever its alias or its way through edges', () => {
    const query = `{
      a: users(first: 20) { nodes { ${certificates} ${credentials} } }
      b: users(first: 20) { edges { node { c: ${certificates} d: signingCertificates(first: 100) { edges { cursor } } ${credentials} } } }
      u: user(userName: "Alice") { ${certificates} } v: user(userName: "alice") { ${certificates} }
    }`
    expect(callsOf(query)).toBe(1 + 20 + 1 + 2)
  })

  test('another page of the same is another call', () => {
    const query = `{ users(first: 5) { nodes { a: signingCertificates(first: 1) { nodes { id } } ${certificates} } } }`
    expect(callsOf(query)).toBe(11)
  })
})

describe('fragments, variables and directives', () => {
  const query = `query Dashboard($first: Int, $with: Boolean = true, $without: Boolean = false) {
    ...Users
    ... on Query @include(if: $with) { viewer { ...Credentials } }
    user(userName: "a") @skip(if: $without) { id }
  }
  fragment Users on Query { users(first: $first) { ...Page } }
  fragment Page on UserConnection { nodes { ...Credentials ... @include(if: $with) { ${certificates} } } }
  fragment Credentials on Node { id ... on User { ${credentials} } ... on SigningCertificate { user { id } } }
  query Other { latestChangeId }`

  test.each([
    [{ first: 20 }, 1 + 20 + 1 + 2 + 1],
    [{ first: 20, without: true }, 1 + 20 + 1 + 2],
    [{ first: 20, with: false }, 1 + 1 + 1],
  ])('count as they are: %j', (variables, calls) => {
    expect(callsOf(query, variables, 'Dashboard')).toBe(calls)
  })

  test('of another operation do not', () => {
    expect(callsOf(query, {}, 'Other')).toBe(0)
  })

  test('that execution refuses cost nothing', () => {
    expect(callsOf(query, { first: 'many' }, 'Dashboard')).toBe(0)
    expect(callsOf('query A { viewer { id } } query B { viewer { id } }')).toBe(0)
    expect(callsOf(`{ users(first: 0) { nodes { ${certificates} } } }`)).toBe(0)
    expect(callsOf(`{ users(after: "no cursor") { nodes { ${certificates} } } }`)).toBe(0)
    expect(callsOf('{ signingCertificates(first: 1001) { nodes { id } } }')).toBe(0)
  })
})

describe('ids', () => {
  const query = `query ($ids: [ID!]!) { nodes(ids: $ids) {
    id
    ... on User { ${certificates} }
    ... on SigningCertificate { user { path } }
  } }`

  test.each([
    ['of users, one twice', [userOf('a'), userOf('b'), userOf('A')], 2 + 2],
    ['of certificates of one user', [certificateOf('a', 'AAA'), certificateOf('a', 'BBB')], 1 + 1],
    ['of a user and a certificate of that user', [userOf('a'), certificateOf('a')], 2],
    ['of nine credentials', Array.from({ length: 9 }, (_, index) => credentialOf(`u${index}`)), 9],
    ['of ten credentials, which are one sweep', Array.from({ length: 10 }, (_, index) => credentialOf(`u${index}`)), 1],
    ['of ten credentials of one user', Array.from({ length: 10 }, (_, index) => credentialOf('u', `A${index}`)), 1],
    ['that are none', ['x', '', encodeGlobalId('Nothing', 'a'), encodeGlobalId('SigningCertificate', 'a')], 0],
  ])('%s', (_what, ids, calls) => {
    expect(callsOf(query, { ids })).toBe(calls)
  })

  test('each by itself', () => {
    const [user, certificate] = [userOf('a'), certificateOf('b')].map(id => JSON.stringify(id))
    expect(callsOf(`{ a: node(id: ${user}) { id } b: node(id: ${certificate}) { id } c: node(id: "x") { id } }`)).toBe(
      2,
    )
  })
})

describe('a cursor', () => {
  const inside = (list: string, skip: number) => encodeCursor(list, { marker: undefined, skip, key: 'a' })

  test('behind which a page does not fit costs the rest of it', () => {
    const query = 'query ($after: String, $first: Int) { users(first: $first, after: $after) { nodes { id } } }'
    expect(callsOf(query, { first: 990, after: inside('users', 10) })).toBe(1)
    expect(callsOf(query, { first: 991, after: inside('users', 10) })).toBe(2)
    expect(callsOf(query, { first: 991, after: inside('others', 10) })).toBe(0)
  })

  test("of one user's list is of no other user's", () => {
    const query = `query ($after: String) { users(first: 50) { nodes { signingCertificates(after: $after) { nodes { id } } } } }`
    expect(callsOf(query, { after: inside('signingCertificates of the user alice', 1) })).toBe(2)
    expect(callsOf(query, { after: inside('users', 1) })).toBe(1)
  })

  test("of the account's walk inside a user lists that user again", () => {
    const query = 'query ($after: String) { signingCertificates(first: 2, after: $after) { nodes { id } } }'
    const cursor = (key: string) =>
      encodeCursor('signingCertificates of the account', { marker: undefined, skip: 1, key })
    expect(callsOf(query, { after: cursor('alice') })).toBe(2)
    expect(callsOf(query, { after: cursor('alice/ABC') })).toBe(3)
  })
})

describe('mutations and subscriptions', () => {
  const upload = (alias: string, fields: string) =>
    `${alias}: uploadSigningCertificate(input: { certificateBody: "x" }) {
      ... on UploadSigningCertificatePayload { signingCertificate { ${fields} } }
    }`

  test('each mutation begins anew', () => {
    expect(callsOf(`mutation { ${upload('a', 'id')} ${upload('b', 'id')} }`)).toBe(4)
    expect(callsOf(`mutation { ${upload('a', 'user { path }')} ${upload('b', 'user { path }')} }`)).toBe(6)
    expect(callsOf(`mutation { ${upload('a', `a: user { path } b: user { ${certificates} }`)} }`)).toBe(4)
  })

  test('each event costs what it reads', () => {
    const event = (fields: string) => `subscription { signingCertificateStatusChanged { id ${fields} } }`
    expect(callsOf(event('status'))).toBe(0)
    expect(callsOf(event('signingCertificate { id }'))).toBe(1)
    expect(callsOf(event(`signingCertificate { user { ${certificates} } } again: signingCertificate { id }`))).toBe(2)
    expect(
      callsOf(
        'subscription { serviceSpecificCredentialStatusChanged { serviceSpecificCredential { user { path } } } }',
      ),
    ).toBe(2)
  })
})

describe('the dearest field', () => {
  test('is told by its path in the response', () => {
    const query = `{ viewer { ${certificates} } team: users { nodes { ${credentials} mine: ${certificates} } } }`
    expect(estimateOf(query)).toEqual({ calls: 104, dearest: { path: 'team.nodes.mine', calls: 100 } })
    expect(estimateOf('{ latestChangeId }')).toEqual({ calls: 0, dearest: undefined })
  })
})

test('what multiplies in the document is walked as often as it is resolved, not more', () => {
  const fragments = Array.from(
    { length: 40 },
    (_, index) => `fragment F${index} on Query { ...F${index + 1} ... { ...F${index + 1} } }`,
  )
  expect(callsOf(`{ ...F0 } ${fragments.join('\n')} fragment F40 on Query { viewer { id } }`)).toBe(1)
})
