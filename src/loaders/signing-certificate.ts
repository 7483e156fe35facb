import type { Overlaid, Overlay } from '../events/overlay.ts'
import type { AskOptions, IamClient } from '../iam/client.ts'
import { foldUserName, type Page, type PageRequest, type SigningCertificate } from '../iam/model.ts'
import { listSigningCertificates, recallSigningCertificates } from '../iam/signing-certificate.ts'
import { pageKey, recallFirst } from './batch.ts'
import { underOverlay } from './overlaid.ts'

export interface SigningCertificatePageRequest extends PageRequest, Pick<AskOptions, 'onSent'> {
  readonly userName: string
}

const overlaid: Overlaid<SigningCertificate> = {
  kind: 'SigningCertificate',
  idOf: ({ certificateId }) => certificateId,
  // Uploaded since, by IAM's own clock: deleted in between, then, and another one of the same id.
  isNewer: ({ uploadDate }, { changedAt }) => uploadDate > changedAt,
}

export function createSigningCertificateLoaders(iam: IamClient, overlay: Overlay) {
  const { list, recall } = underOverlay<SigningCertificatePageRequest, SigningCertificate>(overlay, overlaid, {
    list: request => listSigningCertificates(iam, request, request),
    recall: request => recallSigningCertificates(iam, request),
  })
  return {
    signingCertificates: recallFirst<SigningCertificatePageRequest, Page<SigningCertificate>>({
      keyOf: request => pageKey(request, foldUserName(request.userName)),
      recall,
      load: list,
    }),
  }
}
