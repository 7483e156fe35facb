import { UpdateServiceSpecificCredentialCommand, UpdateSigningCertificateCommand } from '@aws-sdk/client-iam'
import type { Sandbox } from '../../src/sandbox/server.ts'
import { type Account, openAccount } from '../account.ts'

/** Somebody who changes these new users' credentials, and tells no gateway. */
export async function openUsers(sandbox: Sandbox, ...userNames: string[]): Promise<Account> {
  const account = openAccount(sandbox)
  for (const userName of userNames) await account.user(userName)
  return account
}

export async function disable({ iam }: Account, UserName: string, CertificateId: string): Promise<void> {
  await iam.send(new UpdateSigningCertificateCommand({ UserName, CertificateId, Status: 'Inactive' }))
}

export async function disableCredential({ iam }: Account, UserName: string, id: string): Promise<void> {
  await iam.send(
    new UpdateServiceSpecificCredentialCommand({ UserName, ServiceSpecificCredentialId: id, Status: 'Inactive' }),
  )
}
