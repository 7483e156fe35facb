import { expect, test } from 'vitest'
import {
  acceptsServiceSpecificCredentialChange,
  type ServiceSpecificCredentialChange,
} from '../../src/events/service-specific-credential.ts'
import { acceptsSigningCertificateChange } from '../../src/events/signing-certificate.ts'

const change: ServiceSpecificCredentialChange = {
  kind: 'ServiceSpecificCredential',
  userName: 'Ann',
  credentialId: 'ACCAAAAAAAAAAAAAAAAAA',
  serviceName: 'codecommit.amazonaws.com',
  previousStatus: 'Active',
  status: 'Inactive',
  changedAt: new Date('2026-01-01T00:00:00Z'),
  changedBy: undefined,
  source: 'GATEWAY',
  call: undefined,
}

test.each([
  [{}, true],
  [{ userName: null, serviceName: null }, true],
  [{ userName: 'ANN' }, true],
  [{ userName: 'ben' }, false],
  [{ serviceName: 'CodeCommit.amazonaws.com' }, true],
  [{ serviceName: 'bedrock.amazonaws.com' }, false],
  [{ userName: 'ann', serviceName: 'bedrock.amazonaws.com' }, false],
])('a change of the credential is accepted by %j: %s', (filter, accepted) => {
  expect(acceptsServiceSpecificCredentialChange(filter)(change)).toBe(accepted)
})

test('a change whose service is not known is told to whoever watches any service', () => {
  const unknown: ServiceSpecificCredentialChange = { ...change, serviceName: undefined }
  expect(acceptsServiceSpecificCredentialChange({ serviceName: 'bedrock.amazonaws.com' })(unknown)).toBe(true)
})

test('a change of another kind is accepted by neither', () => {
  expect(acceptsSigningCertificateChange({})(change)).toBe(false)
  expect(acceptsServiceSpecificCredentialChange({})({ ...change, kind: 'SigningCertificate' })).toBe(false)
})
