import {
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SQSClient,
  SQSServiceException,
} from '@aws-sdk/client-sqs'
import type { Sandbox, SandboxOptions } from '../../../src/sandbox/server.ts'
import { startSandbox } from '../../../src/sandbox/server.ts'

interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** The real client, asking once. */
export function createSqsClient(
  sandbox: Sandbox,
  { credentials = sandbox.credentials, region = 'us-east-1' }: { credentials?: Credentials; region?: string } = {},
): SQSClient {
  return new SQSClient({ endpoint: sandbox.url, region, credentials: { ...credentials }, maxAttempts: 1 })
}

export interface QueueReader extends AsyncDisposable {
  readonly sandbox: Sandbox
  readonly sqs: SQSClient
  /** What one call gives; the rest of its input as SQS has it. */
  receive(input?: Partial<ReceiveMessageCommandInput>): Promise<Message[]>
  bodies(input?: Partial<ReceiveMessageCommandInput>): Promise<(string | undefined)[]>
  delete(message: Message | undefined): Promise<void>
}

export async function startQueue(options: SandboxOptions = {}): Promise<QueueReader> {
  const sandbox = await startSandbox(options)
  const sqs = createSqsClient(sandbox)
  const receive = async (input: Partial<ReceiveMessageCommandInput> = {}) =>
    (await sqs.send(new ReceiveMessageCommand({ QueueUrl: sandbox.queueUrl, ...input }))).Messages ?? []
  return {
    sandbox,
    sqs,
    receive,
    bodies: async input => (await receive(input)).map(message => message.Body),
    async delete(message) {
      const { ReceiptHandle } = message ?? {}
      await sqs.send(new DeleteMessageCommand({ QueueUrl: sandbox.queueUrl, ReceiptHandle }))
    },
    async [Symbol.asyncDispose]() {
      sqs.destroy()
      await sandbox.close()
    },
  }
}

export interface Refusal {
  readonly name: string
  readonly status: number | undefined
  readonly message: string
}

export async function refusal(call: Promise<unknown>): Promise<Refusal> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof SQSServiceException)) throw error
    return { name: error.name, status: error.$metadata.httpStatusCode, message: error.message }
  }
  throw new Error('Expected a refusal, got an answer')
}
