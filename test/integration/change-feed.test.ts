import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { certificateId, event, record } from '../change-feed/record.ts'
import { runFeed } from '../change-feed/running-feed.ts'
import { type Process, run } from '../command/process.ts'
import { part } from '../part.ts'

const motoServer = part('moto_server')
const aws = part('aws')
const template = fileURLToPath(new URL('../../deploy/change-feed.yaml', import.meta.url))
const credentials = { accessKeyId: 'testing', secretAccessKey: 'testing' }

// SQS, EventBridge and CloudFormation by others.
describe.skipIf(!motoServer)('the change feed on moto', { timeout: 120_000 }, () => {
  let moto: Process
  let endpoint: string
  let sqs: SQSClient
  beforeAll(async () => {
    moto = await run(motoServer ?? '', ['-H', '127.0.0.1', '-p', '0'])
    ;[, endpoint = ''] = await moto.said(/Running on (http:\S+)/, 'stderr')
    sqs = new SQSClient({ endpoint, region: 'us-east-1', credentials })
  }, 60_000)
  afterAll(async () => {
    sqs?.destroy()
    await moto?.[Symbol.asyncDispose]()
  })

  // First: moto goes on with long polls whose client has left, and is slow meanwhile.
  describe.skipIf(!aws)('with the stack of deploy/change-feed.yaml', () => {
    test('tells what the rule lets through, and nothing else comes', async () => {
      const stack = ['--stack-name', 'iam-changes']
      const body = ['--template-body', `file://${template}`, '--capabilities', 'CAPABILITY_IAM']
      await cli('cloudformation', 'create-stack', ...stack, ...body)
      const { Stacks: stacks } = await cli('cloudformation', 'describe-stacks', ...stack)
      const outputs: readonly { readonly OutputKey: string; readonly OutputValue: string }[] = stacks[0].Outputs
      expect(outputs.map(({ OutputKey }) => OutputKey).sort()).toEqual([
        'DeadLetterQueueUrl',
        'QueueUrl',
        'ReadPolicyArn',
        'RuleName',
      ])
      // The stack tells its queue's address at AWS.
      const url = new URL(outputs.find(({ OutputKey }) => OutputKey === 'QueueUrl')?.OutputValue ?? '')
      const QueueName = url.pathname.split('/').at(-1) ?? ''
      const { QueueUrl: queueUrl = '' } = await sqs.send(new GetQueueUrlCommand({ QueueName }))

      const details = [
        record({ errorCode: 'NoSuchEntityException' }),
        record({ eventName: 'ResetServiceSpecificCredential' }),
        record({ eventName: 'UpdateAccessKey' }),
        record(),
      ]
      const entries = details.map(detail => ({
        Source: 'aws.iam',
        DetailType: 'AWS API Call via CloudTrail',
        Detail: JSON.stringify(detail),
      }))
      await cli('events', 'put-events', '--entries', JSON.stringify(entries))
      expect(await countsOf(queueUrl)).toEqual([1, 0])
      await using running = runFeed({ queueUrl, credentials, accountId: '123456789012' })
      await running.hasTold(1)
      await until(async () => (await countsOf(queueUrl)).join() === '0,0')
      expect(running.told).toMatchObject([{ kind: 'SigningCertificate', userName: 'alice', status: 'Inactive' }])
      expect(running.lines()).toEqual([])
    })
  })

  test('receives, tells and deletes', async () => {
    const queueUrl = await createQueue('plain', {})
    await using running = runFeed({ queueUrl, credentials, expectsDeadLetterQueue: false })
    for (const status of ['Inactive', 'Active']) await send(queueUrl, disabled(status))
    await send(queueUrl, event(record({ errorCode: 'NoSuchEntityException' })))
    await running.hasTold(2)
    expect(running.told.map(({ status }) => status).sort()).toEqual(['Active', 'Inactive'])
    await until(async () => (await countsOf(queueUrl)).join() === '0,0')
    expect(running.lines()).toEqual([])
  })

  test('leaves what it could not tell to whoever receives next, behind the visibility time-out', async () => {
    const queueUrl = await createQueue('redelivering', { VisibilityTimeout: '1' })
    await send(queueUrl, disabled('Inactive'))
    const options = { queueUrl, credentials, expectsDeadLetterQueue: false }
    const failing = runFeed({ ...options, tell: () => Promise.reject(new Error('the store is away')) })
    await failing.said(/could not be told/)
    await failing.feed.close()
    await using running = runFeed(options)
    await running.hasTold(1)
    expect(running.told).toMatchObject([{ credentialId: certificateId, status: 'Inactive' }])
    await until(async () => (await countsOf(queueUrl)).join() === '0,0')
  })

  test('leaves what is not JSON to the dead-letter queue', async () => {
    const deadUrl = await createQueue('dead', {})
    const deadLetterTargetArn = 'arn:aws:sqs:us-east-1:123456789012:dead'
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: '1' })
    const queueUrl = await createQueue('redriving', { VisibilityTimeout: '1', RedrivePolicy })
    await using running = runFeed({ queueUrl, credentials })
    await send(queueUrl, '{ "source": "aws.iam"')
    await until(async () => (await countsOf(deadUrl)).join() === '1,0')
    expect(running.lines()).toMatchObject([{ level: 40, msg: expect.stringContaining('not an event') }])
  })

  test('says that a queue is missing, in the words of SQS, and begins once it is there', async () => {
    const queueUrl = `${endpoint}/123456789012/later`
    await using running = runFeed({ queueUrl, credentials, expectsDeadLetterQueue: false })
    expect((await running.said(/^--change-queue-url/)).msg).toContain('QueueDoesNotExist: The specified queue does not')
    expect(running.feed.state).toBe('degraded')
    await createQueue('later', {})
    await running.said(/again/)
    expect(running.feed.state).toBe('ok')
  })

  async function createQueue(QueueName: string, Attributes: Record<string, string>): Promise<string> {
    const { QueueUrl: queueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))
    return queueUrl
  }

  async function send(QueueUrl: string, MessageBody: string): Promise<void> {
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }))
  }

  /** Of messages that wait, and of those that somebody has received. */
  async function countsOf(QueueUrl: string): Promise<number[]> {
    const { Attributes: attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    )
    const { ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible } = attributes ?? {}
    return [Number(ApproximateNumberOfMessages), Number(ApproximateNumberOfMessagesNotVisible)]
  }

  async function cli(...words: string[]) {
    const { stdout } = await promisify(execFile)(aws ?? '', [...words, '--endpoint-url', endpoint], {
      env: {
        PATH: process.env['PATH'],
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_DEFAULT_OUTPUT: 'json',
      },
    })
    return JSON.parse(stdout)
  }
})

function disabled(status: string): string {
  return event(record({ requestParameters: { userName: 'alice', certificateId, status } }))
}

/** A queue of others tells nobody when it changes: it is asked until it has. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(resolve => setTimeout(resolve, 50))
}
