import type { ReceiveMessageCommandInput } from '@aws-sdk/client-sqs'
import { describe, expect, test, vi } from 'vitest'
import { refusal, startQueue } from './client.ts'

const ten = { MaxNumberOfMessages: 10 }
const counted: Partial<ReceiveMessageCommandInput> = { MessageSystemAttributeNames: ['ApproximateReceiveCount'] }

describe('a standard queue may', () => {
  test('be paused: messages gather until it goes on', async () => {
    await using queue = await startQueue()
    queue.sandbox.queue.set({ paused: true })
    queue.sandbox.queue.send('1')
    queue.sandbox.queue.send('2')
    expect(await queue.bodies(ten)).toEqual([])
    const polled = queue.bodies({ ...ten, WaitTimeSeconds: 20 })
    await vi.waitFor(() => expect(queue.sandbox.queue.calls).toHaveLength(2))
    queue.sandbox.queue.set({ paused: false })
    expect(await polled).toEqual(['1', '2'])
  })

  test('give the newest first', async () => {
    await using queue = await startQueue()
    queue.sandbox.queue.set({ reversed: true })
    for (const body of ['1', '2', '3']) queue.sandbox.queue.send(body)
    expect(await queue.bodies(ten)).toEqual(['3', '2', '1'])
  })

  test('give a message again, although it was deleted', async () => {
    await using queue = await startQueue()
    queue.sandbox.queue.set({ copies: 3 })
    queue.sandbox.queue.send('again')
    queue.sandbox.queue.set({ copies: 1 })
    queue.sandbox.queue.send('once')
    const received: (string | undefined)[] = []
    for (let count = 0; count < 4; count += 1) {
      const [message] = await queue.receive()
      received.push(message?.Body)
      await queue.delete(message)
    }
    expect(received).toEqual(['again', 'again', 'again', 'once'])
    expect(await queue.receive()).toEqual([])
  })
})

describe('a fault of the queue', () => {
  test('answers instead of SQS, as often as it says', async () => {
    await using queue = await startQueue()
    queue.sandbox.queue.fault({ action: 'ReceiveMessage', times: 2, answer: { code: 'InternalFailure' } })
    queue.sandbox.queue.send('in the end')
    expect(await refusal(queue.receive())).toMatchObject({ name: 'InternalFailure', status: 500 })
    expect(await refusal(queue.receive())).toMatchObject({ name: 'InternalFailure', status: 500 })
    expect(await queue.bodies()).toEqual(['in the end'])
  })

  test('denies in the words of SQS', async () => {
    await using queue = await startQueue()
    const undo = queue.sandbox.queue.fault({ answer: { code: 'AccessDenied' } })
    const { accountId } = queue.sandbox
    expect(await refusal(queue.receive())).toEqual({
      name: 'AccessDenied',
      status: 403,
      message: `User: arn:aws:iam::${accountId}:user/service/gateway is not authorized to perform: sqs:receivemessage on resource: arn:aws:sqs:us-east-1:${accountId}:iam-changes because no identity-based policy allows the sqs:receivemessage action`,
    })
    undo()
    expect(await queue.receive()).toEqual([])
  })

  test('may come after the deed: received, and the answer lost', async () => {
    await using queue = await startQueue()
    queue.sandbox.queue.fault({ times: 1, after: true, answer: 'reset' })
    queue.sandbox.queue.send('lost on the way')
    await expect(queue.receive({ VisibilityTimeout: 1 })).rejects.toMatchObject({ code: 'ECONNRESET' })
    const [message] = await queue.receive({ WaitTimeSeconds: 20, ...counted })
    expect(message).toMatchObject({ Body: 'lost on the way', Attributes: { ApproximateReceiveCount: '2' } })
  })

  test('may answer what no SQS would', async () => {
    await using queue = await startQueue()
    queue.sandbox.queue.fault({ answer: { status: 502, contentType: 'text/html', body: '<h1>Bad Gateway</h1>' } })
    await expect(queue.receive()).rejects.toMatchObject({ $metadata: { httpStatusCode: 502 } })
  })

  test('is none of IAM, nor IAM’s one of the queue', async () => {
    await using queue = await startQueue({ rate: 0.001 })
    queue.sandbox.fault({ answer: { code: 'ServiceFailure' } })
    for (let count = 0; count < 3; count += 1) expect(await queue.receive()).toEqual([])
    expect(queue.sandbox.calls).toEqual([])
    expect(queue.sandbox.queue.calls.map(({ action }) => action)).toEqual(Array(3).fill('ReceiveMessage'))
  })
})
