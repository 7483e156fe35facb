import {
  CreateUserCommand,
  DeleteUserCommand,
  GetUserCommand,
  ListServiceSpecificCredentialsCommand,
  ListSigningCertificatesCommand,
  ListUsersCommand,
} from '@aws-sdk/client-iam'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Issuer, startIssuer } from '../../auth/issuer.ts'
import { createStsClient, refusal } from '../client.ts'
import { allow, startFederation } from './federation.ts'

const calls = {
  users: new ListUsersCommand({}),
  engineers: new ListUsersCommand({ PathPrefix: '/engineering/' }),
  alice: new GetUserCommand({ UserName: 'Alice' }),
  bob: new GetUserCommand({ UserName: 'bob' }),
  certificates: new ListSigningCertificatesCommand({ UserName: 'alice' }),
  sweep: new ListServiceSpecificCredentialsCommand({ AllUsers: true }),
  nobody: new GetUserCommand({ UserName: 'nobody' }),
} as const

let issuer: Issuer
beforeAll(async () => {
  issuer = await startIssuer()
})
afterAll(() => issuer.close())

/** What of the account that has alice and bob these statements allow, by the codes that the calls end with. */
async function outcomes(Statement: object | readonly object[], token: object = {}): Promise<Record<string, string>> {
  const policy = { Version: '2012-10-17', Statement }
  await using federation = await startFederation(() => [{ RoleName: 'auditor', PolicyDocument: policy }], {
    issuer,
    users: 2,
  })
  const iam = await federation.iam({ token: { claims: { ...token } } })
  const ended: Record<string, string> = {}
  for (const [name, command] of Object.entries(calls)) {
    // The client's overloads know each command, not one of several.
    const sent = iam.send(command as ListUsersCommand)
    ended[name] = await sent.then(
      () => 'allowed',
      () => refusal(sent).then(({ code }) => code),
    )
  }
  return ended
}

const denied: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(calls).map(name => [name, 'AccessDenied']),
)
const allowed: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.keys(calls).map(name => [name, 'allowed'])),
  nobody: 'NoSuchEntity',
}
const users = 'arn:aws:iam::123456789012:user'

describe('a role', () => {
  test('may do what its policy allows, and nothing else', async () => {
    expect(await outcomes({ Effect: 'Allow', Action: 'iam:*', Resource: '*' })).toEqual(allowed)
    expect(await outcomes({ Effect: 'Allow', Action: 'sts:*', Resource: '*' })).toEqual(denied)
    expect(await outcomes({ Effect: 'Deny', Action: 'sts:*', Resource: '*' })).toEqual(denied)
  })

  test.each([
    ['iam:GetUser', ['alice', 'bob', 'nobody']],
    ['IAM:getuser', ['alice', 'bob', 'nobody']],
    ['iam:List*', ['users', 'engineers', 'certificates', 'sweep']],
    ['iam:???User', ['alice', 'bob', 'nobody']],
    ['iam:ListUser', []],
    [
      ['iam:ListUsers', 'iam:*Certificates'],
      ['users', 'engineers', 'certificates'],
    ],
  ])('may do %j', async (Action, names) => {
    expect(await outcomes({ Effect: 'Allow', Action, Resource: '*' })).toEqual({ ...denied, ...only(names) })
  })

  test.each([
    [`${users}/engineering/alice`, ['alice', 'certificates']],
    [`${users}/*/alice`, ['alice', 'certificates']],
    [`${users}/engineering/Alice`, []],
    [
      [`${users}/*/bob`, `${users}/nobody`],
      ['bob', 'nobody'],
    ],
    [`${users}/*`, ['users', 'engineers', 'alice', 'bob', 'certificates', 'nobody']],
    [`${users}/engineering/*`, ['engineers', 'alice', 'bob', 'certificates']],
  ])('may do so to %j', async (Resource, names) => {
    expect(await outcomes({ Effect: 'Allow', Action: '*', Resource })).toEqual({ ...denied, ...only(names) })
  })

  test('may not do what is denied, whatever else allows it', async () => {
    const deny = { Effect: 'Deny', Action: 'iam:ListSigningCertificates', Resource: `${users}/*/alice` }
    const everything = { Effect: 'Allow', Action: '*', Resource: '*' }
    for (const statements of [
      [deny, everything],
      [everything, deny],
    ]) {
      expect(await outcomes(statements)).toEqual({ ...allowed, certificates: 'AccessDenied' })
    }
  })

  test.each([
    [{ StringEquals: { 'aws:PrincipalTag/team': 'platform' } }, true],
    [{ StringEquals: { 'AWS:principaltag/TEAM': ['security', 'platform'] } }, true],
    [{ StringEquals: { 'aws:PrincipalTag/team': 'plat*' } }, false],
    [{ StringLike: { 'aws:PrincipalTag/team': 'plat*' } }, true],
    [{ StringEquals: { 'aws:PrincipalTag/project': 'platform' } }, false],
    [{ StringEquals: { 'aws:PrincipalTag/team': 'platform' }, StringLike: { 'aws:PrincipalTag/team': 'x*' } }, false],
  ])('of tags such that %j: %s', async (Condition, holds) => {
    const token = { 'https://aws.amazon.com/tags': { principal_tags: { team: ['platform'] } } }
    const ended = await outcomes({ Effect: 'Allow', Action: 'iam:*', Resource: '*', Condition }, token)
    expect(ended).toEqual(holds ? allowed : denied)
  })
})

