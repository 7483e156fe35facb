import { IamError, iamError } from './errors.ts'
import { wireCode } from './retry.ts'

/** What went wrong while asking. */
export function questionFailure(error: unknown): IamError {
  return answeredFailure(error) ?? IamError.own('IAM_UNREACHABLE', unreachableMessage(error), { cause: error })
}

/** What went wrong while changing: without an answer nobody knows whether IAM did it. */
export function changeFailure(error: unknown): IamError {
  const answered = answeredFailure(error)
  if (answered) return answered
  if (neverSent(error))
    return IamError.own('IAM_UNREACHABLE', `${unreachableMessage(error)} Nothing was changed.`, { cause: error })
  const message = 'IAM did not answer: the change may or may not have been made.'
  return IamError.own('OUTCOME_UNKNOWN', message, { cause: error })
}

export function isSilence(error: IamError): boolean {
  return error.code === 'IAM_UNREACHABLE' || error.code === 'OUTCOME_UNKNOWN'
}

function answeredFailure(error: unknown): IamError | undefined {
  if (error instanceof IamError) return error
  const code = wireCode(error)
  if (code === undefined || !(error instanceof Error)) return undefined
  const requestId = '$metadata' in error ? (error.$metadata as { requestId?: string }).requestId : undefined
  return iamError(code, error.message, requestId ?? null)
}

function unreachableMessage(error: unknown): string {
  return isCredentialsError(error)
    ? 'The gateway has no AWS credentials to ask IAM with.'
    : 'IAM could not be reached, or its answer was not one of IAM.'
}

/** No connection, or no credentials to sign with: the call never left this machine. */
function neverSent(error: unknown): boolean {
  if (isCredentialsError(error)) return true
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'].includes(code)
}

function isCredentialsError(error: unknown): boolean {
  return error instanceof Error && error.name === 'CredentialsProviderError'
}
