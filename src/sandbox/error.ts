/** An error answer of AWS: thrown anywhere while a call is handled, written out by query-protocol.ts. */
export class AwsError extends Error {
  override readonly name = 'AwsError'
  readonly code: string
  readonly status: number
  /** Undefined: the answer has no Message element at all (IAM.md: GetCredentialReport, grade A). */
  readonly text: string | undefined

  constructor(code: string, text?: string, status: number = statusOf(code)) {
    super(text ?? code)
    this.code = code
    this.status = status
    this.text = text
  }
}

/** What is not an AwsError is a fault of the sandbox itself: it says so to whoever called. */
export function awsError(cause: unknown): AwsError {
  return cause instanceof AwsError ? cause : new AwsError('InternalFailure', `The sandbox failed: ${cause}`)
}

export function statusOf(code: string): number {
  return statuses[code] ?? 400
}

/** The codes that are not 400; from the AWS API model and, for those outside it, from answers seen in public. */
const statuses: Readonly<Record<string, number>> = {
  AccessDenied: 403,
  ConcurrentModification: 409,
  DeleteConflict: 409,
  DuplicateCertificate: 409,
  EntityAlreadyExists: 409,
  ExpiredToken: 403,
  IDPRejectedClaim: 403,
  InternalFailure: 500,
  InvalidClientTokenId: 403,
  LimitExceeded: 409,
  MissingAuthenticationToken: 403,
  NoSuchEntity: 404,
  ReportExpired: 410,
  ReportInProgress: 404,
  ReportNotPresent: 410,
  RequestEntityTooLarge: 413,
  RequestExpired: 400,
  ServiceFailure: 500,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
  UnknownOperationException: 404,
}
