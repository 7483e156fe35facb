import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  type QueueAttributeName,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { describe, expect, test } from 'vitest'
import { sendRaw, signBody } from '../raw.ts'
import { createSqsClient, type QueueReader, refusal, startQueue } from './client.ts'

describe('deleting', () => {
  test('takes a message away for good, by the handle of an earlier receive, too', async () => {
    await using queue = await startQueue()
    queue.sandbox.queue.send('gone')
    const [first] = await queue.receive({ VisibilityTimeout: 0 })
    await queue.receive({ VisibilityTimeout: 0 })
    await queue.delete(first)
    expect(await queue.receive()).toEqual([])
    await queue.delete(first)
  })

  test('refuses a handle that is none', async () => {
    await using queue = await startQueue()
    expect(await refusal(queue.delete({ ReceiptHandle: 'none' }))).toEqual({
      name: 'ReceiptHandleIsInvalid',
      status: 400,
      message: 'The input receipt handle "none" is not a valid receipt handle.',
    })
  })
})

describe('the attributes of the queue', () => {
  const attributesOf = async ({ sqs, sandbox }: QueueReader, ...AttributeNames: QueueAttributeName[]) =>
    (await sqs.send(new GetQueueAttributesCommand({ QueueUrl: sandbox.queueUrl, AttributeNames }))).Attributes

  test('are all there when all are asked for, but for a policy on redrive', async () => {
    await using queue = await startQueue()
    for (const body of ['1', '2', '3']) queue.sandbox.queue.send(body)
    await queue.receive()
    expect(await attributesOf(queue, 'All')).toEqual({
      ApproximateNumberOfMessages: '2',
      ApproximateNumberOfMessagesDelayed: '0',
      ApproximateNumberOfMessagesNotVisible: '1',
      CreatedTimestamp: expect.stringMatching(/^\d{10}$/),
      DelaySeconds: '0',
      LastModifiedTimestamp: expect.stringMatching(/^\d{10}$/),
      MaximumMessageSize: '262144',
      MessageRetentionPeriod: '345600',
      QueueArn: `arn:aws:sqs:us-east-1:${queue.sandbox.accountId}:iam-changes`,
      ReceiveMessageWaitTimeSeconds: '0',
      SqsManagedSseEnabled: 'true',
      VisibilityTimeout: '30',
    })
  })

  test('are those asked for, or none', async () => {
    await using queue = await startQueue()
    expect(await attributesOf(queue, 'VisibilityTimeout', 'RedrivePolicy')).toEqual({ VisibilityTimeout: '30' })
    expect(await attributesOf(queue)).toBeUndefined()
  })

  test('are refused where SQS has none of the name', async () => {
    await using queue = await startQueue()
    expect(await refusal(attributesOf(queue, 'Colour' as QueueAttributeName))).toEqual({
      name: 'InvalidAttributeName',
      status: 400,
      message: 'Unknown Attribute Colour.',
    })
  })
})

describe('the queue', () => {
  test('is found by its name', async () => {
    await using queue = await startQueue()
    const { QueueUrl } = await queue.sqs.send(new GetQueueUrlCommand({ QueueName: 'iam-changes' }))
    expect(QueueUrl).toBe(queue.sandbox.queueUrl)
    expect(QueueUrl).toBe(`${queue.sandbox.url}/${queue.sandbox.accountId}/iam-changes`)
  })

  test('is reached by its URL alone, without an endpoint', async () => {
    await using queue = await startQueue()
    queue.sandbox.queue.send('here')
    const { credentials, queueUrl } = queue.sandbox
    // Silent: the client has something to say about the URL's host.
    const logger = { debug() {}, info() {}, warn() {}, error() {} }
    const sqs = new SQSClient({ region: 'eu-central-1', credentials: { ...credentials }, logger })
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: queueUrl }))
    expect(Messages).toMatchObject([{ Body: 'here' }])
    sqs.destroy()
  })

  test.each([
    ['a name', 'other'],
    ['the URL of another', 'http://127.0.0.1/123456789012/other'],
  ])('is not found by %s', async (_what, QueueUrl) => {
    await using queue = await startQueue()
    const gone = { name: 'QueueDoesNotExist', status: 400, message: 'The specified queue does not exist.' }
    const handle = { ReceiptHandle: 'any' }
    expect(await refusal(queue.sqs.send(new ReceiveMessageCommand({ QueueUrl })))).toEqual(gone)
    expect(await refusal(queue.sqs.send(new DeleteMessageCommand({ QueueUrl, ...handle })))).toEqual(gone)
    expect(await refusal(queue.sqs.send(new GetQueueAttributesCommand({ QueueUrl })))).toEqual(gone)
    expect(await refusal(queue.sqs.send(new GetQueueUrlCommand({ QueueName: QueueUrl })))).toEqual(gone)
  })

  test('has no other operations', async () => {
    await using queue = await startQueue()
    expect(await refusal(queue.sqs.send(new ListQueuesCommand()))).toMatchObject({ status: 400 })
  })
})

