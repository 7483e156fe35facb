/** Who learnt of a change first: the gateway by making it, CloudTrail's record of it, or a comparison of lists. */
export type ChangeSource = 'GATEWAY' | 'CLOUDTRAIL' | 'RECONCILIATION'

/** A status change of one credential, as it is published. */
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
}

/** A change that was told: everything that subscribers see of it. */
export type Told<Change extends NewChange> = Change & {
  /** Opaque; later changes follow it. */
  readonly id: string
  /** A newer change of the same credential was told already: for the record, not for the state. */
  readonly superseded: boolean
}
