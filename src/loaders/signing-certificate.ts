import type { Overlaid, Overlay } from '../events/overlay.ts'
import type { AskOptions, IamClient } from '../iam/client.ts'
import { foldUserName, type Page, type PageRequest, type SigningCertificate } from '../iam/model.ts'
import { listSigningCertificates } from '../iam/signing-certificate.ts'
import { eachAsItComes, valueKey } from './batch.ts'

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
    signingCertificates: eachAsItComes<SigningCertificatePageRequest, Page<SigningCertificate>>(
      async request => {
        const shown = overlay.asking(overlaid)
        return shown(await listSigningCertificates(iam, request, request))
      },
      ({ userName, marker, maxItems }) => valueKey(foldUserName(userName), marker, maxItems),
    ),
  }
}
