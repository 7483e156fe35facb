import { describe, expect, test } from 'vitest'
import { openAccount } from '../account.ts'
import { startTestGateway, type TestGateway } from '../gateway.ts'

describe("the account's signing certificates", () => {
  test.each([1, 2, 3, 7, 1000])('are all found, each once and in order, %i at a time', async first => {
    await using gateway = await startTestGateway('--sandbox-users=60', '--sandbox-max-page=25')
    const expected = await byUser(gateway)
    expect(expected.length).toBeGreaterThan(30)
    const pages = await walk(gateway, { first })
    expect(pages.flatMap(idsOf)).toEqual(expected)
    for (const page of pages) expect(page.nodes.length).toBeLessThanOrEqual(first)
    expect(pages.reduce((sum, { usersWalked }) => sum + usersWalked, 0)).toBe(61)
  })

  test('are found again behind every edge of a page', async () => {
    await using gateway = await startTestGateway('--sandbox-users=30')
    const expected = await byUser(gateway)
    const { data } = await gateway.ask(walkQuery, { first: 20 })
    for (const [index, { cursor }] of data.signingCertificates.edges.entries()) {
      const next = await gateway.ask(walkQuery, { first: 3, after: cursor })
      expect(idsOf(next.data.signingCertificates)).toEqual(expected.slice(index + 1, index + 4))
    }
  })

  test('are filtered by status and by their own end', async () => {
    await using gateway = await startTestGateway('--sandbox-users=300')
    const soon = new Date(Date.now() + 30 * 86_400_000).toISOString()
    const all = (await walk(gateway, { first: 1000 })).flatMap(({ nodes }) => nodes)
    const active = (await walk(gateway, { first: 1000, status: 'ACTIVE' })).flatMap(({ nodes }) => nodes)
    const ending = (await walk(gateway, { first: 1000, expiresBefore: soon })).flatMap(({ nodes }) => nodes)
    const both = (await walk(gateway, { first: 5, status: 'ACTIVE', expiresBefore: soon })).flatMap(
      ({ nodes }) => nodes,
    )
    const isActive = (node: Node) => node.status === 'ACTIVE'
    const isEnding = (node: Node) => node.x509.notAfter < soon
    expect(active).toEqual(all.filter(isActive))
    expect(ending).toEqual(all.filter(isEnding))
    expect(both).toEqual(all.filter(node => isActive(node) && isEnding(node)))
    expect(both.length).toBeGreaterThan(0)
    expect(both.length).toBeLessThan(Math.min(active.length, ending.length))
  })

  test('cost at most 200 calls a page, which may then hold none and still go on', async () => {
    await using gateway = await startTestGateway('--sandbox-users=450')
    const args = { first: 1000, expiresBefore: '1990-01-01T00:00:00Z' }
    const perPage: number[] = []
    let after: string | null = null
    let usersWalked = 0
    do {
      gateway.sandbox.clearCalls()
      const { data } = await gateway.ask(walkQuery, { ...args, after })
      perPage.push(gateway.sandbox.calls.length)
      expect(data.signingCertificates.nodes).toEqual([])
      usersWalked += data.signingCertificates.usersWalked
      after = data.signingCertificates.pageInfo.hasNextPage ? data.signingCertificates.pageInfo.endCursor : null
    } while (after !== null)
    expect(perPage).toEqual([200, 200, 54])
    expect(usersWalked).toBe(451)
  })

  test('waste no call: a page asks no more users than its certificates can fill', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0')
    using account = openAccount(gateway.sandbox)
    for (const name of ['ann', 'ben', 'cid', 'dan']) {
      await account.user(name)
      await account.certificate(name)
      await account.certificate(name)
    }
    expect(await gateway.callsOf(() => gateway.ask(walkQuery, { first: 4 }))).toEqual([
      'ListUsers',
      'ListSigningCertificates ann',
      'ListSigningCertificates ben',
    ])
  })

  test('skip vanished users and name refused ones, by which the answer is incomplete', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0')
    using account = openAccount(gateway.sandbox)
    for (const name of ['ann', 'ben', 'cid']) await account.user(name)
    const kept = await account.certificate('cid')
    const answer = { code: 'NoSuchEntity', status: 404 }
    gateway.sandbox.fault({ action: 'ListSigningCertificates', userName: 'ann', answer })
    const denied = { code: 'AccessDenied', status: 403 }
    gateway.sandbox.fault({ action: 'ListSigningCertificates', userName: 'ben', answer: denied })
    const { data, errors } = await gateway.ask(walkQuery, { first: 10 })
    expect(errors).toBeUndefined()
    expect(data.signingCertificates).toMatchObject({
      nodes: [{ certificateId: kept }],
      usersWalked: 4,
      refused: [{ userName: 'ben', code: 'AccessDenied', message: expect.stringContaining('is not authorized') }],
      pageInfo: { hasNextPage: false },
    })
  })

  test('end a page before the user that IAM does not answer for, and go on there', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0')
    using account = openAccount(gateway.sandbox)
    const ids: string[] = []
    for (const name of ['ann', 'ben', 'cid']) {
      await account.user(name)
      ids.push(await account.certificate(name))
    }
    const answer = { code: 'ServiceFailure', status: 500 }
    const heal = gateway.sandbox.fault({ action: 'ListSigningCertificates', userName: 'cid', answer })
    const { data: page } = await gateway.ask(walkQuery, { first: 10 })
    expect(idsOf(page.signingCertificates)).toEqual(ids.slice(0, 2))
    expect(page.signingCertificates).toMatchObject({ usersWalked: 2, refused: [], pageInfo: { hasNextPage: true } })

    const after = page.signingCertificates.pageInfo.endCursor
    const stuck = await gateway.ask(walkQuery, { first: 10, after })
    expect(stuck.data.signingCertificates).toBeNull()
    expect(stuck.errors).toMatchObject([{ path: ['signingCertificates'], extensions: { code: 'ServiceFailure' } }])

    heal()
    const { data: rest } = await gateway.ask(walkQuery, { first: 10, after })
    expect(idsOf(rest.signingCertificates)).toEqual(ids.slice(2))
    expect(rest.signingCertificates.pageInfo.hasNextPage).toBe(false)
  })

  test.each(['InternalError', 'ServiceUnavailableException'])(
    'end a page before the user for whom IAM fails by a code of its own, %s',
    async code => {
      await using gateway = await startTestGateway('--sandbox-users=0')
      using account = openAccount(gateway.sandbox)
      for (const name of ['ann', 'ben']) await account.user(name)
      gateway.sandbox.fault({ action: 'ListSigningCertificates', userName: 'ben', answer: { code, status: 500 } })
      const { data } = await gateway.ask(walkQuery)
      expect(data.signingCertificates).toMatchObject({ usersWalked: 1, refused: [], pageInfo: { hasNextPage: true } })
    },
  )

  test('that were found are not thrown away where the next page of users fails', async () => {
    await using gateway = await startTestGateway('--sandbox-users=20')
    const expected = await byUser(gateway)
    gateway.sandbox.fault({ action: 'ListUsers', times: 1, answer: { maxPage: 15 } })
    const heal = gateway.sandbox.fault({ action: 'ListUsers', answer: { code: 'ServiceFailure', status: 500 } })
    const { data, errors } = await gateway.ask(walkQuery, { first: 1000 })
    expect(errors).toBeUndefined()
    expect(data.signingCertificates).toMatchObject({ usersWalked: 15, pageInfo: { hasNextPage: true } })
    heal()
    const after = data.signingCertificates.pageInfo.endCursor
    const { data: rest } = await gateway.ask(walkQuery, { first: 1000, after })
    expect([...idsOf(data.signingCertificates), ...idsOf(rest.signingCertificates)]).toEqual(expected)
  })

  test('of a user with two are parted where a page ends between them', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0')
    using account = openAccount(gateway.sandbox)
    await account.user('ann')
    await account.certificate('ann')
    await account.certificate('ann')
    const pages = await walk(gateway, { first: 1 })
    expect(new Set(pages.flatMap(idsOf)).size).toBe(2)
    expect(pages.map(({ usersWalked }) => usersWalked)).toEqual([0, 1, 1])
  })

  test('of an empty account are none, with nowhere to go on', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0')
    const { data } = await gateway.ask(walkQuery)
    expect(data.signingCertificates).toMatchObject({ nodes: [], usersWalked: 1, pageInfo: { hasNextPage: false } })
  })

  test.each([
    [{ first: 0 }, 'BAD_USER_INPUT'],
    [{ after: 'x' }, 'BAD_CURSOR'],
  ])('asked for with %j are %s', async (args, code) => {
    await using gateway = await startTestGateway('--sandbox-users=0')
    const { data, errors } = await gateway.ask(walkQuery, args)
    expect(data.signingCertificates).toBeNull()
    expect(errors).toMatchObject([{ path: ['signingCertificates'], extensions: { code } }])
  })
})

