import { randomUUID } from 'node:crypto'
import { AwsError } from '../error.ts'
import { integer, names, requiredText } from './input.ts'
import { type Input, md5 } from './protocol.ts'
import { type Queue, RETENTION, type ReceivedMessage } from './queue.ts'

export interface QueueCall {
  readonly queue: Queue
  readonly accountId: string
  /** Where the caller found the sandbox: `127.0.0.1:4566`. */
  readonly host: string
  readonly created: Date
  readonly over: AbortSignal
}

/** Undefined: the action has no output. */
export type QueueAction = (input: Input, call: QueueCall) => object | undefined | Promise<object | undefined>

export const QUEUE_NAME = 'iam-changes'

export function queuePath(accountId: string): string {
  return `/${accountId}/${QUEUE_NAME}`
}

export function queueArn(accountId: string): string {
  return `arn:aws:sqs:us-east-1:${accountId}:${QUEUE_NAME}`
}

export function queueActions(): Readonly<Record<string, QueueAction>> {
  return {
    GetQueueUrl(input, { accountId, host }) {
      if (requiredText(input, 'QueueName') !== QUEUE_NAME) throw noSuchQueue()
      return { QueueUrl: `http://${host}${queuePath(accountId)}` }
    },

    async ReceiveMessage(input, call) {
      checkQueueUrl(input, call)
      const most = integer(input, 'MaxNumberOfMessages', { min: 1, max: 10, words: 'between 1 and 10' }, 1)
      const wait = integer(input, 'WaitTimeSeconds', { min: 0, max: 20, words: '>= 0 and <= 20' }, 0)
      const visibility = { min: 0, max: 43_200, words: 'between 0 and 43200' }
      const timeout = integer(input, 'VisibilityTimeout', visibility, call.queue.visibilityTimeout / 1000)
      const asked = { most, wait: wait * 1000, visibilityTimeout: timeout * 1000 }
      // The first is the older name of the second.
      const wanted = [...names(input, 'AttributeNames'), ...names(input, 'MessageSystemAttributeNames')]
      selectAttributes(wanted, MESSAGE_ATTRIBUTES, {})
      const received = await call.queue.receive(asked, call.over)
      return received.length === 0 ? {} : { Messages: received.map(message => describe(message, wanted)) }
    },

    /** What is deleted already, or gone, is deleted once more. An old handle deletes, too, as it mostly does at SQS. */
    DeleteMessage(input, call) {
      checkQueueUrl(input, call)
      call.queue.delete(messageIdOf(requiredText(input, 'ReceiptHandle')))
      return undefined
    },

    GetQueueAttributes(input, call) {
      checkQueueUrl(input, call)
      const { visible, notVisible, delayed } = call.queue.counts()
      const created = String(Math.floor(call.created.getTime() / 1000))
      const attributes = {
        ApproximateNumberOfMessages: String(visible),
        ApproximateNumberOfMessagesDelayed: String(delayed),
        ApproximateNumberOfMessagesNotVisible: String(notVisible),
        CreatedTimestamp: created,
        DelaySeconds: '0',
        LastModifiedTimestamp: created,
        MaximumMessageSize: '262144',
        MessageRetentionPeriod: String(RETENTION / 1000),
        QueueArn: queueArn(call.accountId),
        ReceiveMessageWaitTimeSeconds: '0',
        SqsManagedSseEnabled: 'true',
        VisibilityTimeout: String(call.queue.visibilityTimeout / 1000),
      }
      const selected = selectAttributes(names(input, 'AttributeNames'), QUEUE_ATTRIBUTES, attributes)
      return selected === undefined ? {} : { Attributes: selected }
    },
  }
}

/** Those that the AWS API model has: some have no value here. */
const MESSAGE_ATTRIBUTES =
  'SenderId SentTimestamp ApproximateReceiveCount ApproximateFirstReceiveTimestamp SequenceNumber MessageDeduplicationId MessageGroupId AWSTraceHeader DeadLetterQueueSourceArn'
const QUEUE_ATTRIBUTES =
  'Policy VisibilityTimeout MaximumMessageSize MessageRetentionPeriod ApproximateNumberOfMessages ApproximateNumberOfMessagesNotVisible CreatedTimestamp LastModifiedTimestamp QueueArn ApproximateNumberOfMessagesDelayed DelaySeconds ReceiveMessageWaitTimeSeconds RedrivePolicy FifoQueue ContentBasedDeduplication KmsMasterKeyId KmsDataKeyReusePeriodSeconds DeduplicationScope FifoThroughputLimit RedriveAllowPolicy SqsManagedSseEnabled'

/** Only the path counts: the host is whatever the sandbox is reached by. */
function checkQueueUrl(input: Input, { accountId }: QueueCall): void {
  const url = requiredText(input, 'QueueUrl')
  if (!URL.canParse(url) || new URL(url).pathname !== queuePath(accountId)) throw noSuchQueue()
}

function noSuchQueue(): AwsError {
  return new AwsError('QueueDoesNotExist', 'The specified queue does not exist.')
}

function describe(message: ReceivedMessage, wanted: readonly string[]): object {
  const { messageId, body } = message
  const attributes = selectAttributes(wanted, MESSAGE_ATTRIBUTES, {
    SentTimestamp: String(message.sent.getTime()),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceived.getTime()),
  })
  return {
    MessageId: messageId,
    ReceiptHandle: receiptHandle(messageId),
    MD5OfBody: md5(body),
    Body: body,
    ...(attributes === undefined ? {} : { Attributes: attributes }),
  }
}

/** Undefined where nothing was asked for. */
function selectAttributes(
  wanted: readonly string[],
  known: string,
  values: Readonly<Record<string, string>>,
): object | undefined {
  const unknown = wanted.find(name => name !== 'All' && !known.split(' ').includes(name))
  if (unknown !== undefined) throw new AwsError('InvalidAttributeName', `Unknown Attribute ${unknown}.`)
  if (wanted.length === 0) return undefined
  return Object.fromEntries(Object.entries(values).filter(([name]) => wanted.includes('All') || wanted.includes(name)))
}

/** Another one for each time a message is received. */
function receiptHandle(messageId: string): string {
  return Buffer.from(`${messageId} ${randomUUID()}`).toString('base64')
}

function messageIdOf(handle: string): string {
  const [, messageId] = /^([0-9a-f-]{36}) [0-9a-f-]{36}$/.exec(Buffer.from(handle, 'base64').toString()) ?? []
  if (messageId !== undefined) return messageId
  throw new AwsError('ReceiptHandleIsInvalid', `The input receipt handle "${handle}" is not a valid receipt handle.`)
}
