import { expect, test } from 'vitest'
import { openAccount } from '../account.ts'
import { startTestGateway, type TestGateway } from '../gateway.ts'

test('nodes with one malformed id, one unknown and one good: three entries, one there, one error', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  const { data: good } = await gateway.ask('{ viewer { id } }')
  const unknown = idOf('User', 'nobody')
  const { data, errors } = await gateway.ask(nodes, { ids: ['malformed', unknown, good.viewer.id] })
  expect(data.nodes).toEqual([null, null, { __typename: 'User', id: good.viewer.id }])
  expect(errors).toMatchObject([{ path: ['nodes', 0], extensions: { code: 'BAD_ID' } }])
})

test('every node is found again by its id', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  const ids = await oneOfEach(gateway)
  const { data, errors } = await gateway.ask(nodes, { ids })
  expect(errors).toBeUndefined()
  expect(data.nodes).toEqual([
    { __typename: 'User', id: ids[0] },
    { __typename: 'SigningCertificate', id: ids[1] },
    { __typename: 'ServiceSpecificCredential', id: ids[2] },
  ])
  for (const id of ids) {
    expect((await gateway.ask('query ($id: ID!) { node(id: $id) { id } }', { id })).data.node).toEqual({ id })
  }
})

test('what is gone is null: the credential, or the whole user', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0', '--report-cost=false')
  const ids = [
    idOf('SigningCertificate', `gateway/${'A'.repeat(32)}`),
    idOf('SigningCertificate', `nobody/${'A'.repeat(32)}`),
    idOf('ServiceSpecificCredential', 'gateway/ACCAAAAAAAAAAAAAAAAAA'),
    idOf('ServiceSpecificCredential', 'nobody/ACCAAAAAAAAAAAAAAAAAA'),
    idOf('User', 'nobody'),
  ]
  expect(await gateway.ask(nodes, { ids })).toEqual({ data: { nodes: [null, null, null, null, null] } })
})

test.each([
  ['nothing', ''],
  ['no id at all', 'hello world'],
  ['an id of no type', idOf('Nothing', 'x')],
  ['an id of a type that is no node', idOf('X509Certificate', 'x')],
  ['an id of a type of GraphQL', idOf('__Schema', 'x')],
  ['a certificate of no user', idOf('SigningCertificate', 'x')],
  ['a certificate with too many parts', idOf('SigningCertificate', 'a/b/c')],
  ['a good id with padding', `${idOf('User', 'gateway')}=`],
  ['a good id, cut', idOf('User', 'gateway').slice(0, 6)],
  ['a megabyte', 'x'.repeat(100_000)],
])('%s is BAD_ID, and costs no call', async (_name, id) => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  const calls = await gateway.callsOf(async () => {
    const { data, errors } = await gateway.ask('query ($id: ID!) { node(id: $id) { id } }', { id })
    expect(data).toEqual({ node: null })
    expect(errors).toMatchObject([{ path: ['node'], extensions: { code: 'BAD_ID' } }])
    expect(JSON.stringify(errors).length).toBeLessThan(500)
  })
  expect(calls).toEqual([])
})

test('ids of one user asked for together cost one call a list', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  using account = openAccount(gateway.sandbox)
  const ids = [await account.certificate('gateway'), await account.certificate('gateway')].map(id =>
    idOf('SigningCertificate', `gateway/${id}`),
  )
  expect(await gateway.callsOf(() => gateway.ask(nodes, { ids: [...ids, ...ids] }))).toEqual([
    'ListSigningCertificates gateway',
  ])
})

test('a refused entry fails alone', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  using account = openAccount(gateway.sandbox)
  await account.user('ann')
  gateway.sandbox.fault({ action: 'GetUser', userName: 'ann', answer: { code: 'AccessDenied', status: 403 } })
  const { data, errors } = await gateway.ask(nodes, { ids: [idOf('User', 'ann'), idOf('User', 'gateway')] })
  expect(data.nodes).toEqual([null, { __typename: 'User', id: idOf('User', 'gateway') }])
  expect(errors).toMatchObject([{ path: ['nodes', 0], extensions: { code: 'AccessDenied' } }])
})

const nodes = 'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }'

function idOf(type: string, id: string): string {
  return Buffer.from(`${type}:${id}`).toString('base64url')
}

async function oneOfEach(gateway: TestGateway): Promise<string[]> {
  using account = openAccount(gateway.sandbox)
  await account.certificate('gateway')
  await account.credential('gateway', 'codecommit.amazonaws.com')
  const { data } = await gateway.ask(
    '{ viewer { id signingCertificates { nodes { id } } serviceSpecificCredentials { id } } }',
  )
  return [data.viewer.id, data.viewer.signingCertificates.nodes[0].id, data.viewer.serviceSpecificCredentials[0].id]
}