interface Node {
  readonly certificateId: string
  readonly status: string
  readonly x509: { readonly notAfter: string }
}

interface WalkPage {
  readonly nodes: readonly Node[]
  readonly usersWalked: number
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

const walkQuery = `query ($first: Int, $after: String, $status: SigningCertificateStatus, $expiresBefore: DateTime) {
  signingCertificates(first: $first, after: $after, status: $status, expiresBefore: $expiresBefore) {
    edges { cursor }
    nodes { certificateId status x509 { notAfter } }
    usersWalked
    refused { userName code message }
    pageInfo { hasNextPage endCursor }
  }
}`

async function walk(gateway: TestGateway, args: object): Promise<WalkPage[]> {
  const pages: WalkPage[] = []
  let after: string | null = null
  do {
    const { data } = await gateway.ask(walkQuery, { ...args, after })
    const page: WalkPage = data.signingCertificates
    pages.push(page)
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null
  } while (after !== null)
  return pages
}

/** The same by the long way: user by user. */
async function byUser(gateway: TestGateway): Promise<string[]> {
  const { data } = await gateway.ask(
    '{ users(first: 1000) { nodes { signingCertificates { nodes { certificateId } } } } }',
  )
  return data.users.nodes.flatMap((user: { signingCertificates: WalkPage }) => idsOf(user.signingCertificates))
}

function idsOf({ nodes }: Pick<WalkPage, 'nodes'>): string[] {
  return nodes.map(({ certificateId }) => certificateId)
}
