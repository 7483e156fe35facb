import { describe, expect, test } from 'vitest'
import { event, record } from './record.ts'
import { runFeed } from './running-feed.ts'
import { messages, type QueueAnswer, refusal, startStubQueue } from './stub-queue.ts'

const disabled = event(record())

describe('a queue that fails for a while', () => {
  test.each<[string, QueueAnswer, string]>([
    ['with 500s', refusal('InternalFailure', 'Try later.', 500), 'InternalFailure: Try later. (HTTP 500)'],
    ['with a page that is not SQS’s', { status: 502, body: '<html>Bad gateway</html>' }, '(HTTP 502)'],
    ['by refusing', refusal('AccessDeniedException', 'User: … is not authorized.', 403), 'User: … is not authorized.'],
    ['by closing connections', 'close', 'ECONNRESET: '],
  ])('%s is asked again: one line when it begins, one when it is over', async (_how, answer, words) => {
    const states: string[] = []
    await using queue = await startStubQueue(({ api, earlier }) => {
      if (api !== 'ReceiveMessage') return undefined
      states.push(running.feed.state)
      if (earlier < 4) return answer
      return earlier === 4 ? messages(disabled) : undefined
    })
    const running = runFeed(queue)
    await using _closing = running
    await queue.arrived('ReceiveMessage', 6)
    expect(running.told).toHaveLength(1)
    expect(states).toEqual(['ok', 'degraded', 'degraded', 'degraded', 'degraded', 'ok'])
    const { queueUrl } = queue
    expect(running.lines()).toMatchObject([
      { level: 40, queueUrl, msg: expect.stringContaining(words) },
      { level: 30, queueUrl, msg: 'receives from the change queue again' },
    ])
    expect(running.lines()[0]?.msg).toMatch(
      /^--change-queue-url: expected an SQS queue that the gateway may receive messages from, got /,
    )
  })

  test('is not waited on for messages until it works, so that this is known soon', async () => {
    await using queue = await startStubQueue(({ api, earlier }) =>
      api === 'ReceiveMessage' && earlier < 2 ? refusal('InternalFailure', 'Try later.', 500) : undefined,
    )
    await using _running = runFeed(queue)
    await queue.arrived('ReceiveMessage', 3)
    const waits = queue.calls.filter(({ api }) => api === 'ReceiveMessage').map(({ input }) => input['WaitTimeSeconds'])
    expect(waits).toEqual([20, 0, 0])
  })
})

describe('when it begins', () => {
  test('a queue that does not exist is said with the flag and AWS’s words, once; it may come later', async () => {
    const missing = refusal('QueueDoesNotExist', 'The specified queue does not exist.')
    await using queue = await startStubQueue(({ api, earlier }) => {
      if (api === 'GetQueueAttributes') return missing
      if (api !== 'ReceiveMessage') return undefined
      return earlier < 2 ? missing : earlier === 2 ? messages(disabled) : undefined
    })
    await using running = runFeed(queue)
    await running.hasTold(1)
    expect(running.lines().map(({ msg }) => msg)).toEqual([
      '--change-queue-url: expected an SQS queue that the gateway may receive messages from, got QueueDoesNotExist: ' +
        'The specified queue does not exist. (HTTP 400)',
      'receives from the change queue again',
    ])
  })

  test('nobody listening is said, too', async () => {
    const { queueUrl } = await unheard()
    await using running = runFeed({ queueUrl })
    expect((await running.said(/^--change-queue-url/)).msg).toContain('ECONNREFUSED')
    expect(running.feed.state).toBe('degraded')
  })

  test('a queue whose attributes it may not get is read all the same', async () => {
    const denied = refusal(
      'AccessDeniedException',
      'User: … is not authorized to perform: sqs:getqueueattributes.',
      403,
    )
    await using queue = await startStubQueue(({ api, earlier }) => {
      if (api === 'GetQueueAttributes') return denied
      return api === 'ReceiveMessage' && earlier === 0 ? messages(disabled) : undefined
    })
    await using running = runFeed(queue)
    await running.hasTold(1)
    expect(running.feed.state).toBe('ok')
    expect(running.lines()).toMatchObject([
      {
        level: 40,
        msg: expect.stringMatching(/^--change-queue-url: expected .* attributes .*:getqueueattributes\. \(HTTP 403\)$/),
      },
    ])
  })

  test.each([
    ['is warned of', {}, [40]],
    ['is nothing to warn of where none is expected', { expectsDeadLetterQueue: false }, []],
  ])('a queue without a dead-letter queue %s', async (_what, options, levels) => {
    await using queue = await startStubQueue(({ api }) => (api === 'GetQueueAttributes' ? { body: '{}' } : undefined))
    await using running = runFeed({ ...queue, ...options })
    await queue.arrived('ReceiveMessage', 1)
    expect(running.lines().map(({ level }) => level)).toEqual(levels)
    expect(queue.calls[0]?.input).toEqual({ QueueUrl: queue.queueUrl, AttributeNames: ['RedrivePolicy'] })
  })
})

describe('a message that cannot be deleted', () => {
  test('is tried twice, and said once until one can be', async () => {
    const denied = refusal('AccessDeniedException', 'User: … is not authorized to perform: sqs:deletemessage.', 403)
    await using queue = await startStubQueue(({ api, earlier }) => {
      if (api === 'DeleteMessage') return earlier < 4 ? denied : undefined
      return api === 'ReceiveMessage' && earlier < 3 ? messages(disabled) : undefined
    })
    await using running = runFeed(queue)
    await queue.arrived('DeleteMessage', 4)
    expect(await running.said(/may delete messages/)).toMatchObject({ level: 40 })
    await queue.arrived('ReceiveMessage', 4)
    expect(queue.calls.filter(({ api }) => api === 'DeleteMessage')).toHaveLength(5)
    expect(running.lines().map(({ level }) => level)).toEqual([40, 30])
    expect(running.feed.state).toBe('ok')
  })
})

/** Of a queue that was there. */
async function unheard(): Promise<{ readonly queueUrl: string }> {
  await using queue = await startStubQueue(() => undefined)
  return { queueUrl: queue.queueUrl }
}
