import { expect, test } from 'vitest'
import { createIamClient } from '../../src/iam/client.ts'
import { listedStatus } from '../../src/iam/listed-status.ts'
import { startTestGateway } from '../gateway.ts'

test('the status of a credential is what IAM lists of it now, on whichever page, and asked anew', async () => {
  await using gateway = await startTestGateway('--sandbox-users=2', '--sandbox-max-page=1')
  const { sandbox } = gateway
  const iam = createIamClient({ endpoint: sandbox.url, region: 'us-east-1', credentials: sandbox.credentials })
  const { data } = await gateway.ask(`{
    user(userName: "alice") {
      signingCertificates { nodes { certificateId status } }
      serviceSpecificCredentials { serviceSpecificCredentialId status }
    }
  }`)
  const { signingCertificates, serviceSpecificCredentials } = data.user
  for (const { certificateId, status } of signingCertificates.nodes) {
    expect((await listedStatus(iam, 'SigningCertificate', 'alice', certificateId))?.toUpperCase()).toBe(status)
  }
  for (const { serviceSpecificCredentialId: id, status } of serviceSpecificCredentials) {
    expect((await listedStatus(iam, 'ServiceSpecificCredential', 'alice', id))?.toUpperCase()).toBe(status)
  }
  const calls = await gateway.callsOf(async () => {
    expect(await listedStatus(iam, 'SigningCertificate', 'alice', 'none')).toBeUndefined()
    expect(await listedStatus(iam, 'SigningCertificate', 'nobody', 'none')).toBeUndefined()
  })
  expect(calls).toContain('ListSigningCertificates alice')
  sandbox.fault({ action: 'ListSigningCertificates', answer: { code: 'AccessDenied', status: 403 } })
  await expect(listedStatus(iam, 'SigningCertificate', 'alice', 'none')).rejects.toMatchObject({ code: 'AccessDenied' })
  await expect(listedStatus(iam, 'Password', 'alice', 'none')).rejects.toThrow('no list of Password')
  iam.destroy()
})
