import {
  CreateServiceSpecificCredentialCommand,
  CreateUserCommand,
  DeleteServiceSpecificCredentialCommand,
  DeleteSigningCertificateCommand,
  DeleteUserCommand,
  ListServiceSpecificCredentialsCommand,
  ListSigningCertificatesCommand,
  ResetServiceSpecificCredentialCommand,
  type StatusType,
  UpdateServiceSpecificCredentialCommand,
  UpdateSigningCertificateCommand,
  UploadSigningCertificateCommand,
} from '@aws-sdk/client-iam'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startSandbox } from '../../src/sandbox/server.ts'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { createIamClient, refusal } from './client.ts'

const hour = 3_600_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** What is the same of both kinds of row, in an account with the users Ann and Ben. */
const kinds = [
  ['signing certificates', startCertificates],
  ['service-specific credentials', startCredentials],
] as const

describe.each(kinds)('of %s, Lists with a delay', (_kind, start) => {
  test('show what was there, and not what was added, until it has passed', async () => {
    await using account = await start(hour)
    const id = await account.add()
    expect(await account.list()).toEqual([])
    vi.advanceTimersByTime(hour - 1)
    expect(await account.list()).toEqual([])
    vi.advanceTimersByTime(1)
    expect(await account.list()).toEqual([[id, 'Active']])
  })

  test('show each status from before the changes that are younger', async () => {
    await using account = await start(hour)
    const id = await account.add()
    vi.advanceTimersByTime(hour)
    await account.set(id, 'Inactive')
    vi.advanceTimersByTime(hour / 2)
    await account.set(id, 'Active')
    expect(await account.list()).toEqual([[id, 'Active']])
    vi.advanceTimersByTime(hour / 2)
    expect(await account.list()).toEqual([[id, 'Inactive']])
    vi.advanceTimersByTime(hour / 2)
    expect(await account.list()).toEqual([[id, 'Active']])
  })

  test('show what was deleted, as it was and where it stood', async () => {
    await using account = await start(hour)
    const ids = [await account.add(), await account.add()]
    vi.advanceTimersByTime(hour)
    const before = await account.list()
    expect(before.map(([id]) => id).sort()).toEqual(ids.toSorted())
    for (const id of ids) {
      await account.set(id, 'Inactive')
      await account.remove(id)
    }
    expect(await account.list()).toEqual(before)
    vi.advanceTimersByTime(hour)
    expect(await account.list()).toEqual([])
  })

  test('never show what was added and deleted meanwhile', async () => {
    await using account = await start(hour)
    await account.remove(await account.add())
    expect(await account.list()).toEqual([])
    vi.advanceTimersByTime(hour)
    expect(await account.list()).toEqual([])
  })

  test('of another user go on as they are', async () => {
    await using account = await start(hour)
    const id = await account.add('Ben')
    vi.advanceTimersByTime(hour)
    await account.add('Ann')
    expect(await account.list('Ben')).toEqual([[id, 'Active']])
    expect(await account.list('Ann')).toEqual([])
  })

  test('are all that lags: quotas, further changes and the deletion of a user know at once', async () => {
    await using account = await start(hour)
    const ids = [await account.add(), await account.add()]
    expect(await refusal(account.add())).toMatchObject({ code: 'LimitExceeded' })
    expect(await refusal(account.removeUser())).toMatchObject({ code: 'DeleteConflict' })
    for (const id of ids) await account.remove(id)
    for (const id of ids) expect(await refusal(account.remove(id))).toMatchObject({ code: 'NoSuchEntity' })
    await account.removeUser()
  })

  test('of 0 show a change at once', async () => {
    await using account = await start(0)
    const id = await account.add()
    expect(await account.list()).toEqual([[id, 'Active']])
    await account.set(id, 'Inactive')
    expect(await account.list()).toEqual([[id, 'Inactive']])
    await account.remove(id)
    expect(await account.list()).toEqual([])
  })
})

test('the account that a sandbox begins with is listed at once', async () => {
  await using account = await startCredentials(hour, 20)
  expect((await account.listAll()).length).toBeGreaterThan(5)
  const { Certificates } = await account.iam.send(new ListSigningCertificatesCommand({ UserName: 'alice' }))
  expect(Certificates).toHaveLength(2)
})

test('AllUsers lags as the lists of the users do, in its own order', async () => {
  await using account = await startCredentials(hour, 20)
  const before = await account.listAll()
  for (const [id, status, userName] of before) {
    if (status !== 'Expired') await account.set(id, status === 'Active' ? 'Inactive' : 'Active', userName)
    if (status === 'Active') await account.remove(id, userName)
  }
  await account.add()
  expect(await account.listAll()).toEqual(before)
  vi.advanceTimersByTime(hour)
  const after = await account.listAll()
  expect(after).not.toEqual(before)
  expect(after.map(([id]) => id)).toEqual(after.map(([id]) => id).sort())
})

