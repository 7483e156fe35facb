/** What IAM knows, in the gateway's words. Dates are IAM's own, to the second. */

/** IAM's opaque position in a list: 1–320 characters, forward only. */
export type Marker = string

/** One answer of a List call. IAM may return fewer items than asked, even none, and still be truncated. */
export interface Page<Item> {
  readonly items: readonly Item[]
  /** Where the next page opens; undefined when IAM said that the list ends here. */
  readonly marker: Marker | undefined
}

export interface PageRequest {
  readonly marker: Marker | undefined
  /** 1–1000. */
  readonly maxItems: number
}

export interface User {
  readonly userName: string
  readonly userId: string
  readonly arn: string
  readonly path: string
  readonly createDate: Date
  readonly passwordLastUsed: Date | undefined
}

export type SigningCertificateStatus = 'Active' | 'Inactive'

export interface SigningCertificate {
  readonly userName: string
  readonly certificateId: string
  /** PEM, byte for byte as uploaded. */
  readonly certificateBody: string
  readonly status: SigningCertificateStatus
  readonly uploadDate: Date
}

export type ServiceSpecificCredentialStatus = 'Active' | 'Inactive' | 'Expired'

export interface ServiceSpecificCredential {
  readonly userName: string
  readonly serviceSpecificCredentialId: string
  readonly serviceName: string
  readonly serviceUserName: string | undefined
  readonly serviceCredentialAlias: string | undefined
  readonly status: ServiceSpecificCredentialStatus
  readonly createDate: Date
  readonly expirationDate: Date | undefined
}

/** What IAM said of a change: the request's id, and its own clock when it answered. */
export interface Receipt {
  readonly requestId: string
  readonly answeredAt: Date
  /** Whose signature it carried. */
  readonly accessKeyId: string | undefined
  /** From sending until the answer, by this process's monotonic clock. */
  readonly span: { readonly sentAt: number; readonly answeredAt: number }
}

/**
 * IAM looks names up without regard to case (IAM.md: B, D), so everything that compares them does too. Its names are
 * ASCII: what holds anything else is nobody's, and must not become somebody's, as the Kelvin sign becomes a k.
 */
export function foldUserName(userName: string): string {
  return /^[ -~]*$/.test(userName) ? userName.toLowerCase() : userName
}
