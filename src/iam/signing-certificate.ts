import {
  ListSigningCertificatesCommand,
  type ListSigningCertificatesCommandInput,
  type ListSigningCertificatesCommandOutput,
  type SigningCertificate as SdkSigningCertificate,
  UpdateSigningCertificateCommand,
  UploadSigningCertificateCommand,
} from '@aws-sdk/client-iam'
import { complete, page } from './answer.ts'
import type { Changed } from './change.ts'
import type { AskOptions, IamClient } from './client.ts'
import type { Page, PageRequest, Receipt, SigningCertificate, SigningCertificateStatus } from './model.ts'

/** There is no call for one certificate, nor for several users' at once. */
export function listSigningCertificates(
  iam: IamClient,
  request: SigningCertificatesOf,
  options?: AskOptions,
): Promise<Page<SigningCertificate>> {
  return iam.ask(...listOf(request), options)
}

/** The same page where it is remembered. */
export function recallSigningCertificates(
  iam: IamClient,
  request: SigningCertificatesOf,
): Page<SigningCertificate> | undefined {
  return iam.recall(ListSigningCertificatesCommand, inputOf(request))
}

export interface SigningCertificatesOf extends PageRequest {
  readonly userName: string | undefined
}

/**
 * The answer is always Active, also for a certificate that the user has already, whatever its stored status (IAM.md, B).
 */
export function uploadSigningCertificate(
  iam: IamClient,
  { userName, certificateBody }: { readonly userName: string | undefined; readonly certificateBody: string },
): Promise<Changed<SigningCertificate>> {
  return iam.change(new UploadSigningCertificateCommand({ UserName: userName, CertificateBody: certificateBody }), {
    of: 'SigningCertificate',
    disables: false,
    read: answer => signingCertificate(complete(answer.Certificate, 'Certificate')),
  })
}

export function updateSigningCertificate(
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
  return iam.change(
    new UpdateSigningCertificateCommand({ UserName: userName, CertificateId: certificateId, Status: status }),
    { of: 'SigningCertificate', disables: status === 'Inactive', read: () => undefined },
  )
}

function listOf(request: SigningCertificatesOf) {
  const read = (answer: ListSigningCertificatesCommandOutput) =>
    page(complete(answer.Certificates, 'Certificates').map(signingCertificate), answer, request.marker)
  return [new ListSigningCertificatesCommand(inputOf(request)), read] as const
}

function inputOf({ userName, marker, maxItems }: SigningCertificatesOf): ListSigningCertificatesCommandInput {
  return { UserName: userName, Marker: marker, MaxItems: maxItems }
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
