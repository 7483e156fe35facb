import { X509Certificate } from 'node:crypto'
import { ListSigningCertificatesCommand, UploadSigningCertificateCommand } from '@aws-sdk/client-iam'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { createIamClient } from './client.ts'
import { listAll } from './list.ts'

const DAY = 86_400_000

/** Everything in the account. */
async function survey(sandbox: Sandbox) {
  const iam = createIamClient(sandbox)
  const users = await listAll(iam, 'users')
  const credentials = await listAll(iam, 'credentials')
  const certificates = []
  for (const { UserName } of users) {
    certificates.push(...((await iam.send(new ListSigningCertificatesCommand({ UserName }))).Certificates ?? []))
  }
  return { users, credentials, certificates }
}

type Survey = Awaited<ReturnType<typeof survey>>

let sandbox: Sandbox
let account: Survey
beforeAll(async () => {
  sandbox = await startSandbox({ users: 200 })
  account = await survey(sandbox)
})
afterAll(() => sandbox.close())

describe('a made-up account', () => {
  test('has users in several paths, no two alike in any case, ordered by name', () => {
    const { users } = account
    const names = users.map(user => user.UserName ?? '')
    expect(users).toHaveLength(201)
    expect(new Set(names.map(name => name.toLowerCase())).size).toBe(201)
    expect(names).toEqual(names.toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)))
    for (const name of names) expect(name).toMatch(/^[\w+=,.@-]{1,64}$/)
    expect(new Set(users.map(user => user.Path))).toEqual(
      new Set(['/', '/engineering/', '/engineering/platform/', '/security/', '/service/', '/contractor/']),
    )
    expect(users.filter(user => user.PasswordLastUsed !== undefined).length).toBeGreaterThan(50)
    for (const { CreateDate, PasswordLastUsed } of users) {
      if (PasswordLastUsed !== undefined) expect(Number(PasswordLastUsed)).toBeGreaterThan(Number(CreateDate))
    }
  })

  test('has users with none, one and two certificates', () => {
    const counts = new Map<string, number>()
    for (const { UserName = '' } of account.certificates) counts.set(UserName, (counts.get(UserName) ?? 0) + 1)
    expect(new Set(counts.values())).toEqual(new Set([1, 2]))
    expect(counts.size).toBeLessThan(180)
  })

  test('has real certificates: RSA and EC, long-lived, near expiry and expired, active and inactive', () => {
    const kinds = new Set<string>()
    for (const { CertificateBody = '', Status, UploadDate } of account.certificates) {
      const certificate = new X509Certificate(CertificateBody)
      expect(certificate.verify(certificate.publicKey)).toBe(true)
      const { namedCurve, modulusLength } = certificate.publicKey.asymmetricKeyDetails ?? {}
      const end = Date.parse(certificate.validTo)
      const daysLeft = (end - Date.now()) / DAY
      kinds.add(`${namedCurve ?? modulusLength}`)
      kinds.add(daysLeft < 0 ? 'expired' : daysLeft < 30 ? 'near' : 'long')
      kinds.add(`${Status}`)
      expect(Number(UploadDate)).toBeLessThan(end)
      expect(Number(UploadDate)).toBeGreaterThan(Date.parse(certificate.validFrom))
      expect(Number(UploadDate)).toBeLessThanOrEqual(Date.now())
    }
    expect(kinds).toEqual(new Set(['2048', 'prime256v1', 'secp384r1', 'expired', 'near', 'long', 'Active', 'Inactive']))
  })

  test('has credentials of three services, active, inactive and expired', () => {
    const { credentials } = account
    expect(new Set(credentials.map(row => row.ServiceName))).toEqual(
      new Set(['codecommit.amazonaws.com', 'cassandra.amazonaws.com', 'bedrock.amazonaws.com']),
    )
    expect(new Set(credentials.map(row => row.Status))).toEqual(new Set(['Active', 'Inactive', 'Expired']))
    const names = credentials.map(row => `${row.ServiceName} ${row.ServiceUserName ?? row.ServiceCredentialAlias}`)
    expect(new Set(names).size).toBe(names.length)
    expect(names.some(name => name.includes('+1-at-'))).toBe(true)
    for (const { CreateDate } of credentials) expect(Number(CreateDate)).toBeLessThanOrEqual(Date.now())
  })
})

