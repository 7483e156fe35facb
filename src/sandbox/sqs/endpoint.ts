import { randomUUID } from 'node:crypto'
import { checkAccess } from '../access.ts'
import { type Authenticate, namedAccessKey, type Signer } from '../authentication.ts'
import type { CallLog } from '../call-log.ts'
import { AwsError, awsError } from '../error.ts'
import { type FaultAnswer, type FaultRule, type Faults, faultError } from '../fault.ts'
import { principalArn } from '../principal.ts'
import type { Outcome, Reply } from '../reply.ts'
import type { SignedRequest } from '../signature.ts'
import type { Account } from '../store.ts'
import { type QueueAction, queueActions, queueArn } from './action.ts'
import { answerReply, errorReply, type Input, parseInput, readTarget, sqs } from './protocol.ts'
import type { Queue } from './queue.ts'

/** A call as it arrived: a long poll's answer comes later. */
export interface SandboxQueueCall {
  readonly action: string
  readonly input: Readonly<Record<string, unknown>>
  /** Undefined when the call carried no readable signature. */
  readonly accessKeyId: string | undefined
  readonly requestId: string
}

export interface QueueFaultRule extends Omit<FaultRule, 'userName' | 'answer'> {
  readonly answer: Exclude<FaultAnswer, { readonly maxPage: number }>
}

export interface QueueEndpointParts {
  readonly account: Account
  readonly authenticate: Authenticate
  readonly queue: Queue
  readonly faults: Faults<QueueFaultRule>
  readonly log: CallLog<SandboxQueueCall>
}

/** SQS, as far as one who reads a queue needs it. A long poll holds its answer until it is over. */
export function createQueueEndpoint(
  parts: QueueEndpointParts,
): (request: SignedRequest, over: AbortSignal) => Promise<Outcome> {
  const actions = queueActions()
  const created = new Date()
  return async (request, over) => {
    const action = readTarget(request) ?? ''
    const input = parseInput(request.body)
    const requestId = randomUUID()
    parts.log.add({ action, input: input ?? {}, accessKeyId: namedAccessKey(request), requestId })
    const call: ReceivedQueueCall = { action, perform: actions[action], input, requestId, request, created, over }
    try {
      return await handle(parts, call, parts.authenticate(request, sqs))
    } catch (error) {
      return errorReply(requestId, awsError(error))
    }
  }
}

interface ReceivedQueueCall {
  readonly action: string
  /** Undefined: there is no such action. */
  readonly perform: QueueAction | undefined
  /** Undefined: none that can be read. */
  readonly input: Input | undefined
  readonly requestId: string
  readonly request: SignedRequest
  readonly created: Date
  readonly over: AbortSignal
}

async function handle(parts: QueueEndpointParts, call: ReceivedQueueCall, { principal }: Signer): Promise<Outcome> {
  // In lower case, as SQS writes it.
  const permission = `sqs:${call.action.toLowerCase()}`
  const resource = queueArn(parts.account.accountId)
  const fault = parts.faults.take(call.action, {})
  if (fault === undefined) {
    checkAccess(parts.account, principal, permission, { arn: resource, words: resource })
    return perform(parts, call)
  }
  const { answer, after = false } = fault
  if (typeof answer === 'object' && 'delay' in answer) return { ...(await perform(parts, call)), delay: answer.delay }
  if (after) await perform(parts, call)
  if (typeof answer === 'string') return answer
  if (!('code' in answer)) return { ...answer, requestId: undefined, code: undefined, delay: 0 }
  const callerArn = principalArn(parts.account, principal)
  throw faultError(answer, { callerArn, permission, resource })
}

async function perform({ queue, account }: QueueEndpointParts, call: ReceivedQueueCall): Promise<Reply> {
  const { input, requestId, created, over } = call
  if (call.perform === undefined) {
    throw new AwsError('UnknownOperationException', `There is no operation ${call.action}`, 400)
  }
  if (input === undefined) throw new AwsError('SerializationException', 'Expected a JSON object')
  const host = call.request.headers.get('host') ?? ''
  return answerReply(requestId, await call.perform(input, { queue, accountId: account.accountId, host, created, over }))
}
