import { DeleteUserCommand } from '@aws-sdk/client-iam'
import { describe, expect, test, vi } from 'vitest'
import type { ServiceSpecificCredentialChange } from '../../src/events/service-specific-credential.ts'
import { openAccount } from '../account.ts'
import { startTestGateway, type TestGateway } from '../gateway.ts'

const dashboard = `query ($first: Int) { users(first: $first) { nodes {
  userName
  signingCertificates { nodes { certificateId status } }
  serviceSpecificCredentials { serviceName status }
} } }`

describe('the dashboard', () => {
  test('of 100 users costs a ListUsers, a list of certificates each, and one sweep of AllUsers', async () => {
    await using gateway = await startTestGateway('--sandbox-users=150')
    const calls = await gateway.callsOf(async () => {
      const { data, errors } = await gateway.ask(dashboard, { first: 100 })
      expect(errors).toBeUndefined()
      expect(data.users.nodes).toHaveLength(100)
    })
    const names = (await gateway.ask('{ users(first: 100) { nodes { userName } } }')).data.users.nodes
    expect(calls.sort()).toEqual(
      [
        'ListServiceSpecificCredentials',
        ...names.map(({ userName }: { userName: string }) => `ListSigningCertificates ${userName}`),
        'ListUsers',
      ].sort(),
    )
    const sweep = gateway.sandbox.calls.find(({ action }) => action === 'ListServiceSpecificCredentials')
    expect(sweep?.parameters).toEqual({ AllUsers: 'true', MaxItems: '1000' })
  })

  test('costs as many calls of the sweep as IAM makes pages of it', async () => {
    await using gateway = await startTestGateway('--sandbox-users=40', '--sandbox-max-page=20', '--cache-ttl=0')
    const whole = (await gateway.ask('{ serviceSpecificCredentials(first: 1000) { nodes { id } } }')).data
    const pages = Math.ceil(whole.serviceSpecificCredentials.nodes.length / 20)
    const calls = await gateway.callsOf(() => gateway.ask(dashboard, { first: 40 }))
    expect(pages).toBeGreaterThan(1)
    expect(calls.filter(call => call === 'ListServiceSpecificCredentials')).toHaveLength(pages)
    expect(calls.filter(call => call.startsWith('ListServiceSpecificCredentials '))).toEqual([])
  })
})

describe("users' credentials", () => {
  test('are the same by the sweep and user by user', async () => {
    await using gateway = await startTestGateway('--sandbox-users=30', '--cache-ttl=0')
    const { data } = await gateway.ask('{ users { nodes { userName serviceSpecificCredentials { id status } } } }')
    for (const { userName, serviceSpecificCredentials } of data.users.nodes) {
      const alone = await gateway.ask(
        'query ($userName: String!) { user(userName: $userName) { serviceSpecificCredentials { id status } } }',
        { userName },
      )
      const byId = (a: { id: string }, b: { id: string }) => a.id.localeCompare(b.id)
      expect(alone.data.user.serviceSpecificCredentials.sort(byId)).toEqual(serviceSpecificCredentials.sort(byId))
    }
  })

  test('of nine users are asked one by one, of ten by one sweep', async () => {
    await using gateway = await startTestGateway('--sandbox-users=20')
    const query = 'query ($first: Int) { users(first: $first) { nodes { serviceSpecificCredentials { id } } } }'
    const nine = await gateway.callsOf(() => gateway.ask(query, { first: 9 }))
    expect(nine.filter(call => call.startsWith('ListServiceSpecificCredentials '))).toHaveLength(9)
    expect(nine).toHaveLength(10)
    const ten = await gateway.callsOf(() => gateway.ask(query, { first: 10 }))
    expect(ten).toEqual(['ListUsers', 'ListServiceSpecificCredentials'])
  })

  test('are asked one by one once the sweep has cost as many pages as there are users', async () => {
    await using gateway = await startTestGateway('--sandbox-users=100', '--sandbox-max-page=12')
    gateway.sandbox.fault({ action: 'ListServiceSpecificCredentials', times: 10, answer: { maxPage: 1 } })
    const query = '{ users(first: 10) { nodes { serviceSpecificCredentials { userName } userName } } }'
    const calls = await gateway.callsOf(async () => {
      const { data, errors } = await gateway.ask(query)
      expect(errors).toBeUndefined()
      for (const user of data.users.nodes) {
        for (const credential of user.serviceSpecificCredentials) expect(credential.userName).toBe(user.userName)
      }
    })
    expect(calls.filter(call => call === 'ListServiceSpecificCredentials')).toHaveLength(10)
    expect(calls.filter(call => call.startsWith('ListServiceSpecificCredentials '))).toHaveLength(10)
  })

  test.each(['AccessDenied', 'ValidationError', 'InvalidInput'])(
    'are asked one by one where AllUsers is refused with %s',
    async code => {
      await using gateway = await startTestGateway('--sandbox-users=20')
      gateway.sandbox.fault({ action: 'ListServiceSpecificCredentials', times: 1, answer: { code, status: 400 } })
      const calls = await gateway.callsOf(async () => {
        const { errors } = await gateway.ask('{ users(first: 10) { nodes { serviceSpecificCredentials { id } } } }')
        expect(errors).toBeUndefined()
      })
      expect(calls.slice(0, 2)).toEqual(['ListUsers', 'ListServiceSpecificCredentials'])
      expect(calls.slice(2).every(call => call.startsWith('ListServiceSpecificCredentials '))).toBe(true)
      expect(calls).toHaveLength(12)
    },
  )

  test('of a user deleted meanwhile are none in a sweep', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0')
    using account = openAccount(gateway.sandbox)
    for (let n = 0; n < 12; n++) await account.user(`user${n}`)
    // ListUsers is performed at once and answered late; user3 goes in between.
    gateway.sandbox.fault({ action: 'ListUsers', answer: { delay: 500 } })
    const asked = gateway.ask('{ users { nodes { userName serviceSpecificCredentials { id } } } }')
    await vi.waitFor(() => expect(gateway.sandbox.calls.some(({ action }) => action === 'ListUsers')).toBe(true))
    await account.iam.send(new DeleteUserCommand({ UserName: 'user3' }))
    const { data, errors } = await asked
    expect(errors).toBeUndefined()
    expect(data.users.nodes).toContainEqual({ userName: 'user3', serviceSpecificCredentials: [] })
  })
})

