import { CreateServiceSpecificCredentialCommand } from '@aws-sdk/client-iam'
import { describe, expect, test, vi } from 'vitest'
import { refusal } from './client.ts'
import { bedrock, type CredentialAccount, codecommit, startCredentialAccount } from './credential-account.ts'

const unknownId = `ACCA${'A'.repeat(17)}`

describe('CreateServiceSpecificCredential', () => {
  test.each([codecommit, 'cassandra.amazonaws.com'])('for %s issues a user name and a password', async service => {
    await using account = await startCredentialAccount()
    const { id, ...credential } = await account.create(service)
    expect(credential).toEqual({
      UserName: 'Ann',
      ServiceName: service,
      ServiceUserName: `Ann-at-${account.sandbox.accountId}`,
      ServicePassword: expect.stringMatching(/^.{60}$/),
      ServiceSpecificCredentialId: expect.stringMatching(/^ACCA[A-Z2-7]{17}$/),
      CreateDate: expect.any(Date),
      Status: 'Active',
    })
  })

  test.each([bedrock, 'logs.amazonaws.com', 'cloudwatch.amazonaws.com', 'aws-external-anthropic.amazonaws.com'])(
    'for %s issues an API key: alias and secret',
    async service => {
      await using account = await startCredentialAccount()
      const credential = await account.create(service)
      expect(credential.ServiceCredentialAlias).toBe(`Ann-at-${account.sandbox.accountId}`)
      expect(credential.ServiceCredentialSecret).toMatch(service === bedrock ? /^ABSK.{40}/ : /^.{40}/)
      expect([credential.ServiceUserName, credential.ServicePassword]).toEqual([undefined, undefined])
    },
  )

  test('names the second one of a service +1, and takes no third', async () => {
    await using account = await startCredentialAccount()
    const first = await account.create()
    expect((await account.create()).ServiceUserName).toBe(`Ann+1-at-${account.sandbox.accountId}`)
    expect(await refusal(account.create())).toEqual({
      code: 'LimitExceeded',
      status: 409,
      message: 'Cannot exceed quota for ContextSpecificCredentialsPerUserPerContext: 2',
    })
    await account.create(bedrock)
    await account.create(codecommit, 'Ben')
    await account.remove(first.id)
    expect((await account.create()).ServiceUserName).toBe(`Ann-at-${account.sandbox.accountId}`)
  })

  test('takes the service in any case and answers in lower case', async () => {
    await using account = await startCredentialAccount()
    expect((await account.create('CodeCommit.AmazonAWS.com')).ServiceName).toBe(codecommit)
    const { ServiceSpecificCredentials } = await account.list({
      UserName: 'ann',
      ServiceName: codecommit.toUpperCase(),
    })
    expect(ServiceSpecificCredentials).toHaveLength(1)
  })

  test('ends after exactly so many days, and is Expired from then on', async () => {
    await using account = await startCredentialAccount()
    const { id, CreateDate, ExpirationDate } = await account.create(bedrock, 'ann', 36_600)
    expect((ExpirationDate?.getTime() ?? 0) - (CreateDate?.getTime() ?? 0)).toBe(36_600 * 86_400_000)
    const { id: shorter, ExpirationDate: end } = await account.create(bedrock, 'ann', 1)
    await account.update(shorter, 'Inactive')
    const statuses = async () => {
      const { ServiceSpecificCredentials = [] } = await account.list()
      return Object.fromEntries(ServiceSpecificCredentials.map(row => [row.ServiceSpecificCredentialId, row.Status]))
    }
    expect(await statuses()).toEqual({ [id]: 'Active', [shorter]: 'Inactive' })
    vi.useFakeTimers({ toFake: ['Date'], now: (end?.getTime() ?? 0) + 1000 })
    try {
      expect(await statuses()).toEqual({ [id]: 'Active', [shorter]: 'Expired' })
    } finally {
      vi.useRealTimers()
    }
  })

  test.each([0, 36_601])('refuses %i days', async days => {
    await using account = await startCredentialAccount()
    expect(await refusal(account.create(bedrock, 'ann', days))).toMatchObject({ code: 'ValidationError', status: 400 })
  })

  test('checks the user before the service; neither is what the model calls NotSupportedService', async () => {
    await using account = await startCredentialAccount()
    const service = 'lambda.amazonaws.com'
    expect(await refusal(account.create(service, 'nobody'))).toEqual({
      code: 'NoSuchEntity',
      status: 404,
      message: 'The user with name nobody cannot be found.',
    })
    const unsupported = {
      code: 'NoSuchEntity',
      status: 404,
      message: `No such service ${service} is supported for Service Specific Credentials`,
    }
    expect(await refusal(account.create(service))).toEqual(unsupported)
    expect(await refusal(account.list({ UserName: 'ann', ServiceName: service }))).toEqual(unsupported)
  })

  test('needs user and service, and says so at once', async () => {
    await using account = await startCredentialAccount()
    const command = new CreateServiceSpecificCredentialCommand({ UserName: undefined, ServiceName: undefined })
    const { code, message } = await refusal(account.iam.send(command))
    expect([code, message]).toEqual([
      'ValidationError',
      "2 validation errors detected: Value null at 'userName' failed to satisfy constraint: Member must not be null; Value null at 'serviceName' failed to satisfy constraint: Member must not be null",
    ])
  })
})

