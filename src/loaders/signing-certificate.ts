import type { IamClient } from '../iam/client.ts'
import { foldUserName, type Page, type PageRequest, type SigningCertificate } from '../iam/model.ts'
import { listSigningCertificates } from '../iam/signing-certificate.ts'
import { eachAlone, valueKey } from './batch.ts'

export interface SigningCertificatePageRequest extends PageRequest {
  readonly userName: string
}

export function createSigningCertificateLoaders(iam: IamClient) {
  return {
    signingCertificates: eachAlone<SigningCertificatePageRequest, Page<SigningCertificate>>(
      request => listSigningCertificates(iam, request),
      ({ userName, marker, maxItems }) => valueKey(foldUserName(userName), marker, maxItems),
    ),
  }
}
