import {
  CreateServiceSpecificCredentialCommand,
  CreateUserCommand,
  UploadSigningCertificateCommand,
} from '@aws-sdk/client-iam'
import type { Sandbox } from '../src/sandbox/server.ts'
import { mintCertificate } from '../src/sandbox/x509.ts'
import { createIamClient } from './sandbox/client.ts'

export interface Account extends Disposable {
  readonly iam: ReturnType<typeof createIamClient>
  user(userName: string, path?: string): Promise<void>
  /** Uploads a new certificate, and gives back its id. */
  certificate(userName: string, template?: Parameters<typeof mintCertificate>[0]): Promise<string>
  credential(userName: string, serviceName: string): Promise<string>
}

/** Someone beside the gateway who changes the same account, by the real SDK. */
export function openAccount(sandbox: Sandbox): Account {
  const iam = createIamClient(sandbox)
  return {
    iam,
    async user(UserName, Path) {
      await iam.send(new CreateUserCommand({ UserName, Path }))
    },
    async certificate(UserName, template = {}) {
      const CertificateBody = mintCertificate({ subject: { CN: UserName }, ...template })
      const { Certificate } = await iam.send(new UploadSigningCertificateCommand({ UserName, CertificateBody }))
      return Certificate?.CertificateId ?? ''
    },
    async credential(UserName, ServiceName) {
      const command = new CreateServiceSpecificCredentialCommand({ UserName, ServiceName })
      const { ServiceSpecificCredential } = await iam.send(command)
      return ServiceSpecificCredential?.ServiceSpecificCredentialId ?? ''
    },
    [Symbol.dispose]: () => iam.destroy(),
  }
}
