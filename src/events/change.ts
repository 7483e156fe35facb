import { foldUserName } from '../iam/model.ts'

/** Who learnt of a change first: the gateway by making it, CloudTrail's record of it, or a comparison of lists. */
export type ChangeSource = 'GATEWAY' | 'CLOUDTRAIL' | 'RECONCILIATION'

/** The call that made a change at AWS. */
export interface ApiCall {
  /** As IAM and CloudTrail name it: `UpdateSigningCertificate`. */
  readonly api: string
  readonly requestId: string
  /** Whose signature it carried, where known. */
  readonly accessKeyId: string | undefined
  /** When it was under way. Only of the gateway's own calls. */
  readonly span?: Span | undefined
}

/** By the monotonic clock of one process: comparable with nothing but spans of the same process. */
export interface Span {
  readonly sentAt: number
  readonly answeredAt: number
}

/** A status change of one credential, as it is published. What a kind adds to it is text. */
export interface NewChange<Kind extends string = string, Status extends string = string> {
  readonly kind: Kind
  readonly userName: string
  /** IAM's id of the credential. */
  readonly credentialId: string
  /** Undefined: not known, or the credential is new. */
  readonly previousStatus: Status | undefined
  /** Undefined: the credential was deleted. */
  readonly status: Status | undefined
  /** By IAM's clock, never this machine's. */
  readonly changedAt: Date
  /** Who did it, as an ARN or a token's subject, where known. */
  readonly changedBy: string | undefined
  readonly source: ChangeSource
  /** Undefined: not known, for the change was found by comparison. */
  readonly call: ApiCall | undefined
}

/** A change that was told: everything that subscribers see of it. */
export type Told<Change extends NewChange> = Change & {
  /** Opaque; later changes follow it. */
  readonly id: string
  /** A newer change of the same credential was told already: for the record, not for the state. */
  readonly superseded: boolean
}

/** Of one user's: a certificate deleted from one user and uploaded to another keeps its id. */
export function credentialKey({ kind, userName, credentialId }: NewChange): string {
  return `${kind} ${foldUserName(userName)} ${credentialId}`
}

/** Of two changes with the same one, one is the other told again. One request may change several credentials. */
export function callKey({ call, credentialId }: NewChange): string | undefined {
  return call && `${call.requestId} ${call.api} ${credentialId}`
}

/** What every kind's change says. */
export function baseOf(change: NewChange): NewChange {
  const { kind, userName, credentialId, previousStatus, status, changedAt, changedBy, source, call } = change
  return { kind, userName, credentialId, previousStatus, status, changedAt, changedBy, source, call }
}

/** What a change says beyond that, where it is known. */
export function detailOf(change: NewChange): Readonly<Record<string, string>> {
  const base = baseOf(change)
  const members = Object.entries(change).filter(([name, value]) => !(name in base) && typeof value === 'string')
  return Object.fromEntries(members)
}
