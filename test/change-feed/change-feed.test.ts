import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, test } from 'vitest'
import type { NewChange } from '../../src/events/change.ts'
import { certificateId, event, record } from './record.ts'
import { runFeed } from './running-feed.ts'
import { messages, type QueueCall, startStubQueue } from './stub-queue.ts'

const disabled = event(record())
const told = { kind: 'SigningCertificate', userName: 'alice', credentialId: certificateId, status: 'Inactive' }

describe('a message', () => {
  test('is deleted once its change is told, and not before', async () => {
    const order: unknown[] = []
    const noNews = event(record({ eventName: 'CreateUser' }))
    await using queue = await startStubQueue(call => {
      if (call.api === 'DeleteMessage') order.push(call.input['ReceiptHandle'])
      return first(call, disabled, noNews)
    })
    await using running = runFeed({
      ...queue,
      async tell() {
        // By now a deletion that did not wait would have arrived as well.
        await queue.arrived('DeleteMessage', 1)
        await fetch(queue.queueUrl, { method: 'POST', body: '{}' })
        order.push('told')
      },
    })
    await queue.arrived('ReceiveMessage', 2)
    expect(order).toEqual(['r2', 'told', 'r1'])
    expect(running.told).toMatchObject([told])
    const deletion = queue.calls.find(({ api }) => api === 'DeleteMessage')
    expect(deletion?.input).toEqual({ QueueUrl: queue.queueUrl, ReceiptHandle: 'r2' })
    expect(running.lines()).toEqual([])
  })

  test('is asked for by a long poll, ten at a time, for the region where IAM’s events are', async () => {
    await using queue = await startStubQueue(() => undefined)
    await using _running = runFeed(queue)
    await queue.arrived('ReceiveMessage', 1)
    expect(queue.calls[1]).toMatchObject({
      input: { QueueUrl: queue.queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20 },
      region: 'us-east-1',
    })
  })

  test('of several is told in the order of what happened, not of the queue', async () => {
    const at = (time: string) => event(record({ eventTime: `2026-01-31T${time}Z` }))
    await using queue = await startStubQueue(call => first(call, at('12:00:09'), at('12:00:07'), at('12:00:08')))
    await using running = runFeed(queue)
    await queue.arrived('DeleteMessage', 3)
    expect(running.told.map(({ changedAt }) => changedAt.toISOString())).toEqual(
      [7, 8, 9].map(second => `2026-01-31T12:00:0${second}.000Z`),
    )
    expect(deletedBy(queue.calls)).toEqual(['r1', 'r2', 'r3'])
  })

  test.each([
    ['a failed call', event(record({ errorCode: 'NoSuchEntityException' }))],
    ['another account’s', event(record({ recipientAccountId: '210987654321' }))],
    ['an event of another source', event(record(), { source: 'aws.s3' })],
    ['another kind of event', event(record(), { 'detail-type': 'AWS Service Event via CloudTrail' })],
    ['a read', event(record({ eventName: 'ListSigningCertificates', readOnly: true }))],
    ['an event without a record', event(null)],
  ])('that is no news is deleted without a word: %s', async (_what, body) => {
    await using queue = await startStubQueue(call => first(call, body))
    await using running = runFeed({ ...queue, accountId: '123456789012' })
    await queue.arrived('DeleteMessage', 1)
    expect(running.told).toEqual([])
    expect(running.lines()).toEqual([])
    expect(running.lines(20)).toMatchObject([{ messageId: 'm1', reason: expect.any(String) }])
  })

  test('whose record is not as we know them is left to the queue, too, and said once', async () => {
    const odd = event(record({ requestParameters: { userName: 'alice', certificateId, status: 'Paused' } }))
    const without = event(record({ requestParameters: null }))
    await using queue = await startStubQueue(call =>
      call.api === 'ReceiveMessage' && call.earlier < 2 ? messages(odd, without, disabled) : undefined,
    )
    await using running = runFeed(queue)
    await queue.arrived('ReceiveMessage', 3)
    expect(running.told).toMatchObject([told, told])
    expect(deletedBy(queue.calls)).toEqual(['r3', 'r3'])
    const reason = 'expected requestParameters.status to be Active or Inactive'
    expect(running.lines()).toMatchObject([
      { level: 40, api: 'UpdateSigningCertificate', messageId: 'm1', reason },
      { level: 40, api: 'UpdateSigningCertificate', messageId: 'm2' },
    ])
  })

  test.each([
    ['not JSON', disabled.slice(0, -1)],
    ['JSON, but no event', 'null'],
    ['somebody else’s', '{"orderId":1}'],
    ['a record without its envelope', JSON.stringify(record())],
  ])('that is %s is left to the queue, and said once however often it comes', async (_what, odd) => {
    await using queue = await startStubQueue(call =>
      call.api === 'ReceiveMessage' && call.earlier < 3 ? messages(odd, disabled) : undefined,
    )
    await using running = runFeed(queue)
    await queue.arrived('ReceiveMessage', 4)
    expect(running.told).toHaveLength(3)
    expect(deletedBy(queue.calls)).toEqual(['r2', 'r2', 'r2'])
    const msg = 'a message of the change queue is not an event of EventBridge: left to its dead-letter queue'
    expect(running.lines()).toMatchObject([{ level: 40, messageId: 'm1', msg }])
  })
})

