import type { Context } from '../context.ts'
import type { SigningCertificateChange } from '../events/signing-certificate.ts'
import { IamError } from '../iam/errors.ts'
import { foldUserName, type Receipt, type SigningCertificate, type SigningCertificateStatus } from '../iam/model.ts'
import {
  listSigningCertificates,
  updateSigningCertificate,
  uploadSigningCertificate,
} from '../iam/signing-certificate.ts'
import { getUser } from '../iam/user.ts'

/** How long a change waits for a question beside it, in milliseconds. */
const patience = 2_000

/**
 * Sets the status and tells of it. The list before it is only for the previous status and the rest of the answer: the
 * update is made whatever the list says, for it may be stale, and disabling must not wait for it. Undefined where the
 * list does not show the certificate.
 */
export async function setStatus(
  context: Context,
  userName: string | undefined,
  certificateId: string,
  status: SigningCertificateStatus,
): Promise<SigningCertificate | undefined> {
  const listed = await lookUp(context, userName, certificateId)
  const receipt = await updateSigningCertificate(context.iam, { userName, certificateId, status })
  const told = lastTold(context, listed?.userName ?? userName, certificateId)
  const previousStatus = [listed?.status, told?.status].find(known => known !== undefined && known !== status)
  await tell(context, listed?.userName ?? told?.userName ?? userName, {
    api: 'UpdateSigningCertificate',
    certificateId,
    previousStatus,
    status,
    receipt,
    // Only where the list and what was told, if anything, both had that status already.
    isQuiet: listed?.status === status && (told === undefined || told.status === status),
  })
  return listed && { ...listed, status }
}

/**
 * Uploads and tells of it, but for a certificate that the user has already: IAM then answers Active and the first
 * upload's date, whatever the stored status is and stays (IAM.md, B). So its status comes from the list.
 */
export async function upload(
  context: Context,
  userName: string | undefined,
  certificateBody: string,
): Promise<SigningCertificate> {
  if (/PRIVATE KEY/i.test(certificateBody)) {
    throw IamError.own(
      'PRIVATE_KEY_REFUSED',
      'certificateBody: expected a certificate alone, got a private key with it. It was not sent to IAM; consider the ' +
        'key exposed to whatever it passed on its way here.',
    )
  }
  const { value: uploaded, ...receipt } = await uploadSigningCertificate(context.iam, { userName, certificateBody })
  const { certificateId, uploadDate } = uploaded
  const { span } = receipt
  const listed = await lookUp(context, userName, certificateId)
  // Asked last: the same upload beside this one, or a disable, may have been told while the list was on its way.
  const told = lastTold(context, uploaded.userName, certificateId)
  // A row with another date is a stale one, of a certificate deleted meanwhile.
  const stored = listed?.uploadDate.getTime() === uploadDate.getTime() ? listed.status : undefined
  const existed =
    stored === 'Inactive' ||
    (told?.status !== undefined && uploadDate <= told.changedAt) ||
    // Older than the call by IAM's own clock, whose dates are cut to the second.
    uploadDate.getTime() + 1_000 < receipt.answeredAt.getTime() - (span.answeredAt - span.sentAt)
  // What was told of it is for those to know who may list it, as the gateway itself may.
  const known = context.iam.session === undefined ? told?.status : undefined
  if (existed) return { ...uploaded, status: stored ?? known ?? uploaded.status }
  await tell(context, uploaded.userName, {
    api: 'UploadSigningCertificate',
    certificateId,
    previousStatus: undefined,
    status: 'Active',
    receipt,
    isQuiet: false,
  })
  return uploaded
}

/** A certificate deleted from one user and uploaded to another keeps its id: what was told of the first says nothing. */
function lastTold({ events }: Context, owner: string | undefined, certificateId: string) {
  const told = events.lastTold('SigningCertificate', certificateId) as SigningCertificateChange | undefined
  return told && owner !== undefined && foldUserName(told.userName) === foldUserName(owner) ? told : undefined
}

/** Undefined where the list fails, takes too long or does not show the certificate: none of it stops a change. */
async function lookUp(
  { iam, log }: Context,
  userName: string | undefined,
  certificateId: string,
): Promise<SigningCertificate | undefined> {
  const signal = AbortSignal.timeout(patience)
  try {
    for (let marker: string | undefined; ; ) {
      const page = await listSigningCertificates(iam, { userName, marker, maxItems: 100 }, { signal, urgent: true })
      const found = page.items.find(certificate => certificate.certificateId === certificateId)
      if (found || page.marker === undefined) return found
      marker = page.marker
    }
  } catch (error) {
    log.info(
      { code: error instanceof IamError ? error.code : 'timeout' },
      'no list beside a change: its previous status is unknown',
    )
    return undefined
  }
}

async function tell(
  context: Context,
  userName: string | undefined,
  change: {
    readonly api: string
    readonly certificateId: string
    readonly previousStatus: SigningCertificateStatus | undefined
    readonly status: SigningCertificateStatus
    readonly receipt: Receipt
    /** It seems to have changed nothing. */
    readonly isQuiet: boolean
  },
): Promise<void> {
  const owner = userName ?? (await implicitUserName(context))
  if (owner === undefined) return
  const { requestId, answeredAt, accessKeyId, span } = change.receipt
  const made: SigningCertificateChange = {
    kind: 'SigningCertificate',
    userName: owner,
    credentialId: change.certificateId,
    previousStatus: change.previousStatus,
    status: change.status,
    changedAt: answeredAt,
    changedBy: context.changedBy,
    source: 'GATEWAY',
    call: { api: change.api, requestId, accessKeyId, span },
  }
  await (change.isQuiet ? context.events.note(made) : context.events.publish(made))
}

/** The change is made: where IAM will not say whose it is, that is no reason to answer that it failed. */
async function implicitUserName({ iam, log }: Context): Promise<string | undefined> {
  try {
    return (await getUser(iam, undefined, { signal: AbortSignal.timeout(patience), urgent: true })).userName
  } catch (error) {
    log.warn({ err: error }, 'a change of the implicit user was made but not told: IAM did not say who that is')
    return undefined
  }
}