describe('the same seed', () => {
  const outline = ({ users, credentials, certificates }: Survey) => {
    const start = Number(users.find(user => user.UserName === 'gateway')?.CreateDate)
    const since = (date: Date | undefined) => date && Number(date) - start
    return {
      users: users.map(user => [
        user.UserName,
        user.Path,
        user.UserId,
        since(user.CreateDate),
        since(user.PasswordLastUsed),
      ]),
      credentials: credentials.map(row => [
        row.ServiceSpecificCredentialId,
        row.UserName,
        row.ServiceName,
        row.Status,
        since(row.CreateDate),
        since(row.ExpirationDate),
      ]),
      certificates: certificates.map(row => [row.UserName, row.Status, since(row.UploadDate)].join(' ')).toSorted(),
    }
  }

  test('gives the same names, numbers, statuses and offsets from now; another seed does not', async () => {
    await using same = await startSandbox({ users: 200 })
    await using other = await startSandbox({ users: 200, seed: 2 })
    expect(outline(await survey(same))).toEqual(outline(account))
    expect(outline(await survey(other)).users).not.toEqual(outline(account).users)
  })

  test('gives a smaller account the first users of a larger one', async () => {
    await using smaller = await startSandbox({ users: 30 })
    const names = new Set(account.users.map(user => `${user.Path}${user.UserName} ${user.UserId}`))
    for (const user of await listAll(createIamClient(smaller), 'users')) {
      expect(names).toContain(`${user.Path}${user.UserName} ${user.UserId}`)
    }
  })
})

describe('the example', () => {
  test("is alice's certificate, and one that bob can upload", async () => {
    const { example } = sandbox
    expect(example).toMatchObject({ userName: 'alice', uploadUserName: 'bob' })
    const iam = createIamClient(sandbox)
    const { Certificates = [] } = await iam.send(new ListSigningCertificatesCommand({ UserName: example?.userName }))
    expect(Certificates.map(row => [row.CertificateId === example?.certificateId, row.Status])).toEqual([
      [true, 'Active'],
      [false, 'Inactive'],
    ])
    const daysLeft =
      (Date.parse(new X509Certificate(Certificates[1]?.CertificateBody ?? '').validTo) - Date.now()) / DAY
    expect(Math.round(daysLeft)).toBeGreaterThanOrEqual(13)
    expect(Math.round(daysLeft)).toBeLessThanOrEqual(15)
    const services = account.credentials.filter(row => row.UserName === 'alice').map(row => row.ServiceName)
    expect(services.toSorted()).toEqual(['bedrock.amazonaws.com', 'codecommit.amazonaws.com'])

    await using fresh = await startSandbox({ users: 2 })
    expect(fresh.example).toEqual(example)
    const command = { UserName: example?.uploadUserName, CertificateBody: example?.uploadCertificateBody }
    const { Certificate } = await createIamClient(fresh).send(new UploadSigningCertificateCommand(command))
    expect(Certificate).toMatchObject({ UserName: 'bob', Status: 'Active' })
  })

  test.each([
    [0, ['gateway']],
    [1, ['alice', 'gateway']],
    [2, ['alice', 'bob', 'gateway']],
  ])('needs two users; of %i there are %o', async (users, names) => {
    await using small = await startSandbox({ users })
    expect((await listAll(createIamClient(small), 'users')).map(user => user.UserName)).toEqual(names)
    expect(small.example === undefined).toBe(users < 2)
  })
})