test('a reset changes nothing that a List shows', async () => {
  await using account = await startCredentials(hour)
  const id = await account.add()
  vi.advanceTimersByTime(hour)
  const reset = new ResetServiceSpecificCredentialCommand({ UserName: 'Ann', ServiceSpecificCredentialId: id })
  const { ServiceSpecificCredential } = await account.iam.send(reset)
  expect(ServiceSpecificCredential).toMatchObject({ Status: 'Active' })
  expect(await account.list()).toEqual([[id, 'Active']])
})

test('a certificate that went to another user is still listed as the first one’s alone', async () => {
  await using account = await startCertificates(hour)
  const body = mintCertificate()
  const id = await account.add('Ann', body)
  vi.advanceTimersByTime(hour)
  expect(await refusal(account.add('Ben', body))).toMatchObject({ code: 'DuplicateCertificate' })
  await account.remove(id)
  expect(await account.add('Ben', body)).toBe(id)
  expect([await account.list('Ann'), await account.list('Ben')]).toEqual([[[id, 'Active']], []])
  vi.advanceTimersByTime(hour)
  expect([await account.list('Ann'), await account.list('Ben')]).toEqual([[], [[id, 'Active']]])
})

type Listed = readonly [id: string | undefined, status: StatusType | undefined]

async function startAccount(consistencyDelay: number, users = 0) {
  const sandbox = await startSandbox({ consistencyDelay, users })
  const iam = createIamClient(sandbox)
  for (const UserName of ['Ann', 'Ben']) await iam.send(new CreateUserCommand({ UserName }))
  return {
    iam,
    removeUser: () => iam.send(new DeleteUserCommand({ UserName: 'Ann' })),
    async [Symbol.asyncDispose]() {
      iam.destroy()
      await sandbox.close()
    },
  }
}

async function startCertificates(consistencyDelay: number) {
  const account = await startAccount(consistencyDelay)
  const { iam } = account
  return {
    ...account,
    async add(UserName = 'Ann', CertificateBody = mintCertificate()): Promise<string> {
      const { Certificate } = await iam.send(new UploadSigningCertificateCommand({ UserName, CertificateBody }))
      return Certificate?.CertificateId ?? ''
    },
    set: (CertificateId: string, Status: StatusType, UserName = 'Ann') =>
      iam.send(new UpdateSigningCertificateCommand({ UserName, CertificateId, Status })),
    remove: (CertificateId: string, UserName = 'Ann') =>
      iam.send(new DeleteSigningCertificateCommand({ UserName, CertificateId })),
    async list(UserName = 'Ann'): Promise<Listed[]> {
      const { Certificates = [] } = await iam.send(new ListSigningCertificatesCommand({ UserName }))
      return Certificates.map(({ CertificateId, Status }) => [CertificateId, Status])
    },
  }
}

async function startCredentials(consistencyDelay: number, users = 0) {
  const account = await startAccount(consistencyDelay, users)
  const { iam } = account
  const named = (UserName: string, ServiceSpecificCredentialId: string) => ({ UserName, ServiceSpecificCredentialId })
  return {
    ...account,
    async add(UserName = 'Ann'): Promise<string> {
      const command = new CreateServiceSpecificCredentialCommand({ UserName, ServiceName: 'bedrock.amazonaws.com' })
      const { ServiceSpecificCredential } = await iam.send(command)
      return ServiceSpecificCredential?.ServiceSpecificCredentialId ?? ''
    },
    set: (id: string, Status: StatusType, UserName = 'Ann') =>
      iam.send(new UpdateServiceSpecificCredentialCommand({ ...named(UserName, id), Status })),
    remove: (id: string, UserName = 'Ann') => iam.send(new DeleteServiceSpecificCredentialCommand(named(UserName, id))),
    async list(UserName = 'Ann'): Promise<Listed[]> {
      const { ServiceSpecificCredentials = [] } = await iam.send(
        new ListServiceSpecificCredentialsCommand({ UserName }),
      )
      return ServiceSpecificCredentials.map(row => [row.ServiceSpecificCredentialId, row.Status])
    },
    async listAll() {
      const command = new ListServiceSpecificCredentialsCommand({ AllUsers: true, MaxItems: 1000 })
      const { ServiceSpecificCredentials = [] } = await iam.send(command)
      return ServiceSpecificCredentials.map(
        ({ ServiceSpecificCredentialId = '', Status, UserName = '' }) =>
          [ServiceSpecificCredentialId, Status, UserName] as const,
      )
    },
  }
}
