import {
  CreateServiceSpecificCredentialCommand,
  CreateUserCommand,
  DeleteServiceSpecificCredentialCommand,
  DeleteSigningCertificateCommand,
  IAMClient,
  ResetServiceSpecificCredentialCommand,
  UpdateServiceSpecificCredentialCommand,
  UpdateSigningCertificateCommand,
  UploadSigningCertificateCommand,
} from '@aws-sdk/client-iam'
import { expect, test } from 'vitest'
import { startSandbox } from '../../src/sandbox/server.ts'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { runFeed } from './running-feed.ts'

const UserName = 'Alice'

test('whatever is changed in the sandbox by others is told, in its order, and what changes nothing is not', async () => {
  await using sandbox = await startSandbox()
  const { credentials, queueUrl, accountId } = sandbox
  const iam = new IAMClient({ endpoint: sandbox.url, region: 'us-east-1', credentials })
  await iam.send(new CreateUserCommand({ UserName }))
  const CertificateBody = mintCertificate()
  const upload = new UploadSigningCertificateCommand({ UserName: 'alice', CertificateBody })
  const { Certificate: certificate } = await iam.send(upload)
  const { CertificateId } = certificate ?? {}
  await iam.send(new UpdateSigningCertificateCommand({ UserName, CertificateId, Status: 'Inactive' }))
  await expect(
    iam.send(new UpdateSigningCertificateCommand({ UserName: 'nobody', CertificateId, Status: 'Active' })),
  ).rejects.toThrow('cannot be found')
  await iam.send(new DeleteSigningCertificateCommand({ UserName, CertificateId }))
  const create = new CreateServiceSpecificCredentialCommand({ UserName, ServiceName: 'CodeCommit.amazonaws.com' })
  const { ServiceSpecificCredential: credential } = await iam.send(create)
  const { ServiceSpecificCredentialId } = credential ?? {}
  await iam.send(new ResetServiceSpecificCredentialCommand({ UserName, ServiceSpecificCredentialId }))
  await iam.send(
    new UpdateServiceSpecificCredentialCommand({ UserName, ServiceSpecificCredentialId, Status: 'Inactive' }),
  )
  const deletion = await iam.send(new DeleteServiceSpecificCredentialCommand({ UserName, ServiceSpecificCredentialId }))
  iam.destroy()

  await using running = runFeed({ queueUrl, credentials, accountId, expectsDeadLetterQueue: false })
  await running.hasTold(6)
  const told = running.told.map(({ kind, userName, credentialId, status }) => [kind, userName, credentialId, status])
  expect(told).toEqual([
    ['SigningCertificate', UserName, CertificateId, 'Active'],
    ['SigningCertificate', UserName, CertificateId, 'Inactive'],
    ['SigningCertificate', UserName, CertificateId, undefined],
    ['ServiceSpecificCredential', UserName, ServiceSpecificCredentialId, 'Active'],
    ['ServiceSpecificCredential', UserName, ServiceSpecificCredentialId, 'Inactive'],
    ['ServiceSpecificCredential', UserName, ServiceSpecificCredentialId, undefined],
  ])
  expect(running.told[3]).toMatchObject({ serviceName: 'codecommit.amazonaws.com' })
  expect(running.told[5]).toMatchObject({
    changedBy: expect.stringMatching(/:user\//),
    call: {
      api: 'DeleteServiceSpecificCredential',
      requestId: deletion.$metadata.requestId,
      accessKeyId: credentials.accessKeyId,
    },
  })
  expect(running.lines()).toEqual([])
})
