import type { GatewayCode } from '../gateway-error.ts'

/**
 * What IAM, or the gateway in its place, refused. `code` is IAM's wire code (`NoSuchEntity`, not the SDK's shape name
 * `NoSuchEntityException`), or one of the gateway's own in capitals. `extensions` is what a field error shows of it:
 * graphql takes it from the original error.
 */
export class IamError extends Error {
  override readonly name: string = 'IamError'
  readonly code: string
  readonly requestId: string | null
  /** The HTTP status of IAM's answer; undefined where there was none. */
  readonly status: number | undefined

  constructor(code: string, message: string, requestId: string | null = null, options: IamErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.requestId = requestId
    this.status = options.status
  }

  get extensions(): { code: string; requestId?: string } {
    return this.requestId === null ? { code: this.code } : { code: this.code, requestId: this.requestId }
  }

  /** A refusal by the gateway where IAM would have had to answer. */
  static own(code: GatewayCode, message: string, options?: ErrorOptions): IamError {
    return new IamError(code, message, null, options)
  }
}

export interface IamErrorOptions extends ErrorOptions {
  readonly status?: number | undefined
}

type IamErrorClass = new (code: string, message: string, requestId: string | null, options: IamErrorOptions) => IamError

export class NoSuchEntityError extends IamError {}
export class LimitExceededError extends IamError {}
export class EntityAlreadyExistsError extends IamError {}
export class MalformedCertificateError extends IamError {}
export class InvalidCertificateError extends IamError {}
export class DuplicateCertificateError extends IamError {}
export class ConcurrentModificationError extends IamError {}
export class InvalidInputError extends IamError {}
export class ServiceFailureError extends IamError {}
export class ValidationError extends IamError {}
export class AccessDeniedError extends IamError {}
export class ThrottlingError extends IamError {}

const classOfCode = new Map<string, IamErrorClass>([
  ['NoSuchEntity', NoSuchEntityError],
  ['LimitExceeded', LimitExceededError],
  ['EntityAlreadyExists', EntityAlreadyExistsError],
  ['MalformedCertificate', MalformedCertificateError],
  ['InvalidCertificate', InvalidCertificateError],
  ['DuplicateCertificate', DuplicateCertificateError],
  ['ConcurrentModification', ConcurrentModificationError],
  ['InvalidInput', InvalidInputError],
  ['ServiceFailure', ServiceFailureError],
  ['ValidationError', ValidationError],
  ['AccessDenied', AccessDeniedError],
  ['Throttling', ThrottlingError],
])

export function iamError(code: string, message: string, requestId: string | null, status?: number): IamError {
  return new (classOfCode.get(code) ?? IamError)(code, withoutSecret(message), requestId, { status })
}

/** True where IAM judged the question itself: asking again, or later, would not help. */
export function isRefusal(error: unknown): error is IamError {
  return error instanceof IamError && (error.status ?? 0) < 500 && !passingCodes.has(error.code)
}

const passingCodes = new Set<string>([
  'Throttling',
  'ServiceFailure',
  'InternalFailure',
  'ServiceUnavailable',
  'RequestExpired',
  'OUTCOME_UNKNOWN',
  'IAM_UNREACHABLE',
])

/**
 * IAM repeats the whole submitted body in "Certificate <body> is malformed.", and AWS, where a signature is wrong, the
 * request that should have been signed, with its session token. Whatever was sent as either, or looks like a JWT, a
 * message tells that it was there, not what it was.
 */
export function withoutSecret(message: string): string {
  return message
    .replace(/\b(Certificate )[\s\S]*( is malformed\.)/, '$1<body cut>$2')
    .replace(/-----BEGIN [\s\S]*?(?:-----END [^-]*-----|$)/g, '<body cut>')
    .replace(/(x-amz-security-token[:=]\s*)[^\s'"&]+/gi, '$1<token cut>')
    .replace(/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '<token cut>')
}