describe('ResetServiceSpecificCredential', () => {
  test('issues a new secret and leaves everything else', async () => {
    await using account = await startCredentialAccount()
    for (const service of [codecommit, bedrock]) {
      const { id, ...created } = await account.create(service, 'ann', 5)
      await account.update(id, 'Inactive')
      const { ServiceSpecificCredential } = await account.reset(id, 'ANN')
      expect(ServiceSpecificCredential).toEqual({
        ...created,
        Status: 'Inactive',
        ...(service === codecommit
          ? { ServicePassword: expect.stringMatching(/^.{60}$/) }
          : { ServiceCredentialSecret: expect.stringMatching(/^ABSK/) }),
      })
      expect(ServiceSpecificCredential?.ServicePassword).not.toBe(created.ServicePassword ?? null)
      expect(ServiceSpecificCredential?.ServiceCredentialSecret).not.toBe(created.ServiceCredentialSecret ?? null)
    }
  })
})

describe('UpdateServiceSpecificCredential', () => {
  test('sets Inactive and Active', async () => {
    await using account = await startCredentialAccount()
    const { id } = await account.create()
    for (const status of ['Inactive', 'Active']) {
      await account.update(id, status)
      const { ServiceSpecificCredentials } = await account.list()
      expect(ServiceSpecificCredentials?.map(row => row.Status)).toEqual([status])
    }
  })

  test('refuses Expired', async () => {
    await using account = await startCredentialAccount()
    const { id } = await account.create()
    expect(await refusal(account.update(id, 'Expired'))).toEqual({
      code: 'InvalidInput',
      status: 400,
      message: 'Operation does not support status Expired',
    })
  })
})

describe('DeleteServiceSpecificCredential', () => {
  test('takes it away', async () => {
    await using account = await startCredentialAccount()
    const { id } = await account.create()
    await account.remove(id)
    expect((await account.list()).ServiceSpecificCredentials).toEqual([])
    expect(await refusal(account.remove(id))).toMatchObject({ code: 'NoSuchEntity' })
  })
})

describe.each(['update', 'reset', 'remove'] as const)('to %s a credential', operation => {
  const run = (account: CredentialAccount, id: string, userName?: string): Promise<unknown> =>
    operation === 'update' ? account.update(id, 'Inactive', userName) : account[operation](id, userName)

  test('that is unknown is NoSuchEntity', async () => {
    await using account = await startCredentialAccount()
    expect(await refusal(run(account, unknownId))).toEqual({
      code: 'NoSuchEntity',
      status: 404,
      message: 'No such credential ID exists',
    })
  })

  test('of another user is a ValidationError', async () => {
    await using account = await startCredentialAccount()
    const { id } = await account.create(codecommit, 'Ben')
    expect(await refusal(run(account, id, 'ann'))).toEqual({
      code: 'ValidationError',
      status: 400,
      message: `User Ann does not have a service specific credential with id ${id}`,
    })
  })

  test('of nobody is NoSuchEntity of the user', async () => {
    await using account = await startCredentialAccount()
    const { id } = await account.create()
    expect(await refusal(run(account, id, 'nobody'))).toMatchObject({
      message: 'The user with name nobody cannot be found.',
    })
  })
})
