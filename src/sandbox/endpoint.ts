import { randomUUID } from 'node:crypto'
import type { Action, ActionGroup } from './actions/action.ts'
import { type Authenticate, namedAccessKey, type Signer } from './authentication.ts'
import type { CallLog, SandboxCall } from './call-log.ts'
import { AwsError, awsError } from './error.ts'
import { type FaultRule, type Faults, faultError } from './fault.ts'
import type { Pager } from './marker.ts'
import { principalArn } from './principal.ts'
import { type Api, iam, type Parameters, parseForm, renderAnswer, renderError, sts } from './query-protocol.ts'
import type { RateLimit } from './rate.ts'
import type { Outcome, Reply } from './reply.ts'
import type { ReceivedRequest } from './signature.ts'
import type { Account } from './store.ts'
import type { Trail } from './trail.ts'

export interface EndpointParts {
  readonly account: Account
  readonly groups: readonly ActionGroup[]
  readonly authenticate: Authenticate
  readonly page: Pager
  readonly rateLimit: RateLimit
  readonly faults: Faults
  readonly trail: Trail
  readonly log: CallLog<SandboxCall>
  /** Milliseconds before each answer. */
  readonly latency: number
}

interface ReceivedCall {
  readonly action: string
  readonly version: string
  readonly parameters: Parameters
  readonly api: Api
  readonly requestId: string
  /** Undefined: there is no such action. */
  readonly definition: Action | undefined
  readonly request: ReceivedRequest
}

interface SignedCall extends ReceivedCall {
  readonly signer: Signer
}

/** From a whole request to its answer. An action is performed at once, in order of arrival, however late its answer. */
export function createEndpoint(parts: EndpointParts): (request: ReceivedRequest) => Outcome {
  const actions = new Map(
    parts.groups.flatMap(({ api, actions }) =>
      Object.entries(actions).map(([name, action]): [string, Action] => [`${api.version} ${name}`, action]),
    ),
  )
  return request => {
    const at = performance.now()
    const call = readCall(request, actions)
    const outcome = handle(parts, call)
    const { status, code } = typeof outcome === 'string' ? { status: 0, code: undefined } : outcome
    const { action, parameters, requestId } = call
    parts.log.add({ at, action, parameters, accessKeyId: namedAccessKey(request), requestId, status, code })
    return typeof outcome === 'string' ? outcome : { ...outcome, delay: parts.latency + outcome.delay }
  }
}

/** An answer to what never became a call. */
export function refuse(error: AwsError): Reply {
  return errorReply({ api: iam, requestId: randomUUID() }, error)
}

function readCall(request: ReceivedRequest, actions: ReadonlyMap<string, Action>): ReceivedCall {
  const { Action: action = '', Version: version = '', ...parameters } = parseForm(request.body)
  const api = version === sts.version ? sts : iam
  const definition = actions.get(`${version} ${action}`)
  return { action, version, parameters, api, requestId: randomUUID(), definition, request }
}

/** The order of the checks: who, how often, whether it is to fail, what. */
function handle(parts: EndpointParts, call: ReceivedCall): Outcome {
  let signer: Signer
  try {
    signer = parts.authenticate(call.request, call.api)
    if (!parts.rateLimit.take(call.action)) throw new AwsError('Throttling', 'Rate exceeded')
  } catch (error) {
    return errorReply(call, error)
  }
  const fault = parts.faults.take(call.action, call.parameters)
  const signed = { ...call, signer }
  return fault === undefined ? perform(parts, signed) : fail(parts, signed, fault)
}

function perform(parts: EndpointParts, call: SignedCall, maxPage?: number): Reply {
  const { api, parameters, requestId, definition } = call
  try {
    if (definition === undefined) {
      throw new AwsError('InvalidAction', `Could not find operation ${call.action} for version ${call.version}`)
    }
    const page: Pager = (list, input) => parts.page(list, input, maxPage)
    const answer = definition.perform(parameters, { account: parts.account, caller: call.signer.principal, page })
    parts.trail.note(call, answer)
    return xmlReply(requestId, 200, renderAnswer(api, call.action, answer, requestId))
  } catch (error) {
    return failed(parts, call, error)
  }
}

function fail(parts: EndpointParts, call: SignedCall, { answer, after = false }: FaultRule): Outcome {
  if (typeof answer === 'object' && 'delay' in answer) return { ...perform(parts, call), delay: answer.delay }
  if (typeof answer === 'object' && 'maxPage' in answer) return perform(parts, call, answer.maxPage)
  if (after) perform(parts, call)
  if (typeof answer === 'string') return answer
  if (!('code' in answer)) return { ...answer, requestId: undefined, code: undefined, delay: 0 }
  const callerArn = principalArn(parts.account, call.signer.principal)
  const userName = call.parameters['UserName']
  const resource = userName === undefined ? '*' : `user ${userName}`
  const error = faultError(answer, { callerArn, permission: `iam:${call.action}`, resource }, userName)
  // What was performed is on record as that, whatever the caller is told.
  return after ? errorReply(call, error) : failed(parts, call, error)
}

/** A refusal by IAM itself, which CloudTrail records, too. */
function failed(parts: EndpointParts, call: SignedCall, cause: unknown): Reply {
  const error = awsError(cause)
  parts.trail.note(call, error)
  return errorReply(call, error)
}

function errorReply({ api, requestId }: Pick<ReceivedCall, 'api' | 'requestId'>, cause: unknown): Reply {
  const error = awsError(cause)
  return { ...xmlReply(requestId, error.status, renderError(api, error, requestId)), code: error.code }
}

function xmlReply(requestId: string, status: number, body: string): Reply {
  return { status, contentType: 'text/xml', body, requestId, code: undefined, delay: 0 }
}
