import { vi } from 'vitest'
import type { TestGateway } from '../gateway.ts'

export const setStatus = `mutation ($input: SetSigningCertificateStatusInput!) {
  setSigningCertificateStatus(input: $input) { __typename ... on IamError { code message requestId } }
}`
export const subscription = `subscription {
  signingCertificateStatusChanged { userName signingCertificate { userName } }
}`

/** Everybody's certificates: more reads than are under way at once. */
export const sweep = '{ users(first: 1000) { nodes { userName signingCertificates { nodes { id } } } } }'

/** Waits as long as a busy machine takes. */
export async function until(isSo: () => boolean): Promise<void> {
  await vi.waitUntil(isSo, { timeout: 20_000, interval: 5 })
}

/** Nobody waits for IAM, and IAM is asked nothing. */
export async function idle({ gateway: { iam } }: TestGateway): Promise<void> {
  await until(() => iam.pacer.queued + iam.pacer.underWay + iam.sharing.underWay === 0)
}

export function listed({ sandbox }: TestGateway) {
  return sandbox.calls.filter(({ action }) => action === 'ListSigningCertificates')
}

export function inactive({ sandbox: { example } }: TestGateway): object {
  return { input: { userName: example?.userName, certificateId: example?.certificateId, status: 'INACTIVE' } }
}

export function statusOf({ sandbox: { example }, gateway: { events } }: TestGateway): unknown {
  return events.lastTold('SigningCertificate', example?.certificateId ?? '')?.status
}
