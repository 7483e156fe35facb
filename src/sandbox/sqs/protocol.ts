import { createHash } from 'node:crypto'
import type { AwsError } from '../error.ts'
import type { Reply } from '../reply.ts'
import type { SignedRequest, SigningScope } from '../signature.ts'

/** SQS by the AWS JSON 1.0 protocol: the only one that the SDKs of today speak to it, always by `POST /`. */
export const sqs: SigningScope = { service: 'sqs', region: undefined }

export type Input = Readonly<Record<string, unknown>>

/** The action a request asks SQS for; undefined: it is none of SQS's. */
export function readTarget(request: SignedRequest): string | undefined {
  const target = request.headers.get('x-amz-target')
  return target?.startsWith(TARGET) ? target.slice(TARGET.length) : undefined
}

/** Undefined: not a JSON object. */
export function parseInput(body: Buffer): Input | undefined {
  try {
    const input: unknown = JSON.parse(body.toString('utf8'))
    return isInput(input) ? input : undefined
  } catch {
    return undefined
  }
}

export function answerReply(requestId: string, answer: object | undefined): Reply {
  return reply(requestId, 200, answer === undefined ? '' : JSON.stringify(answer))
}

/** SDKs that knew SQS's former protocol show the code of the header, others the shape of the body. */
export function errorReply(requestId: string, error: AwsError): Reply {
  const { type, code } = wireNames(error.code)
  const fault = error.status < 500 ? 'Sender' : 'Receiver'
  return {
    ...reply(requestId, error.status, JSON.stringify({ __type: type, message: error.text })),
    headers: { 'x-amzn-query-error': `${code};${fault}` },
    code: error.code,
  }
}

export function md5(text: string): string {
  return createHash('md5').update(text, 'utf8').digest('hex')
}

const TARGET = 'AmazonSQS.'

function isInput(input: unknown): input is Input {
  return typeof input === 'object' && input !== null && !Array.isArray(input)
}

function reply(requestId: string, status: number, body: string): Reply {
  return { status, contentType: 'application/x-amz-json-1.0', body, requestId, code: undefined, delay: 0 }
}

interface WireNames {
  /** The shape, in the body. */
  readonly type: string
  /** That of the former Query protocol, in the header. */
  readonly code: string
}

function wireNames(code: string): WireNames {
  const own = ownShapes[code]
  if (own !== undefined) return { type: `com.amazonaws.sqs#${code}`, code: own }
  return { type: `com.amazon.coral.service#${frontShapes[code] ?? code}`, code }
}

/** By SQS's developer guide (grade D). */
const ownShapes: Readonly<Record<string, string>> = {
  InvalidAttributeName: 'InvalidAttributeName',
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
  ReceiptHandleIsInvalid: 'ReceiptHandleIsInvalid',
}

/** What stands before every AWS service. InvalidSignatureException was captured live, with 403; the others by analogy. */
const frontShapes: Readonly<Record<string, string>> = {
  AccessDenied: 'AccessDeniedException',
  IncompleteSignature: 'IncompleteSignatureException',
  InvalidClientTokenId: 'UnrecognizedClientException',
  InvalidParameterValue: 'InvalidParameterValueException',
  MissingAuthenticationToken: 'MissingAuthenticationTokenException',
  MissingParameter: 'MissingRequiredParameterException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
}
