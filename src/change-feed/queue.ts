import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
  type SQSClientConfig,
} from '@aws-sdk/client-sqs'
import { NodeHttpHandler } from '@smithy/node-http-handler'

export interface QueueOptions {
  readonly queueUrl: string
  /** Left out: the SDK's default credential chain. */
  readonly credentials?: SQSClientConfig['credentials']
  /** Left out: what the queue's host says, else us-east-1, where EventBridge has IAM's events. */
  readonly region?: string
}

/** An SQS queue. What fails rejects, at once: nothing is asked twice but a deletion. */
export interface Queue {
  /** Up to ten; none once nothing has come for this many seconds, at most 20. */
  receive(seconds: number, signal: AbortSignal): Promise<readonly QueueMessage[]>
  remove(message: QueueMessage): Promise<void>
  hasDeadLetterQueue(signal: AbortSignal): Promise<boolean>
  destroy(): void
}

export interface QueueMessage {
  readonly id: string
  readonly body: string
  /** Of this time of receiving it. */
  readonly receipt: string
}

/** In milliseconds. */
const patience = 5_000
/** SQS's own limit, in seconds. */
const longestPoll = 20

export function createQueue({ queueUrl, credentials, region }: QueueOptions): Queue {
  const { hostname, origin } = new URL(queueUrl)
  const client = new SQSClient({
    region: region ?? regionOf(hostname),
    // As the SDK has it by default, which says so on the console each time that another endpoint is configured.
    endpoint: origin,
    ...(credentials !== undefined && { credentials }),
    // Its caller waits longer, and says so.
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: patience,
      requestTimeout: longestPoll * 1000 + patience,
      throwOnRequestTimeout: true,
      // An answer that stops in its middle.
      socketTimeout: longestPoll * 1000 + patience,
    }),
  })

  async function remove({ receipt }: QueueMessage): Promise<void> {
    const command = new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: receipt })
    await client.send(command, { requestTimeout: patience })
  }

  return {
    async receive(seconds, signal) {
      const command = new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: Math.min(seconds, longestPoll),
      })
      const { Messages: messages = [] } = await client.send(command, { abortSignal: signal })
      return messages.map(({ MessageId: id = '', Body: body = '', ReceiptHandle: receipt = '' }) => ({
        id,
        body,
        receipt,
      }))
    },

    // A kept connection may be closed by the other side just as a call goes out on it; and to delete twice is no harm.
    remove: message => remove(message).catch(() => remove(message)),

    async hasDeadLetterQueue(signal) {
      const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['RedrivePolicy'] })
      const { Attributes: attributes } = await client.send(command, { abortSignal: signal, requestTimeout: patience })
      return attributes?.RedrivePolicy !== undefined
    },

    destroy: () => client.destroy(),
  }
}

/** `sqs.us-east-1.amazonaws.com`, and its relatives for FIPS, IPv6, VPC endpoints, China, and of the past. */
export function regionOf(hostname: string): string {
  const region = /\.(amazonaws\.com(\.cn)?|api\.aws)$/.test(hostname)
    ? hostname.split('.').find(label => /^[a-z]{2}(-[a-z]+)+-\d+$/.test(label))
    : undefined
  return region ?? 'us-east-1'
}
