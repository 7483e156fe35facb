import {
  CreateServiceSpecificCredentialCommand,
  DeleteServiceSpecificCredentialCommand,
  DeleteSigningCertificateCommand,
  ResetServiceSpecificCredentialCommand,
  UpdateServiceSpecificCredentialCommand,
  UpdateSigningCertificateCommand,
  UploadSigningCertificateCommand,
} from '@aws-sdk/client-iam'
import { describe, expect, test } from 'vitest'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { bedrock, codecommit } from './credential-account.ts'
import { longDate, startTrail } from './trail.ts'

const hidden = 'HIDDEN_DUE_TO_SECURITY_REASONS'

describe('the records of signing certificates', () => {
  test('upload, update and delete', async () => {
    await using trail = await startTrail()
    const UserName = 'ann'
    const CertificateBody = mintCertificate()
    const { Certificate } = await trail.iam.send(new UploadSigningCertificateCommand({ UserName, CertificateBody }))
    const { CertificateId } = { CertificateId: undefined, ...Certificate }
    await trail.iam.send(new UpdateSigningCertificateCommand({ UserName, CertificateId, Status: 'Inactive' }))
    await trail.iam.send(new DeleteSigningCertificateCommand({ UserName, CertificateId }))
    expect(await trail.records()).toEqual([
      {
        eventName: 'UploadSigningCertificate',
        requestParameters: { userName: 'ann', certificateBody: CertificateBody },
        responseElements: {
          certificate: {
            userName: 'Ann',
            certificateId: CertificateId,
            certificateBody: CertificateBody,
            status: 'Active',
            uploadDate: longDate,
          },
        },
      },
      {
        eventName: 'UpdateSigningCertificate',
        requestParameters: { userName: 'ann', certificateId: CertificateId, status: 'Inactive' },
        responseElements: null,
      },
      {
        eventName: 'DeleteSigningCertificate',
        requestParameters: { userName: 'ann', certificateId: CertificateId },
        responseElements: null,
      },
    ])
  })

  test('do not name an implicit user among the parameters', async () => {
    await using trail = await startTrail()
    const CertificateBody = mintCertificate()
    await trail.iam.send(new UploadSigningCertificateCommand({ CertificateBody }))
    const [record] = await trail.records()
    expect(record?.requestParameters).toEqual({ certificateBody: CertificateBody })
    expect(record?.responseElements).toMatchObject({ certificate: { userName: 'gateway' } })
  })
})

describe('the records of service-specific credentials', () => {
  test('create, update, reset and delete, without their secrets', async () => {
    await using trail = await startTrail()
    const UserName = 'ann'
    const create = { UserName, ServiceName: codecommit }
    const { ServiceSpecificCredential } = await trail.iam.send(new CreateServiceSpecificCredentialCommand(create))
    const { ServiceSpecificCredentialId, ServiceUserName } = { ServiceUserName: '', ...ServiceSpecificCredential }
    const named = { UserName, ServiceSpecificCredentialId }
    await trail.iam.send(new UpdateServiceSpecificCredentialCommand({ ...named, Status: 'Inactive' }))
    await trail.iam.send(new ResetServiceSpecificCredentialCommand(named))
    await trail.iam.send(new DeleteServiceSpecificCredentialCommand(named))
    const requestParameters = { userName: 'ann', serviceSpecificCredentialId: ServiceSpecificCredentialId }
    const serviceSpecificCredential = {
      userName: 'Ann',
      status: 'Active',
      serviceUserName: ServiceUserName,
      servicePassword: hidden,
      createDate: longDate,
      serviceSpecificCredentialId: ServiceSpecificCredentialId,
      serviceName: codecommit,
    }
    expect(await trail.records()).toEqual([
      {
        eventName: 'CreateServiceSpecificCredential',
        requestParameters: { userName: 'ann', serviceName: codecommit },
        responseElements: { serviceSpecificCredential },
      },
      {
        eventName: 'UpdateServiceSpecificCredential',
        requestParameters: { ...requestParameters, status: 'Inactive' },
        responseElements: null,
      },
      {
        eventName: 'ResetServiceSpecificCredential',
        requestParameters,
        responseElements: { serviceSpecificCredential: { ...serviceSpecificCredential, status: 'Inactive' } },
      },
      { eventName: 'DeleteServiceSpecificCredential', requestParameters, responseElements: null },
    ])
  })

  test('hide the secret of an API key, and say its age as a number', async () => {
    await using trail = await startTrail()
    const create = { UserName: 'ann', ServiceName: bedrock, CredentialAgeDays: 30 }
    const { ServiceSpecificCredential } = await trail.iam.send(new CreateServiceSpecificCredentialCommand(create))
    expect(ServiceSpecificCredential?.ServiceCredentialSecret).toMatch(/^ABSK/)
    expect(await trail.records()).toMatchObject([
      {
        requestParameters: { userName: 'ann', serviceName: bedrock, credentialAgeDays: 30 },
        responseElements: {
          serviceSpecificCredential: {
            serviceCredentialAlias: ServiceSpecificCredential?.ServiceCredentialAlias,
            serviceCredentialSecret: hidden,
            expirationDate: longDate,
          },
        },
      },
    ])
  })
})
