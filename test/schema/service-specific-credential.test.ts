import { UpdateServiceSpecificCredentialCommand } from '@aws-sdk/client-iam'
import { expect, test } from 'vitest'
import { openAccount } from '../account.ts'
import { startTestGateway } from '../gateway.ts'

test('a credential is everything that IAM lists of it, and never its secret', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  using account = openAccount(gateway.sandbox)
  const id = await account.credential('gateway', 'codecommit.amazonaws.com')
  await account.iam.send(
    new UpdateServiceSpecificCredentialCommand({ ServiceSpecificCredentialId: id, Status: 'Inactive' }),
  )
  const { data } = await gateway.ask(`{ viewer { serviceSpecificCredentials {
    __typename id serviceSpecificCredentialId userName serviceName serviceUserName serviceCredentialAlias status
    createDate expirationDate user { userName }
  } } }`)
  expect(data.viewer.serviceSpecificCredentials).toEqual([
    {
      __typename: 'ServiceSpecificCredential',
      id: expect.any(String),
      serviceSpecificCredentialId: id,
      userName: 'gateway',
      serviceName: 'codecommit.amazonaws.com',
      serviceUserName: `gateway-at-${gateway.sandbox.accountId}`,
      serviceCredentialAlias: null,
      status: 'INACTIVE',
      createDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/),
      expirationDate: null,
      user: { userName: 'gateway' },
    },
  ])
})

test("a user's credentials are filtered by service, whatever its case; of an unknown one there are none", async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  using account = openAccount(gateway.sandbox)
  await account.credential('gateway', 'codecommit.amazonaws.com')
  await account.credential('gateway', 'cassandra.amazonaws.com')
  const calls = await gateway.callsOf(async () => {
    const { data } = await gateway.ask(`{ viewer {
      all: serviceSpecificCredentials { serviceName }
      one: serviceSpecificCredentials(serviceName: "CodeCommit.amazonaws.com") { serviceName }
      none: serviceSpecificCredentials(serviceName: "nothing.amazonaws.com") { serviceName }
    } }`)
    const names = (credentials: Row[]) => credentials.map(({ serviceName }) => serviceName).sort()
    expect(names(data.viewer.all)).toEqual(['cassandra.amazonaws.com', 'codecommit.amazonaws.com'])
    expect(names(data.viewer.one)).toEqual(['codecommit.amazonaws.com'])
    expect(names(data.viewer.none)).toEqual([])
  })
  expect(calls).toEqual(['GetUser', 'ListServiceSpecificCredentials gateway'])
})

test("the account's credentials are one list of every user's, walked by endCursor", async () => {
  await using gateway = await startTestGateway('--sandbox-users=60')
  const { data: whole } = await gateway.ask(page, { first: 1000 })
  const ids = idsOf(whole)
  expect(ids.length).toBeGreaterThan(20)
  const walked: string[] = []
  let after: string | null = null
  do {
    const { data } = await gateway.ask(page, { first: 7, after })
    walked.push(...idsOf(data))
    after = data.serviceSpecificCredentials.pageInfo.hasNextPage
      ? data.serviceSpecificCredentials.pageInfo.endCursor
      : null
  } while (after !== null)
  expect(walked).toEqual(ids)
  expect(new Set(whole.serviceSpecificCredentials.nodes.map((node: Row) => node.status))).toEqual(
    new Set(['ACTIVE', 'INACTIVE', 'EXPIRED']),
  )
})

test("the account's credentials of one service are IAM's to judge", async () => {
  await using gateway = await startTestGateway('--sandbox-users=60')
  const { data, errors } = await gateway.ask(`{
    bedrock: serviceSpecificCredentials(serviceName: "bedrock.amazonaws.com") { nodes { serviceName } }
    unknown: serviceSpecificCredentials(serviceName: "nothing.amazonaws.com") { nodes { serviceName } }
  }`)
  expect(new Set(data.bedrock.nodes.map((node: Row) => node.serviceName))).toEqual(new Set(['bedrock.amazonaws.com']))
  expect(data.unknown).toBeNull()
  expect(errors).toMatchObject([{ path: ['unknown'], extensions: { code: 'NoSuchEntity' } }])
})

interface Row {
  readonly serviceSpecificCredentialId: string
  readonly serviceName: string
  readonly status: string
}

const page = `query ($first: Int, $after: String) { serviceSpecificCredentials(first: $first, after: $after) {
  nodes { serviceSpecificCredentialId status } pageInfo { hasNextPage endCursor }
} }`

function idsOf(data: { serviceSpecificCredentials: { nodes: Row[] } }): string[] {
  return data.serviceSpecificCredentials.nodes.map(node => node.serviceSpecificCredentialId)
}
