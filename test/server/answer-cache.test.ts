import { UpdateSigningCertificateCommand } from '@aws-sdk/client-iam'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { anonymous, type Principal } from '../../src/principal.ts'
import { openAccount } from '../account.ts'
import { type Data, startTestGateway } from '../gateway.ts'
import { type Account, type Answering, type Asking, openAnswering, read } from './answering.ts'
import { aChange } from './change.ts'
import { openGraphQLSocket, subscribeBySse } from './transport.ts'

const dashboard = `query Dashboard($first: Int) {
  users(first: $first) {
    nodes { userName signingCertificates { nodes { id status } } serviceSpecificCredentials { id status } }
    pageInfo { hasNextPage endCursor }
  }
}`
const bytes = 1_000_000

/** Asked so often that it is given again, if it ever is: what it says, and whether it was. */
async function askedOften(server: Answering, asking: Asking): Promise<{ text: string; isGivenAgain: boolean }> {
  for (let turn = 0; turn < 3; turn += 1) await server.ask(asking)
  const before = server.loads
  const text = await server.ask(asking)
  return { text, isGivenAgain: server.loads === before }
}

describe('the answer to a query', () => {
  test('is given again, as it would be made again', async () => {
    await using account = await openAnswering()
    const { text, isGivenAgain } = await askedOften(account.serve(bytes), { query: dashboard })
    expect(isGivenAgain).toBe(true)
    expect(text).toBe(await account.serve(0).ask({ query: dashboard }))
    expect(read(text).extensions.cost.iamCalls).toEqual({
      estimated: 102,
      made: 0,
      shared: 0,
      cached: 15,
      throttled: 0,
    })
  })

  test('is kept once it was asked for twice', async () => {
    await using account = await openAnswering()
    const server = account.serve(bytes)
    const loads: number[] = []
    for (let turn = 0; turn < 4; turn += 1) {
      const before = server.loads
      await server.ask({ query: dashboard })
      loads.push(server.loads - before)
    }
    expect(loads).toEqual([14, 14, 0, 0])
  })

  test('tells of its walks again', async () => {
    await using account = await openAnswering()
    const query = '{ signingCertificates(first: 3, status: ACTIVE) { nodes { id } usersWalked } }'
    const { text, isGivenAgain } = await askedOften(account.serve(bytes), { query })
    expect(isGivenAgain).toBe(true)
    expect(text).toBe(await account.serve(0).ask({ query }))
    expect(read(text).extensions.cost.walks).toHaveLength(1)
  })

  test.each<[string, Asking]>([
    ['with other variables', { query: dashboard, variables: { first: 3 } }],
    ['in another document', { query: dashboard.replaceAll('status', 'state: status') }],
    ['by another caller', { query: dashboard, as: named('bob') }],
  ])('is not the answer %s', async (_name, other) => {
    await using account = await openAnswering()
    const server = account.serve(bytes)
    await askedOften(server, { query: dashboard })
    const before = server.loads
    const answer = read(await server.ask(other))
    expect(answer.data).toEqual(read(await account.serve(0).ask(other)).data)
    expect(server.loads).toBeGreaterThan(before)
  })

  test('of one operation is not that of another in its document', async () => {
    await using gateway = await startTestGateway('--cache-ttl=600', '--sandbox-users=3')
    const query = 'query One { users { nodes { userName } } } query Other { users { nodes { path } } }'
    const ask = async (operationName: string) => {
      const response = await fetch(gateway.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, operationName }),
      })
      return ((await response.json()) as Data).data.users.nodes[0]
    }
    for (let turn = 0; turn < 3; turn += 1) {
      expect(Object.keys(await ask('One'))).toEqual(['userName'])
      expect(Object.keys(await ask('Other'))).toEqual(['path'])
    }
  })

  test('is never that of another identity, though the caller is the same', async () => {
    await using account = await openAnswering()
    const server = account.serve(bytes)
    await askedOften(server, { query: dashboard, as: named('bob') })
    account.separate(named('bob'))
    account.sandbox.clearCalls()
    await server.ask({ query: dashboard, as: named('bob') })
    expect(account.sandbox.calls).toHaveLength(15)
  })

  test.each<[string, string]>([
    ['that has an error', '{ users { nodes { path } } none: users(first: 0) { nodes { path } } }'],
    ['that says what was told last', '{ latestChangeId users { nodes { userName } } }'],
    ['that asks IAM each time, for it is refused', '{ user(userName: "nobody") { path } users { nodes { path } } }'],
  ])('is made anew where it is one %s', async (_name, query) => {
    await using account = await openAnswering()
    const server = account.serve(bytes)
    const { text, isGivenAgain } = await askedOften(server, { query })
    expect(text).toBe(await account.serve(0).ask({ query }))
    expect(isGivenAgain).toBe(false)
  })

  test('is not kept where there is no room for it', async () => {
    await using account = await openAnswering()
    expect((await askedOften(account.serve(2_000), { query: dashboard })).isGivenAgain).toBe(false)
  })
})

