import { GetUserCommand, ListUsersCommand } from '@aws-sdk/client-iam'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { createIamClient, createStsClient, refusal } from './client.ts'
import { type Signing, sendRaw, signCall } from './raw.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox.close())

async function refused(signing: Signing) {
  const answer = await sendRaw(sandbox, signCall(sandbox, { Action: 'GetUser', UserName: 'gateway' }, signing))
  return { status: answer.status, code: answer.element('Code') }
}

describe('a role', () => {
  test('has no implicit user, and must say which', async () => {
    const iam = createIamClient(sandbox, sandbox.roleCredentials)
    expect(await refusal(iam.send(new GetUserCommand({})))).toEqual({
      code: 'ValidationError',
      status: 400,
      message: 'Must specify userName when calling with non-User credentials',
    })
    expect((await iam.send(new GetUserCommand({ UserName: 'gateway' }))).User?.UserName).toBe('gateway')
  })

  test('is unknown without its session token, or with another; so is a user with one', async () => {
    const { accessKeyId, secretAccessKey } = sandbox.roleCredentials
    const unknown = { status: 403, code: 'InvalidClientTokenId' }
    expect(await refused({ accessKeyId, secretAccessKey })).toMatchObject(unknown)
    expect(await refused({ accessKeyId, secretAccessKey, sessionToken: 'x' })).toMatchObject(unknown)
    expect(await refused({ sessionToken: sandbox.roleCredentials.sessionToken })).toMatchObject(unknown)
    expect(await refused({ ...sandbox.roleCredentials, secretAccessKey: 'x' })).toMatchObject({
      code: 'SignatureDoesNotMatch',
    })
  })
})

describe('the keys', () => {
  test("have AWS's shape and come of the seed", async () => {
    await using same = await startSandbox()
    await using other = await startSandbox({ seed: 2 })
    expect(sandbox.credentials.accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/)
    expect(sandbox.credentials.secretAccessKey).toHaveLength(40)
    expect(sandbox.roleCredentials.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/)
    expect(same.credentials).toEqual(sandbox.credentials)
    expect(same.roleCredentials).toEqual(sandbox.roleCredentials)
    expect(other.credentials.accessKeyId).not.toBe(sandbox.credentials.accessKeyId)
  })

  test('can be given', async () => {
    await using own = await startSandbox({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' })
    expect(own.credentials).toEqual({
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: 'secret',
      userName: 'gateway',
    })
    expect((await createIamClient(own).send(new ListUsersCommand({}))).Users).toHaveLength(1)
  })
})

describe('STS', () => {
  test('says who is calling, in any region', async () => {
    const user = await createStsClient(sandbox, sandbox.credentials, 'eu-central-1').send(
      new GetCallerIdentityCommand({}),
    )
    expect(user).toMatchObject({
      Account: sandbox.accountId,
      Arn: `arn:aws:iam::${sandbox.accountId}:user/service/gateway`,
      UserId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
    })
    const role = await createStsClient(sandbox, sandbox.roleCredentials).send(new GetCallerIdentityCommand({}))
    expect(role.Arn).toBe(`arn:aws:sts::${sandbox.accountId}:assumed-role/operator/sandbox`)
    expect(role.UserId).toMatch(/^AROA[A-Z2-7]{17}:sandbox$/)
  })

  test('wants its calls signed for sts', async () => {
    const call = signCall(sandbox, { Action: 'GetCallerIdentity', Version: '2011-06-15' })
    const answer = await sendRaw(sandbox, call)
    expect(answer.element('Message')).toBe('Credential should be scoped to correct service: &apos;sts&apos;.')
  })
})
