import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { startSandbox } from '../../src/sandbox/server.ts'
import { openAccount } from '../account.ts'
import { type Answer, post } from '../gateway.ts'
import { expectAnswer, fuzz, mutated, startFuzzedGateway, timeout } from './fuzz.ts'

const query = `query ($id: ID!, $after: String, $user: String!) {
  node(id: $id) { __typename id ... on SigningCertificate { userName } ... on ServiceSpecificCredential { userName } }
  users(first: 2, after: $after) { nodes { id } pageInfo { endCursor } }
  user(userName: $user) { signingCertificates(first: 1, after: $after) { nodes { userName } pageInfo { endCursor } } }
  serviceSpecificCredentials(first: 1, after: $after) { pageInfo { endCursor } }
  signingCertificates(first: 1, after: $after) { pageInfo { endCursor } }
}`

test('cursors and ids: made up, changed, cut, and swapped between lists', { timeout }, async () => {
  await using sandbox = await startSandbox({ users: 4, maxPage: 2 })
  using account = openAccount(sandbox)
  await account.user('alice-2')
  await account.certificate('alice-2')
  await using gateway = await startFuzzedGateway(
    { url: sandbox.url, ...sandbox.credentials },
    async ({ ask }) => {
      expect((await ask('{ viewer { userName } }')).data).toEqual({ viewer: { userName: 'gateway' } })
    },
    '--walk-calls=5',
  )
  const genuine = await givenOut(gateway.url)
  expect(genuine.length).toBeGreaterThan(10)

  const bytes = (of: fc.Arbitrary<string>) => of.map(one => Buffer.from(one).toString('base64url'))
  const opened = fc.constantFrom(...genuine.map(one => Buffer.from(one, 'base64url').toString()))
  const opaque = fc.oneof(
    fc.constantFrom(...genuine),
    fc.constantFrom(...genuine).chain(mutated),
    bytes(opened.chain(mutated)),
    bytes(
      fc
        .tuple(fc.constant(1), fc.constantFrom('users', 'x'), fc.string({ unit: 'binary' }), fc.integer(), fc.string())
        .map(parts => JSON.stringify(parts)),
    ),
    bytes(fc.json()),
    bytes(
      fc
        .tuple(
          fc.constantFrom('User', 'SigningCertificate', 'ServiceSpecificCredential', 'Query'),
          fc.string({ unit: 'binary' }),
        )
        .map(parts => parts.join(':')),
    ),
    fc.string({ unit: 'binary' }),
  )
  const one = fc.record({ id: opaque, after: opaque, user: fc.constantFrom('alice', 'ALICE-2', 'bob', 'nobody') })
  await fuzz('cursors and ids', one, gateway, async variables => {
    const answer = await post(gateway.url, { query, variables }, { connection: 'close' })
    expectAnswer(JSON.stringify(answer))
    expectOwn(answer, variables)
  })
  await sandbox.close()
  await gateway.expectNothingLeft()
})

/** What an id names is its own, and of a user's list nothing is another user's. */
function expectOwn({ data }: Answer, { id, user }: { readonly id: string; readonly user: string }): void {
  const plain = (opaque: string) => Buffer.from(opaque, 'base64url').toString().toLowerCase()
  if (data?.node) expect(plain(data.node.id)).toBe(plain(id))
  for (const { userName } of data?.user?.signingCertificates?.nodes ?? []) expect(userName).toBe(user.toLowerCase())
}

/** Cursors and ids as clients get them. */
async function givenOut(url: string): Promise<string[]> {
  const { data } = await post(url, {
    query: `{
      users { edges { cursor node { id
        signingCertificates(first: 1) { edges { cursor node { id } } } serviceSpecificCredentials { id } } } }
      serviceSpecificCredentials { edges { cursor } }
      signingCertificates { edges { cursor } }
    }`,
  })
  const found: string[] = []
  JSON.stringify(data, (key, value: unknown) => {
    if ((key === 'id' || key === 'cursor') && typeof value === 'string') found.push(value)
    return value
  })
  return found
}
