import { DeleteSigningCertificateCommand, UploadSigningCertificateCommand } from '@aws-sdk/client-iam'
import { expect, test } from 'vitest'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { type Account, openAccount } from '../account.ts'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { setStatus, toldDuring, upload } from './changing.ts'

test('the same upload twice at once is told once', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  const input = { userName: 'gateway', certificateBody: mintCertificate() }
  const told = await toldDuring(gateway.gateway.events, () =>
    Promise.all([gateway.ask(upload, { input }), gateway.ask(upload, { input })]),
  )
  expect(told).toMatchObject([{ userName: 'gateway', status: 'Active' }])
})

test('a certificate that went from one user to another is told as the one who has it now', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  using account = openAccount(gateway.sandbox)
  const { certificateId, certificateBody } = await aliceHad(gateway, account)
  await account.iam.send(new UploadSigningCertificateCommand({ UserName: 'bob', CertificateBody: certificateBody }))
  gateway.sandbox.fault({ action: 'ListSigningCertificates', answer: { code: 'AccessDenied', status: 403 } })
  const told = await toldDuring(gateway.gateway.events, () =>
    gateway.ask(setStatus, { input: { userName: 'bob', certificateId, status: 'INACTIVE' } }),
  )
  expect(told).toMatchObject([{ userName: 'bob', previousStatus: undefined, status: 'Inactive' }])
})

test("an upload is told for its user though the same certificate was another's before", async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  using account = openAccount(gateway.sandbox)
  const { certificateId, certificateBody } = await aliceHad(gateway, account)
  const told = await toldDuring(gateway.gateway.events, () =>
    gateway.ask(upload, { input: { userName: 'bob', certificateBody } }),
  )
  expect(told).toMatchObject([{ userName: 'bob', credentialId: certificateId, status: 'Active' }])
})

/** A certificate that alice uploaded through the gateway and lost to somebody beside it; bob is there to have it next. */
async function aliceHad(gateway: TestGateway, account: Account) {
  await account.user('alice')
  await account.user('bob')
  const certificateBody = mintCertificate()
  const { data } = await gateway.ask(upload, { input: { userName: 'alice', certificateBody } })
  const { certificateId } = data.result.signingCertificate
  await account.iam.send(new DeleteSigningCertificateCommand({ UserName: 'alice', CertificateId: certificateId }))
  return { certificateId, certificateBody }
}
