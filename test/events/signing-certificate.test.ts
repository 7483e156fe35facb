import { expect, test } from 'vitest'
import { acceptsSigningCertificateChange, type SigningCertificateChange } from '../../src/events/signing-certificate.ts'

const change: SigningCertificateChange = {
  kind: 'SigningCertificate',
  userName: 'Ann',
  credentialId: 'A'.repeat(32),
  previousStatus: 'Active',
  status: 'Inactive',
  changedAt: new Date('2026-01-01T00:00:00Z'),
  changedBy: undefined,
  source: 'GATEWAY',
  call: undefined,
}

test.each([
  [{}, true],
  [{ userName: null, certificateId: null }, true],
  [{ userName: 'aNN' }, true],
  [{ userName: 'ben' }, false],
  [{ certificateId: 'A'.repeat(32) }, true],
  [{ certificateId: 'B'.repeat(32) }, false],
  [{ userName: 'ben', certificateId: 'A'.repeat(32) }, false],
])('a change of the certificate is accepted by %j: %s', (filter, accepted) => {
  expect(acceptsSigningCertificateChange(filter)(change)).toBe(accepted)
})
