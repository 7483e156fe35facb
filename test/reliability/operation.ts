import { ListSigningCertificatesCommand } from '@aws-sdk/client-iam'
import type { Account } from '../account.ts'
import type { Failure } from './fault-table.ts'

export const setStatus = `mutation ($input: SetSigningCertificateStatusInput!) {
  change: setSigningCertificateStatus(input: $input) {
    __typename
    ... on SetSigningCertificateStatusPayload { signingCertificate { userName certificateId status } }
    ... on IamError { code message requestId }
  }
}`

export const upload = `mutation ($input: UploadSigningCertificateInput!) {
  change: uploadSigningCertificate(input: $input) {
    __typename
    ... on UploadSigningCertificatePayload { signingCertificate { id certificateBody status } }
    ... on IamError { code message requestId }
  }
}`

/** How a field shows a failure. */
export function toldOfRead(failure: Failure) {
  return told(failure, 'IAM could not be reached, or its answer was not one of IAM.')
}

/** How the data of a mutation shows it. */
export function toldOfChange(failure: Failure) {
  const { message, extensions } = told(failure, 'IAM did not answer: the change may or may not have been made.')
  const __typename = failure.code === 'ServiceFailure' ? 'ServiceFailureError' : 'RequestFailedError'
  return { __typename, code: failure.code, message, requestId: extensions.requestId ?? null }
}

/** As IAM has them, asked without the gateway. */
export async function statusesOf({ iam }: Account, UserName: string): Promise<(string | undefined)[]> {
  const { Certificates = [] } = await iam.send(new ListSigningCertificatesCommand({ UserName }))
  return Certificates.map(({ Status }) => Status)
}

function told({ code }: Failure, lost: string): { message: string; extensions: { code: string; requestId?: string } } {
  return code === 'ServiceFailure'
    ? { message: 'Not today.', extensions: { code, requestId: 'of-the-failure' } }
    : { message: lost, extensions: { code } }
}
