import { Buffer } from 'node:buffer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openAccount } from '../account.ts'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { expectMasked, expectUnharmed } from './unharmed.ts'

let gateway: TestGateway
let aliceCertificate: string
beforeAll(async () => {
  gateway = await startTestGateway('--sandbox-users=20', '--sandbox-max-page=2', '--cache-ttl=0')
  using account = openAccount(gateway.sandbox)
  for (const name of ['mallory', 'victim']) {
    await account.user(name)
    aliceCertificate = await account.certificate(name)
    await account.certificate(name)
  }
})
afterAll(() => gateway.gateway.close())

const page = `query ($user: String!, $after: String) { user(userName: $user) {
  signingCertificates(first: 1, after: $after) { nodes { userName certificateId } pageInfo { endCursor } } } }`
const users = 'query ($after: String) { users(first: 1, after: $after) { nodes { id } pageInfo { endCursor } } }'
const node = 'query ($id: ID!) { node(id: $id) { id } }'

async function codesOf(query: string, variables: object): Promise<unknown[]> {
  const { errors = [] } = await gateway.ask(query, variables)
  expectMasked(errors)
  return errors.map(({ extensions }) => extensions.code)
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const idOf = (text: string) => Buffer.from(text).toString('base64url')

test('a cursor of one user’s list on another’s, or on a list of another kind', async () => {
  const cursor = (await gateway.ask(page, { user: 'victim' })).data.user.signingCertificates.pageInfo.endCursor
  expect(await codesOf(page, { user: 'mallory', after: cursor })).toEqual(['BAD_CURSOR'])
  expect(await gateway.callsOf(() => codesOf(users, { after: cursor }))).toEqual([])
  expect(await codesOf(users, { after: cursor })).toEqual(['BAD_CURSOR'])
  const ofUsers = (await gateway.ask(users)).data.users.pageInfo.endCursor
  expect(await codesOf(page, { user: 'mallory', after: ofUsers })).toEqual(['BAD_CURSOR'])
  const under = users.replace('first: 1', 'first: 1, pathPrefix: "/a/"')
  expect(await codesOf(under, { after: ofUsers })).toEqual(['BAD_CURSOR'])
})

test('a forged cursor', async () => {
  const [version, list, marker, skip, key] = [1, 'users', null, 1, 'alice']
  for (const forged of [
    [2, list, marker, skip, key],
    ['1', list, marker, skip, key],
    [version, list, marker, -1, key],
    [version, list, marker, 1001, key],
    [version, list, marker, 1e308, key],
    [version, list, marker, 0.5, key],
    [version, list, marker, '1', key],
    [version, list, 'x'.repeat(321), skip, key],
    [version, list, '', skip, key],
    [version, list, '\u0000', skip, key],
    [version, list, { toString: 'x' }, skip, key],
    [version, list, marker, skip, { length: 1 }],
    [version, '__proto__', marker, skip, key],
    [version, 'constructor', marker, skip, key],
    [version, list, marker, skip],
    [version, list, marker, skip, key, key],
    { version, list, marker, skip, key, length: 5 },
    null,
    1,
    [],
  ]) {
    expect(await gateway.callsOf(() => codesOf(users, { after: encode(forged) }))).toEqual([])
    expect(await codesOf(users, { after: encode(forged) })).toEqual(['BAD_CURSOR'])
  }
  for (const text of ['', ' ', 'x', '====', '\0', '\ud800', '[1,"users",null,1,"alice"]', '🔑']) {
    expect(await codesOf(users, { after: text })).toEqual(['BAD_CURSOR'])
  }
})

test('a forged Marker in a cursor', async () => {
  for (const marker of ['forged', '../..', '<x/>', '&Action=DeleteUser', 'ÿ'.repeat(320)]) {
    const after = encode([1, 'users', marker, 0, 'alice'])
    gateway.sandbox.clearCalls()
    expect(await codesOf(users, { after })).toEqual(['ValidationError'])
    // IAM gets it to the letter, and judges it.
    expect(gateway.sandbox.calls.map(({ action, parameters }) => [action, parameters['Marker']])).toEqual([
      ['ListUsers', marker],
    ])
  }
})

test('one user’s certificate under another’s name', async () => {
  expect(
    (await gateway.ask(node, { id: idOf(`SigningCertificate:victim/${aliceCertificate}`) })).data.node,
  ).not.toBeNull()
  for (const owner of ['mallory', 'alice', 'nobody']) {
    const id = idOf(`SigningCertificate:${owner}/${aliceCertificate}`)
    expect(await gateway.ask(node, { id })).toMatchObject({ data: { node: null } })
    const set = `mutation ($input: SetSigningCertificateStatusInput!) {
      setSigningCertificateStatus(input: $input) { __typename } }`
    const input = { userName: owner, certificateId: aliceCertificate, status: 'INACTIVE' }
    expect((await gateway.ask(set, { input })).data.setSigningCertificateStatus).toEqual({
      __typename: 'NoSuchEntityError',
    })
  }
})

test('a forged id, of a type that is no node, or of nothing', async () => {
  const forged = [
    'Query:x',
    'Mutation:x',
    'String:x',
    'Node:x',
    'IamError:x',
    '__Schema:x',
    '__proto__:x',
    'constructor:x',
    'toString:x',
    'User',
    'User:',
    ':alice',
    'user:alice',
    'SigningCertificate:victim',
    'SigningCertificate:/x',
    'SigningCertificate:victim/../x',
    'SigningCertificate:a/b/c',
    'ServiceSpecificCredential:victim/-',
  ].map(idOf)
  const broken = ['', ' ', 'x', '1', '\0', '\ud800', `${idOf('User:alice')}=`, ` ${idOf('User:alice')}`, '__proto__']
  // Two ids of one thing would be two things in a client's cache.
  const another = Buffer.from('User:aliceÿ').toString('base64')
  for (const id of [...forged, ...broken, another]) {
    expect(await gateway.callsOf(() => codesOf(node, { id }))).toEqual([])
    expect(await codesOf(node, { id }), id).toEqual(['BAD_ID'])
  }
  const { data, errors = [] } = await gateway.ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
    ids: [idOf('User:alice'), ...forged],
  })
  expect(data.nodes).toEqual([{ id: idOf('User:alice') }, ...forged.map(() => null)])
  expect(errors).toHaveLength(forged.length)
})

test('a cursor or an id of a megabyte', async () => {
  expect(await codesOf(users, { after: 'A'.repeat(1_000_000) })).toEqual(['REQUEST_ENTITY_TOO_LARGE'])
  expect(await codesOf(node, { id: 'A'.repeat(1_000_000) })).toEqual(['REQUEST_ENTITY_TOO_LARGE'])
  await using large = await startTestGateway('--sandbox-users=2', '--max-body=4000000')
  const calls = await large.callsOf(async () => {
    for (const after of ['A'.repeat(1_000_000), encode([1, 'users', null, 1, 'a'.repeat(1_000_000)])]) {
      const { errors = [] } = await large.ask(users, { after })
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_CURSOR' } }])
      expect(JSON.stringify(errors).length).toBeLessThan(1_000)
    }
    const { errors = [] } = await large.ask(node, { id: 'A'.repeat(1_000_000) })
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_ID' } }])
  })
  expect(calls).toEqual([])
  await expectUnharmed(large)
})
