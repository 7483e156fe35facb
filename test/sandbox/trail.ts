import { CreateUserCommand, type IAMClient } from '@aws-sdk/client-iam'
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs'
import { expect } from 'vitest'
import type { Sandbox, SandboxOptions } from '../../src/sandbox/server.ts'
import { createIamClient } from './client.ts'
import { startQueue } from './sqs/client.ts'

/** CloudTrail's form of an answer's date: `Jul 10, 2023 12:24:29 PM`. */
export const longDate: unknown = expect.stringMatching(/^[A-Z][a-z]{2} [1-3]?\d, \d{4} 1?\d:\d\d:\d\d [AP]M$/)

/** What a test reads of an event; the rest is compared as a whole. */
export interface TrailEvent {
  readonly id: string
  readonly detail: {
    readonly eventName: string
    readonly eventTime: string
    readonly eventID: string
    readonly requestParameters: object | null
    readonly responseElements: { readonly user?: { readonly createDate: string } } | null
    readonly errorCode?: string
    readonly errorMessage?: string
    readonly userIdentity: {
      readonly sessionContext?: { readonly sessionIssuer: { readonly principalId: string } }
    }
  }
}

export type CallRecord = Omit<TrailEvent['detail'], 'eventTime' | 'eventID' | 'userIdentity'>

export interface TrailReader extends AsyncDisposable {
  readonly sandbox: Sandbox
  readonly iam: IAMClient
  /** Those since the last time, in order. */
  events(): Promise<TrailEvent[]>
  /** Of them, what is the call's own. */
  records(): Promise<CallRecord[]>
  /** How many are not in the queue yet. */
  delayed(): Promise<string | undefined>
}

/** An account with the users Ann and Ben; the events of their making have been read, if they are there. */
export async function startTrail(options: SandboxOptions = {}): Promise<TrailReader> {
  const queue = await startQueue(options)
  const { sandbox, sqs } = queue
  const iam = createIamClient(sandbox)
  for (const UserName of ['Ann', 'Ben']) await iam.send(new CreateUserCommand({ UserName }))
  const events = async () => {
    const messages = await queue.receive({ MaxNumberOfMessages: 10 })
    for (const message of messages) await queue.delete(message)
    return messages.map((message): TrailEvent => JSON.parse(message.Body ?? ''))
  }
  await events()
  return {
    sandbox,
    iam,
    events,
    records: async () => (await events()).map(ownPart),
    async delayed() {
      const name = 'ApproximateNumberOfMessagesDelayed'
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: sandbox.queueUrl, AttributeNames: [name] }),
      )
      return Attributes?.[name]
    },
    async [Symbol.asyncDispose]() {
      iam.destroy()
      await queue[Symbol.asyncDispose]()
    },
  }
}

function ownPart({ detail }: TrailEvent): CallRecord {
  const { eventName, requestParameters, responseElements, errorCode, errorMessage } = detail
  const error = errorCode === undefined ? {} : { errorCode, ...(errorMessage !== undefined && { errorMessage }) }
  return { eventName, ...error, requestParameters, responseElements }
}