describe('a denial', () => {
  test("says so in IAM's words, as a fault does, whether there is such a user or not", async () => {
    await using federation = await startFederation(() => [
      {
        RoleName: 'auditor',
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Allow', Action: 'iam:GetUser', Resource: '*' },
            { Effect: 'Deny', Action: 'iam:GetUser', Resource: `${users}/eve` },
          ],
        },
      },
    ])
    const iam = await federation.iam({ RoleSessionName: 'alice' })
    const who = `User: arn:aws:sts::123456789012:assumed-role/auditor/alice is not authorized to perform:`
    expect(await refusal(iam.send(new ListUsersCommand({})))).toEqual({
      code: 'AccessDenied',
      status: 403,
      message: `${who} iam:ListUsers on resource: ${users}/ because no identity-based policy allows the iam:ListUsers action`,
    })
    expect((await refusal(iam.send(new DeleteUserCommand({ UserName: 'nobody' })))).message).toBe(
      `${who} iam:DeleteUser on resource: user nobody because no identity-based policy allows the iam:DeleteUser action`,
    )
    expect((await refusal(iam.send(new GetUserCommand({ UserName: 'eve' })))).message).toBe(
      `${who} iam:GetUser on resource: user eve with an explicit deny in an identity-based policy`,
    )
  })

  test('of a user that is to be made goes by the path that it is to have', async () => {
    const ofContractors = { Effect: 'Allow', Action: 'iam:CreateUser', Resource: `${users}/contractor/*` }
    const PolicyDocument = { Version: '2012-10-17', Statement: ofContractors }
    await using federation = await startFederation(() => [{ RoleName: 'hirer', PolicyDocument }])
    const iam = await federation.iam()
    await iam.send(new CreateUserCommand({ UserName: 'eve', Path: '/contractor/' }))
    expect(await refusal(iam.send(new CreateUserCommand({ UserName: 'dan' })))).toMatchObject({ code: 'AccessDenied' })
  })

  test('is never of who one is', async () => {
    await using federation = await startFederation(() => [
      { RoleName: 'auditor', PolicyDocument: allow('iam:GetUser') },
    ])
    const sts = createStsClient(federation.sandbox, await federation.keys())
    expect((await sts.send(new GetCallerIdentityCommand({}))).Arn).toMatch(/auditor\/alice$/)
  })
})

function only(names: readonly string[]): Record<string, string | undefined> {
  return Object.fromEntries(names.map(name => [name, allowed[name]]))
}
