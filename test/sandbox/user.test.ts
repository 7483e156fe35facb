import {
  CreateServiceSpecificCredentialCommand,
  CreateUserCommand,
  DeleteServiceSpecificCredentialCommand,
  DeleteSigningCertificateCommand,
  DeleteUserCommand,
  GetUserCommand,
  ListUsersCommand,
  UploadSigningCertificateCommand,
} from '@aws-sdk/client-iam'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { createIamClient, refusal } from './client.ts'
import { listAll } from './list.ts'

async function start(users = 0) {
  const sandbox: Sandbox = await startSandbox({ users })
  return { sandbox, iam: createIamClient(sandbox), [Symbol.asyncDispose]: () => sandbox.close() }
}

describe('GetUser', () => {
  test("finds a user whatever the case, and answers in the user's own spelling", async () => {
    await using account = await start()
    const { User: created } = await account.iam.send(
      new CreateUserCommand({ UserName: 'Ada.Lovelace', Path: '/math/' }),
    )
    const { User } = await account.iam.send(new GetUserCommand({ UserName: 'ADA.lovelace' }))
    expect(User).toEqual(created)
    expect(User).toEqual({
      UserName: 'Ada.Lovelace',
      Path: '/math/',
      UserId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
      Arn: `arn:aws:iam::${account.sandbox.accountId}:user/math/Ada.Lovelace`,
      CreateDate: expect.any(Date),
    })
    expect(User?.CreateDate?.getMilliseconds()).toBe(0)
  })

  test("without a name is about the caller's own user", async () => {
    await using account = await start()
    const { User } = await account.iam.send(new GetUserCommand({}))
    expect(User?.UserName).toBe(account.sandbox.credentials.userName)
  })

  test('of nobody is NoSuchEntity', async () => {
    await using account = await start()
    expect(await refusal(account.iam.send(new GetUserCommand({ UserName: 'Nobody' })))).toEqual({
      code: 'NoSuchEntity',
      status: 404,
      message: 'The user with name Nobody cannot be found.',
    })
  })

  test('of a name with bad characters is a ValidationError in its own words', async () => {
    await using account = await start()
    expect(await refusal(account.iam.send(new GetUserCommand({ UserName: 'no body' })))).toEqual({
      code: 'ValidationError',
      status: 400,
      message:
        'The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-',
    })
  })
})

describe('CreateUser', () => {
  test('puts a user without a path at the root', async () => {
    await using account = await start()
    const { User } = await account.iam.send(new CreateUserCommand({ UserName: 'x+=,.@_-' }))
    expect(User).toMatchObject({ Path: '/', Arn: `arn:aws:iam::${account.sandbox.accountId}:user/x+=,.@_-` })
  })

  test('of a name that exists, in whatever case, is EntityAlreadyExists', async () => {
    await using account = await start(2)
    expect(await refusal(account.iam.send(new CreateUserCommand({ UserName: 'ALICE' })))).toEqual({
      code: 'EntityAlreadyExists',
      status: 409,
      message: 'User with name ALICE already exists.',
    })
  })

  test('takes 64 characters, not 65, and needs a name', async () => {
    await using account = await start()
    await account.iam.send(new CreateUserCommand({ UserName: 'x'.repeat(64) }))
    const { message } = await refusal(account.iam.send(new CreateUserCommand({ UserName: 'y'.repeat(65) })))
    expect(message).toContain(
      "'userName' failed to satisfy constraint: Member must have length less than or equal to 64",
    )
    const { code, message: missing } = await refusal(account.iam.send(new CreateUserCommand({ UserName: undefined })))
    expect([code, missing]).toEqual([
      'ValidationError',
      "1 validation error detected: Value null at 'userName' failed to satisfy constraint: Member must not be null",
    ])
  })

  test.each(['', 'engineering/', '/engineering', '/a b/', '/é/'])('refuses the path "%s"', async path => {
    await using account = await start()
    const answer = account.iam.send(new CreateUserCommand({ UserName: 'x', Path: path }))
    expect(await refusal(answer)).toMatchObject({ code: 'ValidationError', status: 400 })
  })

  test('number 5,001 is LimitExceeded', async () => {
    await using account = await start(10_000)
    expect(await listAll(account.iam, 'users')).toHaveLength(5000)
    expect(await refusal(account.iam.send(new CreateUserCommand({ UserName: 'one.too.many' })))).toEqual({
      code: 'LimitExceeded',
      status: 409,
      message: 'Cannot exceed quota for UsersPerAccount: 5000',
    })
    await account.iam.send(new DeleteUserCommand({ UserName: 'bob' }))
    await account.iam.send(new CreateUserCommand({ UserName: 'one.too.many' }))
  })
})

