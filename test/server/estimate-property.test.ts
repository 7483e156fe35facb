import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openAccount } from '../account.ts'
import { startTestGateway, type TestGateway } from '../gateway.ts'

const names = Array.from({ length: 14 }, (_, index) => `user${String(index).padStart(2, '0')}`)

let gateway: TestGateway
const ids: string[] = []
beforeAll(async () => {
  gateway = await startTestGateway(
    '--sandbox-users=0',
    '--cache-ttl=0',
    '--walk-calls=8',
    '--max-depth=50',
    '--max-aliases=1000',
    '--max-tokens=100000',
  )
  using account = openAccount(gateway.sandbox)
  for (const name of names) await account.user(name)
  // Pages are full: every user holds two certificates.
  for (const name of [...names, gateway.sandbox.credentials.userName]) {
    for (let count = 0; count < 2; count += 1) await account.certificate(name)
    await account.credential(name, 'codecommit.amazonaws.com')
  }
  const { data } = await gateway.ask(
    '{ users { nodes { id signingCertificates { nodes { id } } serviceSpecificCredentials { id } } } }',
  )
  for (const { id, signingCertificates, serviceSpecificCredentials } of data.users.nodes) {
    for (const thing of [{ id }, ...signingCertificates.nodes, ...serviceSpecificCredentials]) ids.push(thing.id)
  }
})
afterAll(() => gateway.gateway.close())

/** Fields of a type, each under a name of its own. */
interface Field {
  readonly field: string
  readonly below: readonly Field[]
}

const first = fc.constantFrom(1, 2, 5, 9, 10, 12, 15)
const some = (field: fc.Arbitrary<Field>) => fc.array(field, { minLength: 1, maxLength: 3 })
const leaf = (field: string): fc.Arbitrary<Field> => fc.constant({ field, below: [] })
const inside = (field: fc.Arbitrary<string>, below: fc.Arbitrary<readonly Field[]>): fc.Arbitrary<Field> =>
  fc.record({ field, below })
/** In `nodes` or in edges, which are the same things. */
const page = (field: fc.Arbitrary<string>, below: fc.Arbitrary<readonly Field[]>): fc.Arbitrary<Field> =>
  inside(
    field,
    fc.oneof(
      below.map(fields => [{ field: 'nodes', below: fields }]),
      below.map(fields => [{ field: 'edges', below: [{ field: 'node', below: fields }] }]),
    ),
  )

const { query } = fc.letrec<{ user: Field; credential: Field; query: Field }>(tie => {
  const users = some(tie('user'))
  const credentials = some(tie('credential'))
  return {
    user: fc.oneof(
      { depthSize: 'small' },
      leaf('path'),
      page(
        first.map(count => `signingCertificates(first: ${count})`),
        credentials,
      ),
      page(fc.constant('signingCertificates'), credentials),
      inside(
        fc.constantFrom('serviceSpecificCredentials', 'serviceSpecificCredentials(serviceName: "x")'),
        credentials,
      ),
    ),
    credential: fc.oneof({ depthSize: 'small' }, leaf('status'), inside(fc.constant('user'), users)),
    query: fc.oneof(
      inside(fc.constant('viewer'), users),
      inside(
        fc.constantFrom('user00', 'USER01', 'nobody').map(name => `user(userName: "${name}")`),
        users,
      ),
      page(
        first.map(count => `users(first: ${count})`),
        users,
      ),
      page(
        first.map(count => `serviceSpecificCredentials(first: ${count})`),
        credentials,
      ),
      page(
        fc
          .tuple(first, fc.constantFrom('', ', status: INACTIVE'))
          .map(([count, filter]) => `signingCertificates(first: ${count}${filter})`),
        credentials,
      ),
      inside(
        fc
          .array(fc.nat({ max: 15 * 4 - 1 }), { minLength: 1, maxLength: 30 })
          .map(some => `nodes(ids: [${some.map(index => JSON.stringify(ids[index])).join(' ')}])`),
        fc.tuple(users, credentials, credentials).map(([ofUser, ofCertificate, ofCredential]) => [
          { field: '... on User', below: ofUser },
          { field: '... on SigningCertificate', below: ofCertificate },
          { field: '... on ServiceSpecificCredential', below: ofCredential },
        ]),
      ),
    ),
  }
})

function print(fields: readonly Field[], counter = { next: 0 }): string {
  const texts = fields.map(({ field, below }) => {
    const alias = field.startsWith('...') ? '' : `a${counter.next++}: `
    return `${alias}${field}${below.length > 0 ? ` ${print(below, counter)}` : ''}`
  })
  return `{ ${texts.join(' ')} }`
}

async function costOf(document: string): Promise<{ readonly estimated: number; readonly made: number }> {
  gateway.sandbox.clearCalls()
  const answer = await gateway.ask(document)
  const { estimated, made } = (answer as unknown as Reported).extensions.cost.iamCalls
  expect(made).toBe(gateway.sandbox.calls.length)
  return { estimated, made }
}

test('no operation costs more calls than are estimated, where pages are full', async () => {
  await fc.assert(
    fc.asyncProperty(some(query), async fields => {
      const { estimated, made } = await costOf(print(fields))
      expect(made).toBeLessThanOrEqual(estimated)
    }),
    { numRuns: 100 },
  )
}, 120_000)

test('two equal walks that their budgets end are estimated as two', async () => {
  const walk = 'signingCertificates(first: 5, status: INACTIVE) { nodes { status } }'
  const { estimated, made } = await costOf(`{ one: ${walk} other: ${walk} }`)
  expect(estimated).toBe(16)
  expect(made).toBeGreaterThan(8)
  expect(made).toBeLessThanOrEqual(estimated)
})

const credentials = 'serviceSpecificCredentials { id }'
const certificates = 'signingCertificates { nodes { id } }'

test.each([
  `{ users(first: 15) { nodes { ${certificates} ${credentials} } } viewer { arn } }`,
  `{ users(first: 9) { nodes { ${credentials} } } }`,
  `{ users(first: 10) { nodes { ${credentials} } edges { node { again: ${credentials} } } } }`,
  `{ users(first: 12) { nodes { signingCertificates(first: 1) { nodes { user { arn ${certificates} } } } } } }`,
  `{ users(first: 12) { nodes { signingCertificates { nodes { user { ${credentials} } } } } } }`,
  `{ users(first: 12) { nodes { ${credentials} signingCertificates { nodes { user { ${credentials} } } } } } }`,
  `{ users(first: 3) { nodes @stream(initialCount: 0) { ... @defer { ${certificates} ${credentials} } } } }`,
  `{ user(userName: "USER03") { arn ${certificates} } same: user(userName: "user03") { ${credentials} } }`,
  '{ serviceSpecificCredentials(first: 15) { nodes { user { arn } } } }',
  '{ signingCertificates(first: 7) { nodes { user { arn } } } }',
])('where nothing is unknown before, it costs what is estimated: %s', async document => {
  const { estimated, made } = await costOf(document)
  expect(made).toBe(estimated)
})

test('what is asked for by its id costs what is estimated', async () => {
  for (const count of [1, 3, 9, 60]) {
    const list = ids.slice(0, count).map(id => JSON.stringify(id))
    const { estimated, made } = await costOf(`{ nodes(ids: [${list} ${list}]) { id } }`)
    expect(made).toBe(estimated)
  }
})

interface Reported {
  readonly extensions: { readonly cost: { readonly iamCalls: { readonly estimated: number; readonly made: number } } }
}
