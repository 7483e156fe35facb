import {
  ListSigningCertificatesCommand,
  type SigningCertificate as SdkSigningCertificate,
  UpdateSigningCertificateCommand,
  UploadSigningCertificateCommand,
} from '@aws-sdk/client-iam'
import { complete, page } from './answer.ts'
import type { AskOptions, Changed, IamClient } from './client.ts'
import { changeFailure } from './failure.ts'
import type { Page, PageRequest, Receipt, SigningCertificate, SigningCertificateStatus } from './model.ts'

/** There is no call for one certificate, nor for several users' at once. */
export async function listSigningCertificates(
  iam: IamClient,
  { userName, marker, maxItems }: PageRequest & { readonly userName: string | undefined },
  options?: AskOptions,
): Promise<Page<SigningCertificate>> {
  const command = new ListSigningCertificatesCommand({ UserName: userName, Marker: marker, MaxItems: maxItems })
  const answer = await iam.ask(command, options)
  return page(complete(answer.Certificates, 'Certificates').map(signingCertificate), answer, marker)
}

/**
 * The answer is always Active, also for a certificate that the user has already, whatever its stored status (IAM.md, B).
 */
export async function uploadSigningCertificate(
  iam: IamClient,
  { userName, certificateBody }: { readonly userName: string | undefined; readonly certificateBody: string },
): Promise<Changed<SigningCertificate>> {
  const command = new UploadSigningCertificateCommand({ UserName: userName, CertificateBody: certificateBody })
  const changed = await iam.change(command, { disables: false })
  // An answer without its certificate was not IAM's, and then nobody knows whether IAM made the change.
  if (!changed.output.Certificate) throw changeFailure(undefined)
  return { ...changed, output: signingCertificate(changed.output.Certificate) }
}

export async function updateSigningCertificate(
  iam: IamClient,
  {
    userName,
    certificateId,
    status,
  }: {
    readonly userName: string | undefined
    readonly certificateId: string
    readonly status: SigningCertificateStatus
  },
): Promise<Receipt> {
  const command = new UpdateSigningCertificateCommand({
    UserName: userName,
    CertificateId: certificateId,
    Status: status,
  })
  const { requestId, answeredAt } = await iam.change(command, { disables: status === 'Inactive' })
  return { requestId, answeredAt }
}

function signingCertificate(from: SdkSigningCertificate): SigningCertificate {
  return {
    userName: complete(from.UserName, 'UserName'),
    certificateId: complete(from.CertificateId, 'CertificateId'),
    certificateBody: complete(from.CertificateBody, 'CertificateBody'),
    // A certificate is never Expired: that status is the service-specific credentials' (IAM.md, D).
    status: from.Status === 'Active' ? 'Active' : 'Inactive',
    uploadDate: complete(from.UploadDate, 'UploadDate'),
  }
}
