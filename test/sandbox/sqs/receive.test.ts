import { createHash } from 'node:crypto'
import type { ReceiveMessageCommandInput } from '@aws-sdk/client-sqs'
import { describe, expect, test, vi } from 'vitest'
import { type QueueReader, refusal, startQueue } from './client.ts'

const ten = { MaxNumberOfMessages: 10 }
const counted: Partial<ReceiveMessageCommandInput> = { MessageSystemAttributeNames: ['ApproximateReceiveCount'] }

/** Resolves once the sandbox has had so many calls of SQS: a long poll that it holds has arrived. */
async function arrived({ sandbox }: QueueReader, count: number): Promise<void> {
  await vi.waitFor(() => expect(sandbox.queue.calls).toHaveLength(count))
}

describe('receiving', () => {
  test('gives a message with its id, handle, body and digest', async () => {
    await using queue = await startQueue()
    const body = 'Grüße\n"1" <&>'
    queue.sandbox.queue.send(body)
    expect(await queue.receive()).toEqual([
      {
        MessageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        ReceiptHandle: expect.stringMatching(/^\S{40,}$/),
        Body: body,
        MD5OfBody: createHash('md5').update(body).digest('hex'),
      },
    ])
  })

  test('gives one message, in order of arrival, or as many as asked for', async () => {
    await using queue = await startQueue()
    for (const body of ['1', '2', '3', '4']) queue.sandbox.queue.send(body)
    expect(await queue.bodies()).toEqual(['1'])
    expect(await queue.bodies({ MaxNumberOfMessages: 2 })).toEqual(['2', '3'])
    expect(await queue.bodies(ten)).toEqual(['4'])
    expect(await queue.bodies(ten)).toEqual([])
  })

  test('gives a message again once its visibility time-out is over', async () => {
    await using queue = await startQueue()
    queue.sandbox.queue.send('once more')
    const [first] = await queue.receive({ VisibilityTimeout: 1 })
    expect(await queue.receive()).toEqual([])
    const [second] = await queue.receive({ WaitTimeSeconds: 20, ...counted })
    expect(second).toMatchObject({ MessageId: first?.MessageId, Attributes: { ApproximateReceiveCount: '2' } })
    expect(second?.ReceiptHandle).not.toBe(first?.ReceiptHandle)
  })

  test('gives it again at once where the time-out is 0, and keeps it for 30 seconds where none is said', async () => {
    await using queue = await startQueue()
    queue.sandbox.queue.send('again')
    expect(await queue.bodies({ VisibilityTimeout: 0 })).toEqual(['again'])
    expect(await queue.bodies()).toEqual(['again'])
    expect(await queue.bodies()).toEqual([])
  })

  test('says the attributes asked for, by their older and their newer name', async () => {
    await using queue = await startQueue()
    const before = Date.now()
    for (const body of ['1', '2', '3']) queue.sandbox.queue.send(body)
    const attributesBy = async (input: object) => (await queue.receive(input))[0]?.Attributes ?? {}
    const sent = await attributesBy({ AttributeNames: ['SentTimestamp'] })
    expect(Object.keys(sent)).toEqual(['SentTimestamp'])
    expect(Number(sent.SentTimestamp)).toBeGreaterThanOrEqual(before)
    expect(await attributesBy({ MessageSystemAttributeNames: ['ApproximateReceiveCount'] })).toEqual({
      ApproximateReceiveCount: '1',
    })
    const all = await attributesBy({ MessageSystemAttributeNames: ['All'] })
    expect(Object.keys(all).sort()).toEqual([
      'ApproximateFirstReceiveTimestamp',
      'ApproximateReceiveCount',
      'SentTimestamp',
    ])
  })

  test.each([
    ['MaxNumberOfMessages', 11, 'between 1 and 10'],
    ['MaxNumberOfMessages', 0, 'between 1 and 10'],
    ['WaitTimeSeconds', 21, '>= 0 and <= 20'],
    ['VisibilityTimeout', 43_201, 'between 0 and 43200'],
  ])('refuses a %s of %i', async (name, value, range) => {
    await using queue = await startQueue()
    expect(await refusal(queue.receive({ [name]: value }))).toEqual({
      name: 'InvalidParameterValue',
      status: 400,
      message: `Value ${value} for parameter ${name} is invalid. Reason: Must be ${range}, if provided.`,
    })
  })

  test('does not wait for the latency of IAM', async () => {
    await using queue = await startQueue({ latency: 3_600_000 })
    queue.sandbox.queue.send('at once')
    expect(await queue.bodies()).toEqual(['at once'])
  })
})

describe('a long poll', () => {
  test('is answered by the message that comes', async () => {
    await using queue = await startQueue()
    const polled = queue.bodies({ WaitTimeSeconds: 20 })
    await arrived(queue, 1)
    queue.sandbox.queue.send('news')
    expect(await polled).toEqual(['news'])
  })

  test('shares with others: each message goes to one of them', async () => {
    await using queue = await startQueue()
    const polls = [1, 2, 3].map(() => queue.bodies({ WaitTimeSeconds: 20 }))
    await arrived(queue, 3)
    for (const body of ['1', '2', '3']) queue.sandbox.queue.send(body)
    expect((await Promise.all(polls)).flat().sort()).toEqual(['1', '2', '3'])
  })

  test('is answered with nothing when its time is over', async () => {
    await using queue = await startQueue()
    expect(await queue.receive({ WaitTimeSeconds: 1 })).toEqual([])
  })

  test('is answered with nothing when the sandbox closes', async () => {
    await using queue = await startQueue()
    const polled = queue.receive({ WaitTimeSeconds: 20 })
    await arrived(queue, 1)
    await queue.sandbox.close()
    expect(await polled).toEqual([])
  })
})
