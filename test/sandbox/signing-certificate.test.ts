import { createHash, X509Certificate } from 'node:crypto'
import {
  CreateUserCommand,
  DeleteSigningCertificateCommand,
  ListSigningCertificatesCommand,
  type StatusType,
  UpdateSigningCertificateCommand,
  UploadSigningCertificateCommand,
} from '@aws-sdk/client-iam'
import { describe, expect, test } from 'vitest'
import { startSandbox } from '../../src/sandbox/server.ts'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { createIamClient, refusal } from './client.ts'

/** An account with the users Ann and Ben, who have nothing yet. */
async function start() {
  const sandbox = await startSandbox()
  const iam = createIamClient(sandbox)
  for (const UserName of ['Ann', 'Ben']) await iam.send(new CreateUserCommand({ UserName }))
  return {
    sandbox,
    upload: async (CertificateBody: string, UserName = 'ann') => {
      const { Certificate } = await iam.send(new UploadSigningCertificateCommand({ UserName, CertificateBody }))
      return { ...Certificate, CertificateId: Certificate?.CertificateId ?? '' }
    },
    list: async (UserName: string | undefined = 'ann') => iam.send(new ListSigningCertificatesCommand({ UserName })),
    update: (CertificateId: string, Status: string, UserName = 'ann') =>
      iam.send(new UpdateSigningCertificateCommand({ UserName, CertificateId, Status: Status as StatusType })),
    remove: (CertificateId: string, UserName = 'ann') =>
      iam.send(new DeleteSigningCertificateCommand({ UserName, CertificateId })),
    iam,
    [Symbol.asyncDispose]: () => sandbox.close(),
  }
}

const unknownId = 'A'.repeat(32)

