import type { SigningCertificateChange } from '../../src/events/signing-certificate.ts'

/** A change to publish, where no mutation is what the test is about. */
export function aChange(of: Partial<SigningCertificateChange> = {}): SigningCertificateChange {
  return {
    kind: 'SigningCertificate',
    userName: 'alice',
    credentialId: 'CERTIFICATEOFALICE0000000',
    previousStatus: 'Active',
    status: 'Inactive',
    changedAt: new Date('2026-09-11T13:15:06Z'),
    changedBy: undefined,
    source: 'GATEWAY',
    call: undefined,
    ...of,
  }
}
