import { IamError, iamError } from './errors.ts'

/** What became of an attempt that did not succeed. */
export type Fate =
  /** IAM did nothing, and will if it is asked again. */
  | 'deferred'
  /** IAM judged the call. */
  | 'refused'
  /** IAM said that it failed: whether before or behind the change, it did not say. */
  | 'failed'
  /** The call never left this machine. */
  | 'unsent'
  /** No answer, or one that is not IAM's. */
  | 'lost'

export function fateOf(error: unknown): Fate {
  // Before IAM was asked: STS gave nothing to sign with.
  if (error instanceof IamError && !isSilence(error)) return 'refused'
  if (error instanceof URIError) return 'refused'
  const code = wireCode(error)
  if (code === undefined) return neverLeft(error) ? 'unsent' : 'lost'
  if (isThrottling(error) || (clockCodes.has(code) && isClockCorrected(error))) return 'deferred'
  return (metadataOf(error).httpStatusCode ?? 0) >= 500 ? 'failed' : 'refused'
}

/** By the code alone: the SDK counts the quota error LimitExceeded as throttling, too (measured). */
export function isThrottling(error: unknown): boolean {
  return wireCode(error) === 'Throttling'
}

/** AWS does not know the credentials that signed the call, or not any more: it looked at nothing else of it. */
export function isSignerRefused(error: unknown): boolean {
  return signerCodes.has(wireCode(error) ?? '')
}

/** Whether a question may be answered if it is asked again. Without credentials there is nothing to ask with. */
export function mayPass(error: unknown): boolean {
  return fateOf(error) !== 'refused' && !isCredentialsError(error)
}

/** What went wrong while asking. */
export function questionFailure(error: unknown): IamError {
  return error instanceof IamError ? error : (answered(error) ?? unreachable(error))
}

/**
 * What went wrong while changing. `doubtful`: nobody knows what became of an earlier attempt, so that the last one not
 * being made does not mean that nothing was changed.
 */
export function changeFailure(error: unknown, doubtful: boolean): IamError {
  const fate = fateOf(error)
  if (fate === 'unsent' && !doubtful) return unreachable(error, ' Nothing was changed.')
  // Where an earlier attempt may have been made, only a missing certificate is certain: nothing is there to be active.
  const certain = !doubtful || fate === 'failed' || wireCode(error) === 'NoSuchEntity'
  const told = certain ? answered(error) : undefined
  if (told) return told
  const message = 'IAM did not answer: the change may or may not have been made.'
  return IamError.own('OUTCOME_UNKNOWN', message, { cause: error })
}

export function isSilence(error: IamError): boolean {
  return error.code === 'IAM_UNREACHABLE' || error.code === 'OUTCOME_UNKNOWN'
}

/** `error.name` is the SDK's shape name; the code on the wire is `error.Code`. Undefined: IAM did not answer. */
export function wireCode(error: unknown): string | undefined {
  const code: unknown = typeof error === 'object' && error !== null && 'Code' in error ? error.Code : undefined
  return typeof code === 'string' && /^[\w.]{1,128}$/.test(code) ? code : undefined
}

/** Signed by a clock that was wrong: the SDK has set its own by IAM's by now. */
const clockCodes = new Set(['SignatureDoesNotMatch', 'RequestExpired', 'RequestTimeTooSkewed'])

const signerCodes = new Set(['InvalidClientTokenId', 'ExpiredToken'])

function isClockCorrected(error: unknown): boolean {
  return metadataOf(error).clockSkewCorrected === true
}

function metadataOf(error: unknown): {
  readonly requestId?: string
  readonly httpStatusCode?: number
  readonly clockSkewCorrected?: boolean
} {
  return error instanceof Error && '$metadata' in error && error.$metadata ? error.$metadata : {}
}

/**
 * No credentials to sign with, no address, or no connection. The code alone does not tell: a connection that broke
 * after the call was sent may end in the same EHOSTUNREACH. Several addresses that all failed are an AggregateError.
 */
function neverLeft(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(neverLeft)
  if (isCredentialsError(error)) return true
  if (!(error instanceof Error)) return false
  if ('code' in error && error.code === 'UND_ERR_CONNECT_TIMEOUT') return true
  return 'syscall' in error && /^(connect|getaddrinfo)$/.test(String(error.syscall))
}

function isCredentialsError(error: unknown): boolean {
  return error instanceof Error && error.name === 'CredentialsProviderError'
}

function answered(error: unknown): IamError | undefined {
  // The SDK's: half of a surrogate pair cannot be sent. No such text is anything's name, which IAM would say so.
  if (error instanceof URIError) return iamError('ValidationError', 'A value is not well-formed Unicode.', null, 400)
  if (error instanceof IamError && !isSilence(error)) return error
  const code = wireCode(error)
  if (code === undefined || !(error instanceof Error)) return undefined
  const { requestId, httpStatusCode } = metadataOf(error)
  // Elements in the place of words are an object, whatever its type says.
  const message = typeof error.message === 'string' ? error.message : code
  return iamError(code, message, requestId ?? null, httpStatusCode)
}

function unreachable(error: unknown, consequence = ''): IamError {
  const message = isCredentialsError(error)
    ? 'The gateway has no AWS credentials to ask IAM with.'
    : 'IAM could not be reached, or its answer was not one of IAM.'
  return IamError.own('IAM_UNREACHABLE', message + consequence, { cause: error })
}