describe('DeleteUser', () => {
  let certificate: string
  beforeAll(() => {
    certificate = mintCertificate()
  })

  test('is a DeleteConflict while certificates or credentials are left', async () => {
    await using account = await start()
    const { iam } = account
    const UserName = 'someone'
    await iam.send(new CreateUserCommand({ UserName }))
    const { Certificate } = await iam.send(
      new UploadSigningCertificateCommand({ UserName, CertificateBody: certificate }),
    )
    const { ServiceSpecificCredential } = await iam.send(
      new CreateServiceSpecificCredentialCommand({ UserName, ServiceName: 'codecommit.amazonaws.com' }),
    )
    const remove = () => iam.send(new DeleteUserCommand({ UserName }))
    expect(await refusal(remove())).toEqual({
      code: 'DeleteConflict',
      status: 409,
      message: 'Cannot delete entity, must delete certificates first.',
    })
    await iam.send(new DeleteSigningCertificateCommand({ UserName, CertificateId: Certificate?.CertificateId }))
    expect(await refusal(remove())).toEqual({
      code: 'DeleteConflict',
      status: 409,
      message: 'Cannot delete entity, must remove referenced objects first.',
    })
    const { ServiceSpecificCredentialId } = ServiceSpecificCredential ?? {}
    await iam.send(new DeleteServiceSpecificCredentialCommand({ UserName, ServiceSpecificCredentialId }))
    await remove()
    expect(await refusal(remove())).toMatchObject({ code: 'NoSuchEntity' })
  })

  test("never takes the gateway's own user, who has an access key", async () => {
    await using account = await start()
    expect(await refusal(account.iam.send(new DeleteUserCommand({ UserName: 'gateway' })))).toEqual({
      code: 'DeleteConflict',
      status: 409,
      message: 'Cannot delete entity, must delete access keys first.',
    })
  })

  test('makes the name free for another user, with another id', async () => {
    await using account = await start(2)
    const before = await account.iam.send(new GetUserCommand({ UserName: 'bob' }))
    await account.iam.send(new DeleteUserCommand({ UserName: 'BOB' }))
    const { User } = await account.iam.send(new CreateUserCommand({ UserName: 'bob' }))
    expect(User?.UserId).not.toBe(before.User?.UserId)
  })
})

describe('ListUsers', () => {
  test('answers 100 users unless asked otherwise', async () => {
    await using account = await start(150)
    const page = await account.iam.send(new ListUsersCommand({}))
    expect([page.Users?.length, page.IsTruncated]).toEqual([100, true])
    const rest = await account.iam.send(new ListUsersCommand({ Marker: page.Marker }))
    expect([rest.Users?.length, rest.IsTruncated, rest.Marker]).toEqual([51, false, undefined])
  })

  test('selects by path prefix, which need not end at a folder', async () => {
    await using account = await start(60)
    const everyone = await listAll(account.iam, 'users')
    for (const prefix of ['/', '/engineering/', '/eng', '/engineering/platform/', '/nowhere/']) {
      const { Users } = await account.iam.send(new ListUsersCommand({ PathPrefix: prefix }))
      expect(Users).toEqual(everyone.filter(user => user.Path?.startsWith(prefix)))
    }
  })

  test('refuses a prefix that does not start with a slash', async () => {
    await using account = await start()
    expect(await refusal(account.iam.send(new ListUsersCommand({ PathPrefix: 'engineering' })))).toMatchObject({
      code: 'ValidationError',
      status: 400,
    })
  })
})
