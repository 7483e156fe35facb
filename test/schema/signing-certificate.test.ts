import { DeleteUserCommand } from '@aws-sdk/client-iam'
import { expect, test, vi } from 'vitest'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { openAccount } from '../account.ts'
import { startTestGateway } from '../gateway.ts'

test('a certificate is everything that IAM lists of it, the body byte for byte', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  const body = `${mintCertificate({ subject: { CN: 'x' } })
    .trim()
    .replaceAll('\n', '\r\n')}\r\n`
  const { data: uploaded } = await gateway.ask(upload, { body })
  const { data } = await gateway.ask(`{
    viewer { signingCertificates { nodes {
      __typename id certificateId userName status uploadDate certificateBody user { userName }
    } } }
  }`)
  expect(data.viewer.signingCertificates.nodes).toEqual([
    {
      __typename: 'SigningCertificate',
      id: expect.any(String),
      certificateId: uploaded.uploadSigningCertificate.signingCertificate.certificateId,
      userName: 'gateway',
      status: 'ACTIVE',
      uploadDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/),
      certificateBody: body,
      user: { userName: 'gateway' },
    },
  ])
})

test('certificates of a user are paged like any list', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  using account = openAccount(gateway.sandbox)
  const ids = [await account.certificate('gateway'), await account.certificate('gateway')]
  const page = `query ($after: String) { viewer { signingCertificates(first: 1, after: $after) {
    nodes { certificateId } pageInfo { hasNextPage hasPreviousPage endCursor }
  } } }`
  const { data: first } = await gateway.ask(page)
  const { data: second } = await gateway.ask(page, { after: first.viewer.signingCertificates.pageInfo.endCursor })
  const pages = [first.viewer.signingCertificates, second.viewer.signingCertificates]
  expect(
    pages.flatMap(({ nodes }) => nodes.map((node: { certificateId: string }) => node.certificateId)).sort(),
  ).toEqual(ids.sort())
  expect(pages.map(({ pageInfo }) => [pageInfo.hasPreviousPage, pageInfo.hasNextPage])).toEqual([
    [false, true],
    [true, false],
  ])
})

test("a cursor of one user's certificates is refused by another's, whose name it says, and taken in any case of its own", async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  using account = openAccount(gateway.sandbox)
  await account.user('Ann')
  await account.certificate('Ann')
  const { data } = await gateway.ask('{ user(userName: "Ann") { signingCertificates { pageInfo { endCursor } } } }')
  const after = data.user.signingCertificates.pageInfo.endCursor
  const swapped = await gateway.ask(
    `query ($after: String) {
      viewer { signingCertificates(after: $after) { nodes { id } } }
      user(userName: "ANN") { signingCertificates(after: $after) { nodes { id } } }
    }`,
    { after },
  )
  expect(swapped.data).toEqual({ viewer: { signingCertificates: null }, user: { signingCertificates: { nodes: [] } } })
  expect(swapped.errors).toMatchObject([
    {
      message:
        'after: expected a cursor of signingCertificates of the user gateway, got one of signingCertificates of the user ann.',
      path: ['viewer', 'signingCertificates'],
      extensions: { code: 'BAD_CURSOR' },
    },
  ])
})

test('one user deleted meanwhile and one refused leave the other rows, with two errors that say where and why', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  using account = openAccount(gateway.sandbox)
  for (const name of ['ann', 'ben', 'cid', 'dan']) await account.user(name)
  await account.certificate('dan')
  gateway.sandbox.fault({
    action: 'ListSigningCertificates',
    userName: 'cid',
    answer: { code: 'AccessDenied', status: 403 },
  })
  // ListUsers is performed at once and answered late; ben goes in between.
  gateway.sandbox.fault({ action: 'ListUsers', times: 1, answer: { delay: 500 } })
  const asked = gateway.ask('{ users { nodes { userName signingCertificates { nodes { userName } } } } }')
  await vi.waitFor(() => expect(gateway.sandbox.calls.some(({ action }) => action === 'ListUsers')).toBe(true))
  await account.iam.send(new DeleteUserCommand({ UserName: 'ben' }))
  const { data, errors } = await asked
  expect(data.users.nodes).toEqual([
    { userName: 'ann', signingCertificates: { nodes: [] } },
    { userName: 'ben', signingCertificates: null },
    { userName: 'cid', signingCertificates: null },
    { userName: 'dan', signingCertificates: { nodes: [{ userName: 'dan' }] } },
    { userName: 'gateway', signingCertificates: { nodes: [] } },
  ])
  expect(errors).toMatchObject([
    {
      message: 'The user with name ben cannot be found.',
      path: ['users', 'nodes', 1, 'signingCertificates'],
      extensions: { code: 'NoSuchEntity', requestId: expect.any(String) },
    },
    {
      message: expect.stringContaining('is not authorized to perform: iam:ListSigningCertificates'),
      path: ['users', 'nodes', 2, 'signingCertificates'],
      extensions: { code: 'AccessDenied', requestId: expect.any(String) },
    },
  ])
  expect(errors).toHaveLength(2)
})

test('the owner of a certificate whose user was deleted meanwhile is null', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0', '--cache-ttl=0')
  using account = openAccount(gateway.sandbox)
  await account.user('ann')
  await account.certificate('ann')
  const { data: before } = await gateway.ask('{ user(userName: "ann") { signingCertificates { nodes { id } } } }')
  gateway.sandbox.fault({ action: 'GetUser', userName: 'ann', answer: { code: 'NoSuchEntity', status: 404 } })
  const { data, errors } = await gateway.ask(
    'query ($id: ID!) { node(id: $id) { ... on SigningCertificate { userName user { userName } } } }',
    { id: before.user.signingCertificates.nodes[0].id },
  )
  expect(data.node).toEqual({ userName: 'ann', user: null })
  expect(errors).toBeUndefined()
})

const upload = `mutation ($body: String!) {
  uploadSigningCertificate(input: { certificateBody: $body }) {
    ... on UploadSigningCertificatePayload { signingCertificate { certificateId } }
  }
}`
