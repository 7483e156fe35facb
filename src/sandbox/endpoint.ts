import { randomUUID } from 'node:crypto'
import { checkAccess, targetOf } from './access.ts'
import type { Action, ActionGroup, Answer, OpenAction } from './actions/action.ts'
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
  /** Undefined, as `open`: there is no such action. */
  readonly definition: Action | undefined
  readonly open: OpenAction | undefined
  readonly request: ReceivedRequest
}

interface CheckedCall extends ReceivedCall {
  /** Undefined: the action is one that nobody signs. */
  readonly signer: Signer | undefined
}

/**
 * From a whole request to its answer. An action is performed at once, in order of arrival, however late its answer: only
 * an open one may have to wait for somebody else.
 */
export function createEndpoint(parts: EndpointParts): (request: ReceivedRequest) => Promise<Outcome> {
  const actions = byName(parts.groups, ({ actions }) => actions)
  const open = byName(parts.groups, group => group.open ?? {})
  return async request => {
    const at = performance.now()
    const call = readCall(request, actions, open)
    const { action, parameters, requestId } = call
    const entry: SandboxCall = {
      at,
      action,
      parameters,
      accessKeyId: namedAccessKey(request),
      callerArn: undefined,
      requestId,
      status: 0,
      code: undefined,
    }
    parts.log.add(entry)
    const outcome = await handle(parts, call, entry)
    if (typeof outcome === 'string') return outcome
    const { status, code } = outcome
    Object.assign(entry, { status, code } satisfies Partial<SandboxCall>)
    return { ...outcome, delay: parts.latency + outcome.delay }
  }
}

/** An answer to what never became a call. */
export function refuse(error: AwsError): Reply {
  return errorReply({ api: iam, requestId: randomUUID() }, error)
}

function byName<T>(
  groups: readonly ActionGroup[],
  actionsOf: (group: ActionGroup) => Readonly<Record<string, T>>,
): ReadonlyMap<string, T> {
  return new Map(
    groups.flatMap(group =>
      Object.entries(actionsOf(group)).map(([name, action]): [string, T] => [`${group.api.version} ${name}`, action]),
    ),
  )
}

function readCall(
  request: ReceivedRequest,
  actions: ReadonlyMap<string, Action>,
  openActions: ReadonlyMap<string, OpenAction>,
): ReceivedCall {
  const { Action: action = '', Version: version = '', ...parameters } = parseForm(request.body)
  const api = version === sts.version ? sts : iam
  const [definition, open] = [actions.get(`${version} ${action}`), openActions.get(`${version} ${action}`)]
  return { action, version, parameters, api, requestId: randomUUID(), definition, open, request }
}

/** The order of the checks: who, how often, whether it is to fail, whether it may, what. */
async function handle(parts: EndpointParts, call: ReceivedCall, entry: SandboxCall): Promise<Outcome> {
  let signer: Signer | undefined
  try {
    signer = call.open === undefined ? parts.authenticate(call.request, call.api) : undefined
    const callerArn = signer && principalArn(parts.account, signer.principal)
    Object.assign(entry, { callerArn } satisfies Partial<SandboxCall>)
    if (!parts.rateLimit.take(call.action)) throw new AwsError('Throttling', 'Rate exceeded')
  } catch (error) {
    return errorReply(call, error)
  }
  const fault = parts.faults.take(call.action, call.parameters)
  const checked = { ...call, signer }
  return fault === undefined ? perform(parts, checked) : fail(parts, checked, fault)
}

async function perform(parts: EndpointParts, call: CheckedCall, maxPage?: number): Promise<Reply> {
  const { api, action, parameters, requestId } = call
  try {
    const answer = call.open ? await call.open.perform(parameters, parts.account) : performSigned(parts, call, maxPage)
    return xmlReply(requestId, 200, renderAnswer(api, action, answer, requestId))
  } catch (error) {
    return failed(parts, call, error)
  }
}

function performSigned(parts: EndpointParts, call: CheckedCall, maxPage?: number): Answer {
  const { account, trail } = parts
  const { api, action, version, parameters, definition, signer } = call
  if (definition === undefined || signer === undefined) {
    throw new AwsError('InvalidAction', `Could not find operation ${action} for version ${version}`)
  }
  const caller = signer.principal
  // STS tells all who they are, whatever their policies say.
  if (api === iam) checkAccess(account, caller, `iam:${action}`, targetOf(account, action, parameters))
  const page: Pager = (list, input) => parts.page(list, input, maxPage)
  const answer = definition.perform(parameters, { account, caller, page })
  trail.note({ ...call, signer }, answer)
  return answer
}

async function fail(parts: EndpointParts, call: CheckedCall, { answer, after = false }: FaultRule): Promise<Outcome> {
  if (typeof answer === 'object' && 'delay' in answer) return { ...(await perform(parts, call)), delay: answer.delay }
  if (typeof answer === 'object' && 'maxPage' in answer) return perform(parts, call, answer.maxPage)
  if (after) await perform(parts, call)
  if (typeof answer === 'string') return answer
  if (!('code' in answer)) return { ...answer, requestId: undefined, code: undefined, delay: 0 }
  const { api, action, parameters, signer } = call
  const denial = {
    callerArn: signer && principalArn(parts.account, signer.principal),
    permission: `${api.service}:${action}`,
    resource: targetOf(parts.account, action, parameters).words,
  }
  const error = faultError(answer, denial, parameters['UserName'])
  // What was performed is on record as that, whatever the caller is told.
  return after ? errorReply(call, error) : failed(parts, call, error)
}

/** A refusal by IAM itself, which CloudTrail records, too. */
function failed(parts: EndpointParts, call: CheckedCall, cause: unknown): Reply {
  const error = awsError(cause)
  const { signer } = call
  if (signer !== undefined) parts.trail.note({ ...call, signer }, error)
  return errorReply(call, error)
}

function errorReply({ api, requestId }: Pick<ReceivedCall, 'api' | 'requestId'>, cause: unknown): Reply {
  const error = awsError(cause)
  return { ...xmlReply(requestId, error.status, renderError(api, error, requestId)), code: error.code }
}

function xmlReply(requestId: string, status: number, body: string): Reply {
  return { status, contentType: 'text/xml', body, requestId, code: undefined, delay: 0 }
}
