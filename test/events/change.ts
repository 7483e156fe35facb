import type { ApiCall, NewChange } from '../../src/events/change.ts'

let calls = 0

/** A change of ann's certificate, made by a call of its own. */
export function aChange(of: Partial<NewChange> = {}): NewChange {
  return {
    kind: 'SigningCertificate',
    userName: 'ann',
    credentialId: 'certificate',
    previousStatus: undefined,
    status: 'Active',
    changedAt: at(0),
    changedBy: undefined,
    source: 'GATEWAY',
    call: aCall(),
    ...of,
  }
}

export function aCall(of: Partial<ApiCall> = {}): ApiCall {
  return { api: 'UpdateSigningCertificate', requestId: `request-${++calls}`, accessKeyId: 'AKIAGATEWAY', ...of }
}

/** So many seconds later. */
export function at(seconds: number): Date {
  return new Date(Date.UTC(2026, 0, 1, 12, 0, 0) + seconds * 1000)
}
