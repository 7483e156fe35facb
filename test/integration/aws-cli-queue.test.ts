import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { run } from '../command/process.ts'
import { part } from '../part.ts'

const aws = part('aws')

// The CLI takes the better part of a second to start, and longer where others use the machine.
describe.skipIf(!aws)('a change by the AWS CLI', { timeout: 120_000 }, () => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await startSandbox({ users: 2, eventDelay: 10 })
  })
  afterAll(() => sandbox?.close())

  test('is an event in the queue, which the CLI polls, receives, deletes and counts', async () => {
    const { userName = '', certificateId = '' } = { ...sandbox.example }
    const queue = ['--queue-url', sandbox.queueUrl]
    const change = ['--user-name', userName, '--certificate-id', certificateId, '--status', 'Inactive']
    // The poll comes first, or the change does: the event is received either way.
    const [received] = await Promise.all([
      ask('sqs receive-message', ...queue, '--wait-time-seconds', '20', '--attribute-names', 'All'),
      ask('iam update-signing-certificate', ...change),
    ])
    const [message, ...others] = received.Messages
    expect(others).toEqual([])
    expect(message.Attributes).toMatchObject({ ApproximateReceiveCount: '1' })
    expect(JSON.parse(message.Body)).toMatchObject({
      source: 'aws.iam',
      detail: {
        eventName: 'UpdateSigningCertificate',
        userAgent: expect.stringMatching(/^aws-cli\//),
        requestParameters: { userName, certificateId, status: 'Inactive' },
      },
    })

    const counted = async () => (await ask('sqs get-queue-attributes', ...queue, '--attribute-names', 'All')).Attributes
    expect(await counted()).toMatchObject({ ApproximateNumberOfMessagesNotVisible: '1' })
    await ask('sqs delete-message', ...queue, '--receipt-handle', message.ReceiptHandle)
    expect(await counted()).toMatchObject({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
    })
  })

  test('is not to be had from a queue that does not exist', async () => {
    await using cli = await start('sqs get-queue-url', '--queue-name', 'other')
    expect((await cli.ended).stderr).toContain(
      'An error occurred (AWS.SimpleQueueService.NonExistentQueue) when calling the GetQueueUrl operation: The specified queue does not exist.',
    )
  })

  async function ask(command: string, ...words: readonly string[]) {
    await using cli = await start(command, ...words)
    const { exitCode, stdout, stderr } = await cli.ended
    expect(exitCode, stderr).toBe(0)
    return stdout === '' ? undefined : JSON.parse(stdout)
  }

  function start(command: string, ...words: readonly string[]) {
    const { url, credentials } = sandbox
    return run(aws ?? '', [...command.split(' '), ...words, '--endpoint-url', url, '--output', 'json'], {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_MAX_ATTEMPTS: '1',
      AWS_PAGER: '',
    })
  }
})
