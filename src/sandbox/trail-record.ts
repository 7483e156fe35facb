import { randomUUID } from 'node:crypto'
import type { Action, Answer } from './actions/action.ts'
import type { Signer } from './authentication.ts'
import { innerName, sentInput } from './constraint.ts'
import { AwsError } from './error.ts'
import { principalArn, principalId, roleArn } from './principal.ts'
import { type Content, formatDate, isList, type Parameters, Secret } from './query-protocol.ts'
import type { ReceivedRequest } from './signature.ts'
import type { Account } from './store.ts'

export interface RecordedCall {
  readonly action: string
  readonly definition: Action
  readonly parameters: Parameters
  readonly requestId: string
  readonly signer: Signer
  readonly request: ReceivedRequest
}

export type RecordOf = (call: RecordedCall, result: Answer | AwsError, eventTime: string) => object

/**
 * CloudTrail's records, of the members that IAM.md lists (grade C). No public sample of the certificates' and the
 * service-specific credentials' records was found: their shape is by analogy with UpdateAccessKey and CreateAccessKey,
 * and made of the call's own parameters and answer, so that a new kind of credential has records without an edit here.
 */
export function createRecorder(account: Account): RecordOf {
  const started = formatDate(new Date())
  return (call, result, eventTime) => ({
    // Every member below has been in records since 1.08: the number itself is a choice.
    eventVersion: '1.10',
    userIdentity: userIdentity(account, call.signer, started),
    eventTime,
    eventSource: 'iam.amazonaws.com',
    eventName: call.action,
    awsRegion: 'us-east-1',
    sourceIPAddress: call.request.source,
    userAgent: call.request.headers.get('user-agent') ?? '',
    ...(result instanceof AwsError ? failure(call, result) : success(call, result)),
    requestID: call.requestId,
    eventID: randomUUID(),
    readOnly: false,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: account.accountId,
    eventCategory: 'Management',
  })
}

/** The session of the sandbox's own role began with it. That `attributes` is empty for OpenID Connect was seen (grade C). */
function userIdentity(account: Account, { principal, accessKeyId }: Signer, sessionStarted: string): object {
  const { accountId } = account
  const who = { principalId: principalId(principal), arn: principalArn(account, principal), accountId, accessKeyId }
  if (principal.kind === 'user') return { type: 'IAMUser', ...who, userName: principal.user.userName }
  const { roleName, roleId, webIdentity } = principal
  const issuer = { principalId: roleId, arn: roleArn(accountId, roleName), accountId }
  const creationDate = webIdentity === undefined ? sessionStarted : formatDate(webIdentity.began)
  return {
    type: 'AssumedRole',
    ...who,
    sessionContext: {
      sessionIssuer: { type: 'Role', ...issuer, userName: roleName },
      ...(webIdentity && { webIdFederationData: { federatedProvider: webIdentity.providerArn, attributes: {} } }),
      attributes: { creationDate, mfaAuthenticated: 'false' },
      // Left out of the JSON where there is none.
      sourceIdentity: webIdentity?.sourceIdentity,
    },
  }
}

function success(call: RecordedCall, answer: Answer): object {
  return { requestParameters: requestParameters(call), responseElements: answer === undefined ? null : said(answer) }
}

/** Of what was denied the parameters are not on record (IAM.md, grade C). */
function failure(call: RecordedCall, error: AwsError): object {
  return {
    errorCode: shapeName(error.code),
    errorMessage: error.text,
    requestParameters: error.code === 'AccessDenied' ? null : requestParameters(call),
    responseElements: null,
  }
}

/** As sent: an implicit user is not named. Null where nothing was sent. */
function requestParameters({ definition, parameters }: RecordedCall): object | null {
  const sent = Object.entries(sentInput(definition.declaration, parameters))
  return sent.length === 0 ? null : Object.fromEntries(sent.map(([name, value]) => [innerName(name), value]))
}

/**
 * An answer's content as CloudTrail writes it. Secrets are hidden in the words it has for passwords: by analogy, for of an
 * access key it leaves the secret out.
 */
function said(content: Content): unknown {
  if (content instanceof Secret) return 'HIDDEN_DUE_TO_SECURITY_REASONS'
  if (content instanceof Date) return formatLongDate(content)
  if (typeof content !== 'object') return content
  if (isList(content)) return content.map(said)
  return Object.fromEntries(Object.entries(content).map(([name, member]) => [innerName(name), said(member)]))
}

/** `Jul 10, 2023 12:24:29 PM`: by hand, for what Intl puts before PM depends on its version. */
function formatLongDate(date: Date): string {
  const [, day, month, year, time = ''] = date.toUTCString().split(' ')
  const hour = date.getUTCHours()
  return `${month} ${Number(day)}, ${year} ${hour % 12 || 12}${time.slice(2)} ${hour < 12 ? 'AM' : 'PM'}`
}

/** CloudTrail names an error by its shape in the AWS API model: the code with a word behind it, but for one. */
function shapeName(code: string): string {
  if (code === 'NotSupportedService') return 'ServiceNotSupportedException'
  return unmodelled.has(code) ? code : `${code}Exception`
}

/** Codes that every service has, which are no shapes of IAM's: that CloudTrail has them as they are is a choice. */
const unmodelled: ReadonlySet<string> = new Set([
  'AccessDenied',
  'ExpiredToken',
  'InternalFailure',
  'MalformedInput',
  'RequestExpired',
  'ServiceUnavailable',
  'ValidationError',
])
