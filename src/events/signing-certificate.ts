import { foldUserName, type SigningCertificateStatus } from '../iam/model.ts'
import type { NewChange } from './change.ts'
import { type Deed, idOf, type RecordedCall, type RecordReader, statusOf, userNameOf } from './recorded-call.ts'

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

/** CloudTrail's records of the APIs that change a certificate's status. */
export const signingCertificateRecords = new Map<string, RecordReader<SigningCertificateChange>>([
  ['UploadSigningCertificate', uploaded],
  ['UpdateSigningCertificate', call => ({ ...named(call), status: statusOf(call.parameters, ['Active', 'Inactive']) })],
  ['DeleteSigningCertificate', call => ({ ...named(call), status: undefined })],
])

/**
 * `responseElements.certificate`, by analogy. IAM lets a user upload the same certificate again: the answer says
 * Active and the first upload's date, whatever the stored status is and stays (IAM.md, B), so that is no change.
 */
function uploaded(call: RecordedCall): Deed<SigningCertificateChange> | undefined {
  const certificate = call.elements.members('certificate')
  const uploadDate = dateOf(certificate.value('uploadDate'))
  if (uploadDate && uploadDate.getTime() + sameCall < call.recordedAt.getTime()) return undefined
  return {
    kind: 'SigningCertificate',
    userName: userNameOf(call, certificate),
    credentialId: idOf(certificate, 'certificateId'),
    status: 'Active',
  }
}

function named(call: RecordedCall) {
  return {
    kind: 'SigningCertificate',
    userName: userNameOf(call),
    credentialId: idOf(call.parameters, 'certificateId'),
  } as const
}

/** In milliseconds: how much earlier than CloudTrail's time IAM's may be for one upload. A choice. */
const sameCall = 5_000

/**
 * As CloudTrail writes the dates of IAM's answers, `Jul 10, 2023 12:24:29 PM` in UTC (Java's way: newer versions put a
 * comma and a narrow no-break space in it). Undefined: unknown.
 */
function dateOf(value: unknown): Date | undefined {
  if (typeof value !== 'string' || !/^\w{3} \d{1,2}, \d{4},?\s[\d:]{7,8}\s[AP]M$/.test(value)) return undefined
  const date = new Date(`${value.replace(/\s/g, ' ')} UTC`)
  return Number.isNaN(date.getTime()) ? undefined : date
}
