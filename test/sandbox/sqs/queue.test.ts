import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Asked, createQueue } from '../../../src/sandbox/sqs/queue.ts'

const nobodyLeaves = new AbortController().signal
const tenAtOnce: Asked = { most: 10, wait: 0, visibilityTimeout: 30_000 }
const longPoll: Asked = { ...tenAtOnce, wait: 20_000 }

afterEach(() => {
  vi.useRealTimers()
})

describe('the queue in memory', () => {
  test('gives nothing to a poll whose client has left', async () => {
    const queue = createQueue()
    const leaving = new AbortController()
    const polled = queue.receive(longPoll, leaving.signal)
    leaving.abort()
    queue.send('for those who stay', 0)
    expect(await polled).toEqual([])
    expect(await queue.receive(tenAtOnce, nobodyLeaves)).toMatchObject([{ body: 'for those who stay' }])
  })

  test('forgets a message after four days', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'Date'] })
    const queue = createQueue()
    queue.send('old', 0)
    vi.advanceTimersByTime(2 * 86_400_000)
    queue.send('young', 0)
    expect(queue.counts().visible).toBe(2)
    vi.advanceTimersByTime(2 * 86_400_000 + 1)
    expect(queue.counts().visible).toBe(1)
    expect(await queue.receive(tenAtOnce, nobodyLeaves)).toMatchObject([{ body: 'young' }])
  })

  test('keeps the newest 100,000', async () => {
    const queue = createQueue()
    for (let count = 1; count <= 100_002; count += 1) queue.send(String(count), 0)
    expect(queue.counts()).toEqual({ visible: 100_000, notVisible: 0, delayed: 0 })
    expect(await queue.receive({ ...tenAtOnce, most: 1 }, nobodyLeaves)).toMatchObject([{ body: '3' }])
  })

  test('holds a message back for its delay, and then dates it', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'Date', 'setTimeout', 'clearTimeout'] })
    const queue = createQueue()
    const start = Date.now()
    queue.send('later', 1000)
    expect(queue.counts()).toEqual({ visible: 0, notVisible: 0, delayed: 1 })
    expect(await queue.receive(tenAtOnce, nobodyLeaves)).toEqual([])
    const polled = queue.receive(longPoll, nobodyLeaves)
    await vi.advanceTimersByTimeAsync(1000)
    expect(await polled).toMatchObject([{ body: 'later', sent: new Date(start + 1000) }])
    expect(queue.counts()).toEqual({ visible: 0, notVisible: 1, delayed: 0 })
  })
})