describe('a sweep that is remembered', () => {
  const ofOne = 'query ($userName: String!) { user(userName: $userName) { serviceSpecificCredentials { id status } } }'

  test('of several pages answers the next dashboard, each page counted once', async () => {
    await using gateway = await startTestGateway('--sandbox-users=40', '--sandbox-max-page=20', '--cache-ttl=600')
    const query = `query { users(first: 20) { nodes { serviceSpecificCredentials { id } } } }`
    let first: unknown
    const calls = await gateway.callsOf(async () => {
      first = (await gateway.ask(query)).data
    })
    expect(calls.length).toBeGreaterThan(2)
    const again = gateway.ask(query)
    expect(await gateway.callsOf(() => again)).toEqual([])
    const { data, extensions } = await again
    expect(data).toEqual(first)
    expect(extensions['cost']).toMatchObject({ iamCalls: { made: 0, shared: 0, cached: calls.length } })
  })

  test("answers for one user, too; not after a change of the user's", async () => {
    await using gateway = await startTestGateway('--sandbox-users=20', '--cache-ttl=600')
    const { data } = await gateway.ask(dashboard, { first: 20 })
    const swept = data.users.nodes.find(({ userName }: { userName: string }) => userName === 'alice')
    const known = await gateway.callsOf(async () => {
      const alone = await gateway.ask(ofOne, { userName: 'ALICE' })
      expect(alone.data.user.serviceSpecificCredentials).toHaveLength(swept.serviceSpecificCredentials.length)
    })
    expect(known).toEqual(['GetUser ALICE'])
    gateway.gateway.iam.forget('ServiceSpecificCredential', 'alice')
    expect(await gateway.callsOf(() => gateway.ask(ofOne, { userName: 'alice' }))).toEqual([
      'ListServiceSpecificCredentials alice',
    ])
  })
})

describe('credentials of which a change was told', () => {
  const query = `query ($userName: String!) {
    users(first: 1000) { nodes { serviceSpecificCredentials { ...row } } }
    user(userName: $userName) { serviceSpecificCredentials { ...row } }
    serviceSpecificCredentials(first: 1000) { nodes { ...row } }
  }
  fragment row on ServiceSpecificCredential { id serviceSpecificCredentialId userName status }`

  interface Row {
    readonly id: string
    readonly serviceSpecificCredentialId: string
    readonly userName: string
    readonly status: string
  }

  /** By the sweep, by the user's own list, by the account's, and by node: what each shows of one credential. */
  async function shown(gateway: TestGateway, { id, userName }: Row): Promise<unknown[]> {
    const { data } = await gateway.ask(query, { userName })
    const lists: Row[][] = [
      data.users.nodes.flatMap((user: { serviceSpecificCredentials: Row[] }) => user.serviceSpecificCredentials),
      data.user.serviceSpecificCredentials,
      data.serviceSpecificCredentials.nodes,
    ]
    const node = 'query ($id: ID!) { node(id: $id) { ... on ServiceSpecificCredential { status } } }'
    const alone = (await gateway.ask(node, { id })).data.node
    return [...lists.map(list => list.find(row => row.id === id)?.status), alone?.status]
  }

  async function rows(gateway: TestGateway, status: string): Promise<Row[]> {
    const { data } = await gateway.ask(query, { userName: 'alice' })
    return data.serviceSpecificCredentials.nodes.filter((row: Row) => row.status === status)
  }

  async function tell(
    gateway: TestGateway,
    row: Row,
    status: ServiceSpecificCredentialChange['status'],
  ): Promise<void> {
    await gateway.gateway.events.publish<ServiceSpecificCredentialChange>({
      kind: 'ServiceSpecificCredential',
      userName: row.userName.toUpperCase(),
      credentialId: row.serviceSpecificCredentialId,
      serviceName: undefined,
      previousStatus: undefined,
      status,
      changedAt: new Date(),
      changedBy: undefined,
      source: 'CLOUDTRAIL',
      call: undefined,
    })
  }

  test('show it though IAM lists the state before, whichever list is asked', async () => {
    await using gateway = await startTestGateway('--sandbox-users=20')
    const [row] = await rows(gateway, 'ACTIVE')
    if (!row) throw new Error('expected an active credential')
    await tell(gateway, row, 'Inactive')
    expect(await shown(gateway, row)).toEqual(['INACTIVE', 'INACTIVE', 'INACTIVE', 'INACTIVE'])
    await tell(gateway, row, undefined)
    expect(await shown(gateway, row)).toEqual([undefined, undefined, undefined, undefined])
  })

  test('stay expired once they are, but may be deleted', async () => {
    await using gateway = await startTestGateway('--sandbox-users=20')
    const [row] = await rows(gateway, 'EXPIRED')
    if (!row) throw new Error('expected an expired credential')
    await tell(gateway, row, 'Active')
    expect(await shown(gateway, row)).toEqual(['EXPIRED', 'EXPIRED', 'EXPIRED', 'EXPIRED'])
    await tell(gateway, row, undefined)
    expect(await shown(gateway, row)).toEqual([undefined, undefined, undefined, undefined])
  })
})