describe('who calls', () => {
  test('may be the role, and any region', async () => {
    await using queue = await startQueue()
    queue.sandbox.queue.send('for the role')
    const role = createSqsClient(queue.sandbox, { credentials: queue.sandbox.roleCredentials, region: 'eu-west-1' })
    const { Messages } = await role.send(new ReceiveMessageCommand({ QueueUrl: queue.sandbox.queueUrl }))
    expect(Messages).toMatchObject([{ Body: 'for the role' }])
    role.destroy()
  })

  test('needs the right secret', async () => {
    await using queue = await startQueue()
    const credentials = { ...queue.sandbox.credentials, secretAccessKey: 'wrong' }
    const sqs = createSqsClient(queue.sandbox, { credentials })
    const call = sqs.send(new ReceiveMessageCommand({ QueueUrl: queue.sandbox.queueUrl }))
    expect(await refusal(call)).toMatchObject({ name: 'SignatureDoesNotMatch', status: 403 })
    sqs.destroy()
  })

  test('needs a known key', async () => {
    await using queue = await startQueue()
    const credentials = { ...queue.sandbox.credentials, accessKeyId: 'AKIAIOSFODNN7EXAMPLE' }
    const sqs = createSqsClient(queue.sandbox, { credentials })
    const call = sqs.send(new ReceiveMessageCommand({ QueueUrl: queue.sandbox.queueUrl }))
    expect(await refusal(call)).toMatchObject({ name: 'InvalidClientTokenId', status: 403 })
    expect(queue.sandbox.queue.calls).toMatchObject([
      { action: 'ReceiveMessage', accessKeyId: 'AKIAIOSFODNN7EXAMPLE', input: { QueueUrl: queue.sandbox.queueUrl } },
    ])
    sqs.destroy()
  })
})

describe('on the wire', () => {
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.ReceiveMessage' }
  const call = async ({ sandbox }: QueueReader, body: string, service = 'sqs') =>
    sendRaw(sandbox, signBody(sandbox, body, { service, headers }))

  test('an error has its shape in the body and its former code in a header', async () => {
    await using queue = await startQueue()
    const answer = await call(queue, JSON.stringify({ QueueUrl: 'other' }))
    expect(answer.status).toBe(400)
    expect(answer.headers).toMatchObject({
      'content-type': 'application/x-amz-json-1.0',
      'x-amzn-query-error': 'AWS.SimpleQueueService.NonExistentQueue;Sender',
      'x-amzn-requestid': expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
    expect(JSON.parse(answer.body)).toEqual({
      __type: 'com.amazonaws.sqs#QueueDoesNotExist',
      message: 'The specified queue does not exist.',
    })
  })

  test('a signature for IAM is none for SQS', async () => {
    await using queue = await startQueue()
    const answer = await call(queue, JSON.stringify({ QueueUrl: queue.sandbox.queueUrl }), 'iam')
    expect(answer.status).toBe(403)
    expect(JSON.parse(answer.body)).toEqual({
      __type: 'com.amazon.coral.service#InvalidSignatureException',
      message: "Credential should be scoped to correct service: 'sqs'.",
    })
  })

  test.each([
    ['no JSON', 'QueueUrl=x', 'SerializationException'],
    ['no object', '[]', 'SerializationException'],
    ['a number for the URL', '{"QueueUrl":1}', 'SerializationException'],
    ['no URL', '{}', 'MissingRequiredParameterException'],
  ])('refuses %s', async (_what, body, shape) => {
    await using queue = await startQueue()
    const answer = await call(queue, body)
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body).__type).toBe(`com.amazon.coral.service#${shape}`)
  })

  test.each([
    ['MaxNumberOfMessages', '"5"'],
    ['WaitTimeSeconds', '0.5'],
    ['AttributeNames', '"All"'],
  ])('refuses another type of %s', async (name, value) => {
    await using queue = await startQueue()
    const answer = await call(queue, `{"QueueUrl":"${queue.sandbox.queueUrl}","${name}":${value}}`)
    expect(JSON.parse(answer.body)).toMatchObject({ message: `Expected another type of ${name}` })
  })
})