describe('an answer that could be given again', () => {
  test('is not, once a page of it was let go of', async () => {
    await using account = await openAnswering()
    const server = account.serve(bytes)
    const { text } = await askedOften(server, { query: dashboard })
    const [user] = read(text).data.users.nodes
    account.iam.forget('SigningCertificate', user.userName)
    account.sandbox.clearCalls()
    expect(read(await server.ask({ query: dashboard })).extensions.cost.iamCalls.made).toBe(1)
  })

  test('is not kept where a page of it was let go of while it was made', async () => {
    await using account = await openAnswering()
    const server = account.serve(bytes)
    const { userName } = exampleOf(account)
    const query = `{ a: users { nodes { signingCertificates { nodes { status } } } } user(userName: "${userName}") { path } }`
    await server.ask({ query })
    account.onUser = () => account.iam.forget('SigningCertificate', userName)
    await server.ask({ query })
    account.onUser = () => {}
    account.sandbox.clearCalls()
    await server.ask({ query })
    expect(account.sandbox.calls.map(({ action }) => action)).toEqual(['ListSigningCertificates'])
  })

  test('is not while a change is shown that IAM need not show yet, and is afterwards', async () => {
    await using account = await openAnswering()
    const server = account.serve(bytes)
    const { userName, certificateId } = exampleOf(account)
    const asking = {
      query: `{ user(userName: "${userName}") { signingCertificates { nodes { certificateId status } } } }`,
    }
    const statusOf = (text: string) =>
      read(text).data.user.signingCertificates.nodes.find((one: Data) => one.certificateId === certificateId).status
    expect(statusOf((await askedOften(server, asking)).text)).toBe('ACTIVE')
    await account.tell(aChange({ userName, credentialId: certificateId, status: 'Inactive' }))
    const during = await askedOften(server, asking)
    expect([statusOf(during.text), during.isGivenAgain]).toEqual(['INACTIVE', false])
    account.pass(15_000)
    const after = await askedOften(server, asking)
    expect([statusOf(after.text), after.isGivenAgain]).toEqual(['ACTIVE', true])
  })

  test('is not on another day, where it counts the days', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date() })
    onTestFinished(() => void vi.useRealTimers())
    await using account = await openAnswering()
    const server = account.serve(bytes)
    const { userName } = exampleOf(account)
    const query = `{ user(userName: "${userName}") { signingCertificates { nodes { x509 { daysUntilExpiry } } } } }`
    const daysOf = (text: string) => read(text).data.user.signingCertificates.nodes[0].x509.daysUntilExpiry
    const first = await askedOften(server, { query })
    expect(first.isGivenAgain).toBe(true)
    vi.setSystemTime(Date.now() + 86_400_000)
    expect(daysOf(await server.ask({ query }))).toBe(daysOf(first.text) - 1)
    vi.setSystemTime(Date.now() - 2 * 86_400_000)
    expect(daysOf(await server.ask({ query }))).toBe(daysOf(first.text) + 1)
  })

  test('is not once its certificate has expired', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date() })
    onTestFinished(() => void vi.useRealTimers())
    await using account = await openAnswering()
    using owner = openAccount(account.sandbox)
    await owner.user('brief')
    await owner.certificate('brief', { notAfter: new Date(Date.now() + 3_600_000) })
    const server = account.serve(bytes)
    const query = '{ user(userName: "brief") { signingCertificates { nodes { x509 { isExpired } } } } }'
    const isExpired = (text: string) => read(text).data.user.signingCertificates.nodes[0].x509.isExpired
    const first = await askedOften(server, { query })
    expect([isExpired(first.text), first.isGivenAgain]).toEqual([false, true])
    vi.setSystemTime(Date.now() + 3_601_000)
    expect(isExpired(await server.ask({ query }))).toBe(true)
    expect((await askedOften(server, { query })).isGivenAgain).toBe(true)
  })

  test('lives no longer than its pages', async () => {
    await using account = await openAnswering({ cacheTtl: 200 })
    const server = account.serve(bytes)
    const { userName, certificateId } = exampleOf(account)
    const query = `{ user(userName: "${userName}") { signingCertificates { nodes { certificateId status } } } }`
    const first = await server.ask({ query })
    using elsewhere = openAccount(account.sandbox)
    await elsewhere.iam.send(
      new UpdateSigningCertificateCommand({ UserName: userName, CertificateId: certificateId, Status: 'Inactive' }),
    )
    const later = await vi.waitUntil(
      async () => {
        const text = await server.ask({ query })
        return read(text).extensions.cost.iamCalls.made === 2 && text
      },
      { timeout: 20_000, interval: 5 },
    )
    expect(read(first).data).not.toEqual(read(later).data)
    expect(later).toContain('INACTIVE')
  })
})

