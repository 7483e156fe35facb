import { foldUserName, type SigningCertificateStatus } from '../iam/model.ts'
import type { NewChange } from './change.ts'

export type SigningCertificateChange = NewChange<'SigningCertificate', SigningCertificateStatus>

export interface SigningCertificateFilter {
  readonly userName?: string | null | undefined
  readonly certificateId?: string | null | undefined
}

/** What a filter leaves out means all. */
export function acceptsSigningCertificateChange({ userName, certificateId }: SigningCertificateFilter) {
  return (change: NewChange): change is SigningCertificateChange =>
    change.kind === 'SigningCertificate' &&
    (userName == null || foldUserName(userName) === foldUserName(change.userName)) &&
    (certificateId == null || certificateId === change.credentialId)
}