describe('UploadSigningCertificate', () => {
  test("answers Active, with an id that is Base32 of the certificate's SHA-1", async () => {
    await using account = await start()
    const body = mintCertificate()
    const certificate = await account.upload(body)
    expect(certificate).toEqual({
      UserName: 'Ann',
      CertificateId: base32(createHash('sha1').update(new X509Certificate(body).raw).digest()),
      CertificateBody: body,
      Status: 'Active',
      UploadDate: expect.any(Date),
    })
    expect(certificate.CertificateId).toMatch(/^[A-Z2-7]{32}$/)
    expect(await account.list()).toMatchObject({ Certificates: [certificate], IsTruncated: false })
  })

  test.each(['rsa', 'rsa1024', 'p256', 'p384'] as const)('takes a key of type %s', async key => {
    await using account = await start()
    expect(await account.upload(mintCertificate({ key }))).toMatchObject({ Status: 'Active' })
  })

  test.each([
    ['no PEM', 'certificate'],
    ['an empty PEM', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n'],
    ['PEM of something else', `-----BEGIN CERTIFICATE-----\n${btoa('hello')}\n-----END CERTIFICATE-----\n`],
    ['an expired certificate', mintCertificate({ notAfter: new Date(Date.now() - 1000) })],
  ])('refuses %s as malformed, repeating it', async (_, body) => {
    await using account = await start()
    expect(await refusal(account.upload(body))).toEqual({
      code: 'MalformedCertificate',
      status: 400,
      message: `Certificate ${body} is malformed.`,
    })
  })

  test('of the same certificate for the same user succeeds, says Active, and changes nothing', async () => {
    await using account = await start()
    const [first, second] = [mintCertificate(), mintCertificate()]
    const uploaded = await account.upload(first)
    await account.upload(second)
    await account.update(uploaded.CertificateId, 'Inactive')
    const before = await account.list()
    expect(await account.upload(first)).toEqual(uploaded)
    const after = await account.list()
    expect(after.Certificates).toEqual(before.Certificates)
    const stored = after.Certificates?.find(({ CertificateId }) => CertificateId === uploaded.CertificateId)
    expect(stored?.Status).toBe('Inactive')
  })

  test('of a certificate that another user has is a DuplicateCertificate', async () => {
    await using account = await start()
    const body = mintCertificate()
    await account.upload(body)
    expect(await refusal(account.upload(body, 'Ben'))).toEqual({
      code: 'DuplicateCertificate',
      status: 409,
      message: 'Duplicate certificate uploaded.',
    })
  })

  test('of a third certificate is LimitExceeded', async () => {
    await using account = await start()
    const { CertificateId } = await account.upload(mintCertificate())
    await account.upload(mintCertificate())
    const third = mintCertificate()
    expect(await refusal(account.upload(third))).toEqual({
      code: 'LimitExceeded',
      status: 409,
      message: 'Cannot exceed quota for CertificatesPerUser: 2',
    })
    await account.remove(CertificateId)
    expect(await account.upload(third)).toMatchObject({ Status: 'Active' })
  })

  test('for nobody is NoSuchEntity, whatever the body', async () => {
    await using account = await start()
    expect(await refusal(account.upload('certificate', 'nobody'))).toEqual({
      code: 'NoSuchEntity',
      status: 404,
      message: 'The user with name nobody cannot be found.',
    })
  })

  test("without a user name is for the caller's own user", async () => {
    await using account = await start()
    const CertificateBody = mintCertificate()
    const { Certificate } = await account.iam.send(new UploadSigningCertificateCommand({ CertificateBody }))
    expect(Certificate?.UserName).toBe('gateway')
    const { Certificates } = await account.iam.send(new ListSigningCertificatesCommand({}))
    expect(Certificates).toEqual([Certificate])
  })
})

describe('UpdateSigningCertificate', () => {
  test('sets Inactive and Active, for a user named in any case', async () => {
    await using account = await start()
    const { CertificateId } = await account.upload(mintCertificate())
    for (const status of ['Inactive', 'Inactive', 'Active']) {
      await account.update(CertificateId, status, 'ANN')
      const { Certificates } = await account.list()
      expect(Certificates?.map(({ Status }) => Status)).toEqual([status])
    }
  })

  test('refuses Expired, which is a status but none of a certificate', async () => {
    await using account = await start()
    const { CertificateId } = await account.upload(mintCertificate())
    expect(await refusal(account.update(CertificateId, 'Expired'))).toEqual({
      code: 'InvalidInput',
      status: 400,
      message: 'Operation does not support status Expired',
    })
  })

  test('refuses any other status', async () => {
    await using account = await start()
    expect(await refusal(account.update(unknownId, 'active'))).toEqual({
      code: 'ValidationError',
      status: 400,
      message:
        "1 validation error detected: Value at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive, Expired]",
    })
  })
})

describe.each(['update', 'remove'] as const)('to %s a certificate', operation => {
  const run = (account: Awaited<ReturnType<typeof start>>, id: string, userName?: string) =>
    operation === 'update' ? account.update(id, 'Inactive', userName) : account.remove(id, userName)

  test("that is unknown, or another user's, is NoSuchEntity", async () => {
    await using account = await start()
    const { CertificateId } = await account.upload(mintCertificate(), 'Ben')
    for (const id of [unknownId, CertificateId]) {
      expect(await refusal(run(account, id))).toEqual({
        code: 'NoSuchEntity',
        status: 404,
        message: `The Certificate with id ${id} cannot be found.`,
      })
    }
  })

  test('of nobody is NoSuchEntity', async () => {
    await using account = await start()
    expect(await refusal(run(account, unknownId, 'nobody'))).toMatchObject({
      code: 'NoSuchEntity',
      message: 'The user with name nobody cannot be found.',
    })
  })
})

describe('DeleteSigningCertificate', () => {
  test('takes the certificate away, and only it', async () => {
    await using account = await start()
    const first = await account.upload(mintCertificate())
    const second = await account.upload(mintCertificate())
    await account.remove(first.CertificateId)
    expect((await account.list()).Certificates).toEqual([second])
    expect(await refusal(account.remove(first.CertificateId))).toMatchObject({ code: 'NoSuchEntity' })
  })
})

describe('ListSigningCertificates', () => {
  test('says IsTruncated also when there is nothing', async () => {
    await using account = await start()
    expect(await account.list()).toMatchObject({ Certificates: [], IsTruncated: false })
  })

  test('pages by MaxItems', async () => {
    await using account = await start()
    await account.upload(mintCertificate())
    await account.upload(mintCertificate())
    const { Certificates = [] } = await account.list()
    expect(Certificates).toHaveLength(2)
    const one = await account.iam.send(new ListSigningCertificatesCommand({ UserName: 'ann', MaxItems: 1 }))
    expect([one.Certificates, one.IsTruncated]).toEqual([Certificates.slice(0, 1), true])
    const { Marker } = one
    const two = await account.iam.send(new ListSigningCertificatesCommand({ UserName: 'ann', MaxItems: 1, Marker }))
    expect([two.Certificates, two.IsTruncated, two.Marker]).toEqual([Certificates.slice(1), false, undefined])
  })

  test('of nobody is NoSuchEntity', async () => {
    await using account = await start()
    expect(await refusal(account.list('nobody'))).toMatchObject({ code: 'NoSuchEntity', status: 404 })
  })
})

function base32(bytes: Uint8Array): string {
  let bits = 0n
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte)
  const length = (bytes.length * 8) / 5
  return Array.from(
    { length },
    (_, index) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number((bits >> BigInt(5 * (length - 1 - index))) & 31n)],
  ).join('')
}
