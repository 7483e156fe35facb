import { randomUUID } from 'node:crypto'
import type { Action, ActionGroup } from './actions/action.ts'
import type { CallLog } from './call-log.ts'
import { AwsError } from './error.ts'
import { type FaultRule, type Faults, faultError } from './fault.ts'
import type { Pager } from './marker.ts'
import { accessKeys, type Principal, principalArn, type RoleKey } from './principal.ts'
import { type Api, iam, type Parameters, parseForm, renderAnswer, renderError, sts } from './query-protocol.ts'
import type { RateLimit } from './rate.ts'
import { readAuthorization, type SignedRequest, verifySignature } from './signature.ts'
import type { Account } from './store.ts'

/** What becomes of a request: an answer, or none. */
export type Outcome = Reply | 'hang' | 'reset'

export interface Reply {
  readonly status: number
  readonly contentType: string
  readonly body: string
  /** Undefined: not from IAM, as what a proxy on the way says. */
  readonly requestId: string | undefined
  /** The error's, if it is one. */
  readonly code: string | undefined
  /** Milliseconds on top of the sandbox's latency. */
  readonly delay: number
}

export interface EndpointParts {
  readonly account: Account
  readonly groups: readonly ActionGroup[]
  readonly roleKey: RoleKey
  readonly page: Pager
  readonly rateLimit: RateLimit
  readonly faults: Faults
  readonly log: CallLog
}

interface ReceivedCall {
  readonly action: string
  readonly version: string
  readonly parameters: Parameters
  readonly api: Api
  readonly requestId: string
}

/** From a whole request to its answer. An action is performed at once, in order of arrival, however late its answer. */
export function createEndpoint(parts: EndpointParts): (request: SignedRequest) => Outcome {
  const actions = new Map(
    parts.groups.flatMap(({ api, actions }) =>
      Object.entries(actions).map(([name, action]): [string, Action] => [`${api.version} ${name}`, action]),
    ),
  )
  return request => {
    const at = performance.now()
    const call = readCall(request.body)
    const outcome = handle(parts, actions.get(`${call.version} ${call.action}`), call, request)
    const { status, code } = typeof outcome === 'string' ? { status: 0, code: undefined } : outcome
    const { action, parameters, requestId } = call
    parts.log.add({ at, action, parameters, accessKeyId: namedAccessKey(request), requestId, status, code })
    return outcome
  }
}

/** An answer to what never became a call. */
export function refuse(error: AwsError): Reply {
  return errorReply({ api: iam, requestId: randomUUID() }, error)
}

function readCall(body: Buffer): ReceivedCall {
  const { Action: action = '', Version: version = '', ...parameters } = parseForm(body)
  return { action, version, parameters, api: version === sts.version ? sts : iam, requestId: randomUUID() }
}

/** The order of the checks: who, how often, whether it is to fail, what. */
function handle(parts: EndpointParts, action: Action | undefined, call: ReceivedCall, request: SignedRequest): Outcome {
  let caller: Principal
  try {
    caller = authenticate(parts, request, call.api)
    if (!parts.rateLimit.take(call.action)) throw new AwsError('Throttling', 'Rate exceeded')
  } catch (error) {
    return errorReply(call, error)
  }
  const fault = parts.faults.take(call.action, call.parameters)
  return fault === undefined
    ? perform(parts, action, call, caller)
    : fail(fault, call, principalArn(parts.account, caller), maxPage => perform(parts, action, call, caller, maxPage))
}

function authenticate(parts: EndpointParts, request: SignedRequest, api: Api): Principal {
  const authorization = readAuthorization(request.headers)
  const token = request.headers.get('x-amz-security-token')
  const key = parts.account.table(accessKeys).get(authorization.accessKeyId)
  const { roleKey } = parts
  if (key !== undefined && token === undefined) {
    verifySignature(request, authorization, key.secretAccessKey, api)
    return { kind: 'user', user: key.user }
  }
  if (authorization.accessKeyId === roleKey.accessKeyId && token === roleKey.sessionToken) {
    verifySignature(request, authorization, roleKey.secretAccessKey, api)
    return roleKey.principal
  }
  throw new AwsError('InvalidClientTokenId', 'The security token included in the request is invalid')
}

function perform(
  parts: EndpointParts,
  action: Action | undefined,
  call: ReceivedCall,
  caller: Principal,
  maxPage?: number,
): Reply {
  const { api, parameters, requestId } = call
  try {
    if (action === undefined) {
      throw new AwsError('InvalidAction', `Could not find operation ${call.action} for version ${call.version}`)
    }
    const page: Pager = (list, input) => parts.page(list, input, maxPage)
    const answer = action(parameters, { account: parts.account, caller, page })
    return xmlReply(requestId, 200, renderAnswer(api, call.action, answer, requestId))
  } catch (error) {
    return errorReply(call, error)
  }
}

function fail(
  rule: FaultRule,
  call: ReceivedCall,
  callerArn: string,
  performReally: (maxPage?: number) => Reply,
): Outcome {
  const { answer, after = false } = rule
  if (typeof answer === 'object' && 'delay' in answer) return { ...performReally(), delay: answer.delay }
  if (typeof answer === 'object' && 'maxPage' in answer) return performReally(answer.maxPage)
  if (after) performReally()
  if (typeof answer === 'string') return answer
  if ('code' in answer) return errorReply(call, faultError(answer, callerArn, call.action, call.parameters))
  return { ...answer, requestId: undefined, code: undefined, delay: 0 }
}

/** What is not an AwsError is a fault of the sandbox itself: it says so to whoever called. */
function errorReply({ api, requestId }: Pick<ReceivedCall, 'api' | 'requestId'>, cause: unknown): Reply {
  const error = cause instanceof AwsError ? cause : new AwsError('InternalFailure', `The sandbox failed: ${cause}`)
  return { ...xmlReply(requestId, error.status, renderError(api, error, requestId)), code: error.code }
}

function xmlReply(requestId: string, status: number, body: string): Reply {
  return { status, contentType: 'text/xml', body, requestId, code: undefined, delay: 0 }
}

/** For the log, also of a call whose signature turned out wrong. */
function namedAccessKey(request: SignedRequest): string | undefined {
  return /Credential=([^/,\s]+)/.exec(request.headers.get('authorization') ?? '')?.[1]
}