describe('a change that cannot be told now', () => {
  test('is not even received where that is known', async () => {
    let asked = 0
    let receivedBefore = -1
    await using queue = await startStubQueue(call => first(call, disabled))
    await using running = runFeed({
      ...queue,
      canTell() {
        asked += 1
        if (asked === 3) receivedBefore = queue.calls.filter(({ api }) => api === 'ReceiveMessage').length
        return asked >= 3
      },
    })
    await running.hasTold(1)
    expect(receivedBefore).toBe(0)
  })

  test('is told later; until then its message stays and no other is received', async () => {
    let attempts = 0
    const receivedBefore: number[] = []
    await using queue = await startStubQueue(call => first(call, disabled, event(record({ eventName: 'Other' }))))
    const states: string[] = []
    await using running = runFeed({
      ...queue,
      async tell() {
        attempts += 1
        receivedBefore.push(queue.calls.filter(({ api }) => api === 'ReceiveMessage').length)
        states.push(running.feed.state)
        if (attempts < 4) throw new Error('the store is away')
      },
    })
    await queue.arrived('ReceiveMessage', 2)
    expect(receivedBefore).toEqual([1, 1, 1, 1])
    expect(states).toEqual(['ok', 'degraded', 'degraded', 'degraded'])
    expect(running.feed.state).toBe('ok')
    expect(deletedBy(queue.calls)).toEqual(['r1', 'r2'])
    expect(running.told).toMatchObject([told])
    expect(running.lines()).toMatchObject([
      { level: 40, err: { message: 'the store is away' } },
      { level: 30, msg: 'changes from the change queue are told again' },
    ])
  })

  test('does not keep the feed from closing, and its message stays in the queue', async () => {
    await using queue = await startStubQueue(call => first(call, disabled))
    const running = runFeed({
      ...queue,
      longestPause: 1e8,
      tell: () => Promise.reject(new Error('the store is away')),
    })
    await running.said(/could not be told/)
    await running.feed.close()
    expect(deletedBy(queue.calls)).toEqual([])
  })
})

describe('closing', () => {
  test('ends a long poll at once, and its connection', async () => {
    await using queue = await startStubQueue(() => undefined)
    const running = runFeed(queue)
    await queue.arrived('ReceiveMessage', 1)
    await running.feed.close()
    await queue.calls[1]?.over
    expect(running.lines()).toEqual([])
    expect(running.feed.state).toBe('ok')
  })

  test('ends an answer that has stopped in its middle', async () => {
    await using queue = await startStubQueue(call =>
      call.api === 'ReceiveMessage' ? { body: '{"Messages":[]}', cut: 'stall' } : undefined,
    )
    const begun = answersBegun(2)
    const running = runFeed(queue)
    await begun
    await running.feed.close()
    await queue.calls[1]?.over
    expect(running.lines()).toEqual([])
  })

  test('waits for the change that is being told, and deletes its message, but begins no other', async () => {
    await using queue = await startStubQueue(call => first(call, disabled, disabled))
    let closed: Promise<void> | undefined
    const running = runFeed({
      ...queue,
      async tell() {
        closed = running.feed.close()
        // Everything that closing does before it waits.
        await new Promise(resolve => setImmediate(resolve))
      },
    })
    await running.hasTold(1)
    await closed
    expect(running.told).toHaveLength(1)
    expect(deletedBy(queue.calls)).toEqual(['r1'])
  })
})

test('a change has all that the record says', async () => {
  await using queue = await startStubQueue(call => first(call, disabled))
  await using running = runFeed(queue)
  await running.hasTold(1)
  expect(running.told).toEqual([
    {
      ...told,
      previousStatus: undefined,
      changedAt: new Date('2026-01-31T12:00:00Z'),
      changedBy: 'arn:aws:iam::123456789012:user/ops',
      source: 'CLOUDTRAIL',
      call: {
        api: 'UpdateSigningCertificate',
        requestId: 'c79bb3a1-6de6-4bd6-9ef6-3f7b6f4cd5e4',
        accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      },
    } satisfies NewChange,
  ])
})

/** To the first call for messages these; then none. */
function first(call: QueueCall, ...bodies: readonly string[]) {
  return call.api === 'ReceiveMessage' && call.earlier === 0 ? messages(...bodies) : undefined
}

/** Resolves once this process has the headers of so many answers. */
function answersBegun(count: number): Promise<void> {
  return new Promise(resolve => {
    let begun = 0
    const listen = () => {
      begun += 1
      if (begun < count) return
      unsubscribe('http.client.response.finish', listen)
      resolve()
    }
    subscribe('http.client.response.finish', listen)
  })
}

function deletedBy(calls: readonly QueueCall[]): unknown[] {
  return calls
    .filter(({ api }) => api === 'DeleteMessage')
    .map(({ input }) => input['ReceiptHandle'])
    .sort()
}
