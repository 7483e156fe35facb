import { DeleteUserCommand } from '@aws-sdk/client-iam'
import { expect, test } from 'vitest'
import { openAccount } from '../account.ts'
import { startTestGateway } from '../gateway.ts'

test('a user is everything that GetUser says, whatever the case of the name, in the spelling of IAM', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  using account = openAccount(gateway.sandbox)
  await account.user('Alice.Smith', '/engineering/')
  const { data } = await gateway.ask(`{
    user(userName: "ALICE.smith") { __typename id userName userId arn path createDate passwordLastUsed }
  }`)
  expect(data.user).toEqual({
    __typename: 'User',
    id: expect.any(String),
    userName: 'Alice.Smith',
    userId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
    arn: `arn:aws:iam::${gateway.sandbox.accountId}:user/engineering/Alice.Smith`,
    path: '/engineering/',
    createDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/),
    passwordLastUsed: null,
  })
})

test('a user that IAM does not know is null, and no error', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0', '--report-cost=false')
  expect(await gateway.ask('{ user(userName: "nobody") { userName } }')).toEqual({ data: { user: null } })
})

test('a name that IAM does not take is an error of that field alone', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  const { data, errors } = await gateway.ask('{ bad: user(userName: "a b") { userName } viewer { userName } }')
  expect(data).toEqual({ bad: null, viewer: { userName: 'gateway' } })
  expect(errors).toMatchObject([
    { path: ['bad'], extensions: { code: 'ValidationError', requestId: expect.any(String) } },
  ])
})

test('the viewer is the user whose key signs', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  const { data } = await gateway.ask('{ viewer { userName path } }')
  expect(data.viewer).toEqual({ userName: 'gateway', path: '/service/' })
})

test('users are listed by their path', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  using account = openAccount(gateway.sandbox)
  await account.user('ann', '/a/')
  await account.user('ben', '/a/b/')
  await account.user('cid', '/c/')
  const { data } = await gateway.ask('{ users(pathPrefix: "/a/") { nodes { userName } edges { node { path } } } }')
  expect(data.users).toEqual({
    nodes: [{ userName: 'ann' }, { userName: 'ben' }],
    edges: [{ node: { path: '/a/' } }, { node: { path: '/a/b/' } }],
  })
})

test('pages of users cost one call each where IAM gives full ones, and are walked by endCursor', async () => {
  await using gateway = await startTestGateway('--sandbox-users=59')
  const seen: string[] = []
  let after: string | null = null
  const calls = await gateway.callsOf(async () => {
    do {
      const { data } = await gateway.ask(pageOfUsers, { first: 20, after })
      seen.push(...data.users.nodes.map((user: { userName: string }) => user.userName))
      after = data.users.pageInfo.hasNextPage ? data.users.pageInfo.endCursor : null
    } while (after !== null)
  })
  expect(calls).toEqual(['ListUsers', 'ListUsers', 'ListUsers'])
  expect(new Set(seen).size).toBe(60)
})

test('short pages of IAM are filled, each call asking for what is still missing', async () => {
  await using gateway = await startTestGateway('--sandbox-users=30', '--sandbox-max-page=7')
  gateway.sandbox.clearCalls()
  const { data } = await gateway.ask(pageOfUsers, { first: 20 })
  expect(data.users.nodes).toHaveLength(20)
  expect(gateway.sandbox.calls.map(({ parameters }) => parameters['MaxItems'])).toEqual(['20', '13', '6'])
})

test('a walk goes on where it was when a user it passed, or the one it stands at, is deleted meanwhile', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  using account = openAccount(gateway.sandbox)
  for (const name of ['ann', 'ben', 'cid', 'dan', 'eve']) await account.user(name)
  const { data: first } = await gateway.ask(pageOfUsers, { first: 3 })
  await account.iam.send(new DeleteUserCommand({ UserName: 'ann' }))
  await account.iam.send(new DeleteUserCommand({ UserName: 'cid' }))
  const { data: next } = await gateway.ask(pageOfUsers, { first: 3, after: first.users.pageInfo.endCursor })
  expect(next.users.nodes.map((user: { userName: string }) => user.userName)).toEqual(['dan', 'eve', 'gateway'])
})

test.each([
  ['first: 0', 'BAD_USER_INPUT', 'first: expected 1 to 1000, got 0.'],
  ['first: 1001', 'BAD_USER_INPUT', 'first: expected 1 to 1000, got 1001.'],
  ['after: "nonsense"', 'BAD_CURSOR', 'after: expected a cursor of users, got something else.'],
])('users(%s) is %s, and costs no call', async (args, code, message) => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  const calls = await gateway.callsOf(async () => {
    const { data, errors } = await gateway.ask(`{ users(${args}) { nodes { id } } }`)
    expect(data).toEqual({ users: null })
    expect(errors).toMatchObject([{ message, path: ['users'], extensions: { code } }])
  })
  expect(calls).toEqual([])
})

test('a cursor of one path is refused by another', async () => {
  await using gateway = await startTestGateway('--sandbox-users=20')
  const { data } = await gateway.ask(pageOfUsers, { first: 1 })
  const { errors } = await gateway.ask(
    'query ($after: String) { users(pathPrefix: "/", after: $after) { nodes { id } } }',
    {
      after: data.users.pageInfo.endCursor,
    },
  )
  expect(errors).toMatchObject([
    {
      message: 'after: expected a cursor of users(pathPrefix: "/"), got one of users.',
      extensions: { code: 'BAD_CURSOR' },
    },
  ])
})

const pageOfUsers = `query ($first: Int, $after: String) {
  users(first: $first, after: $after) { nodes { userName } pageInfo { hasNextPage endCursor } }
}`