describe('the gateway', () => {
  const status = `query ($id: ID!) { node(id: $id) { ... on SigningCertificate { id status } } }`

  test('shows what it changed, however often it was asked before', async () => {
    await using gateway = await startTestGateway('--cache-ttl=600', '--consistency-window=0')
    const { userName, certificateId } = gateway.sandbox.example ?? expect.fail('no example')
    const { data } = await gateway.ask(
      `{ user(userName: "${userName}") { signingCertificates { nodes { id certificateId } } } }`,
    )
    const { id } = data.user.signingCertificates.nodes.find((one: Data) => one.certificateId === certificateId)
    const shown: string[] = []
    for (const to of ['INACTIVE', 'ACTIVE', 'INACTIVE']) {
      const set =
        'mutation ($input: SetSigningCertificateStatusInput!) { setSigningCertificateStatus(input: $input) { __typename } }'
      await gateway.ask(set, { input: { userName, certificateId, status: to } })
      for (let turn = 0; turn < 4; turn += 1) shown.push((await gateway.ask(status, { id })).data.node.status)
    }
    expect(shown).toEqual(['INACTIVE', 'ACTIVE', 'INACTIVE'].flatMap(one => [one, one, one, one]))
  })

  test('gives the same answer over every transport', async () => {
    await using gateway = await startTestGateway('--cache-ttl=600', '--sandbox-users=20')
    for (let turn = 0; turn < 3; turn += 1) await gateway.ask(dashboard)
    await using socket = await openGraphQLSocket(gateway.url)
    await using stream = await subscribeBySse(gateway.url, { query: dashboard })
    const answer = await gateway.ask(dashboard)
    expect(await socket.ask({ query: dashboard })).toEqual(answer)
    expect(await stream.nextResult()).toEqual(answer)
  })

  test('gives the data alone where it reports no cost', async () => {
    await using gateway = await startTestGateway('--cache-ttl=600', '--report-cost=false')
    const texts: string[] = []
    for (let turn = 0; turn < 4; turn += 1) texts.push(JSON.stringify(await gateway.ask(dashboard)))
    expect(new Set(texts).size).toBe(1)
    expect(texts[0]).toMatch(/^\{"data":\{/)
  })

  test('still answers in parts who takes parts', async () => {
    await using gateway = await startTestGateway('--cache-ttl=600', '--sandbox-users=3')
    const query = '{ users { nodes { userName ... @defer { path } } } }'
    for (let turn = 0; turn < 3; turn += 1) await gateway.ask(query)
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'multipart/mixed' },
      body: JSON.stringify({ query }),
    })
    expect(await response.text()).toContain('"hasNext":true')
  })
})

function exampleOf({ sandbox }: Account): { readonly userName: string; readonly certificateId: string } {
  return sandbox.example ?? expect.fail('the sandbox has no example')
}

function named(name: string): Principal {
  return { ...anonymous, name, key: name }
}
