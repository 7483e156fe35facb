import type { Overlaid, Overlay } from '../events/overlay.ts'
import type { AskOptions, IamClient } from '../iam/client.ts'
import { foldUserName, type Page, type PageRequest, type SigningCertificate } from '../iam/model.ts'
import { listSigningCertificates, recallSigningCertificates } from '../iam/signing-certificate.ts'
import { pageKey, recallFirst } from './batch.ts'

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
  return {
    signingCertificates: recallFirst<SigningCertificatePageRequest, Page<SigningCertificate>>({
      keyOf: request => pageKey(request, foldUserName(request.userName)),
      recall(request) {
        // First, for it lets go of what was remembered under changes that are held no longer.
        const shown = overlay.asking(overlaid)
        const page = recallSigningCertificates(iam, request)
        return page && shown(page)
      },
      async load(request) {
        const shown = overlay.asking(overlaid)
        return shown(await listSigningCertificates(iam, request, request))
      },
    }),
  }
}
