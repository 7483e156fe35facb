import type { Logger } from 'pino'
import type { NewChange } from '../events/change.ts'
import { type FeedLog, logFeed } from './feed-log.ts'
import { type MessageLesson, readMessage } from './message.ts'
import { createQueue, type QueueMessage, type QueueOptions } from './queue.ts'
import { createTrouble, pause } from './trouble.ts'

export interface ChangeFeedOptions extends QueueOptions {
  /** Tells a change, which may be a repeat; rejects where it could not be told now, and may be asked again. */
  readonly tell: (change: NewChange) => Promise<unknown>
  /** Whether a change could be told now: until then none is received. Default: always. */
  readonly canTell?: () => boolean
  readonly log: Logger
  /** Ours: what happened in another account is no news. Left out: not known. */
  readonly accountId?: string | undefined
  /** Whether to warn where the queue has no dead-letter queue. Default: true. */
  readonly expectsDeadLetterQueue?: boolean
  /** Between two attempts, in milliseconds. Default 30,000. */
  readonly longestPause?: number
}

/** The changes that others make, from a queue that EventBridge fills. */
export interface ChangeFeed extends AsyncDisposable {
  /** Degraded: messages can not be received or deleted, or changes not be told. */
  readonly state: 'ok' | 'degraded'
  /** Resolves once the change that is being told, if any, is told and its message deleted. */
  close(): Promise<void>
}

interface Received {
  readonly message: QueueMessage
  readonly lesson: MessageLesson
}

/** In seconds; SQS allows no more. */
const longPoll = 20
/** In milliseconds: a queue that does not wait as asked is not asked more often. */
const shortestPoll = 1_000

/**
 * Begins to receive at once, until it is closed. A message is deleted once its change is told: until then it is the
 * queue's to keep, and any instance's to receive. While a change cannot be told nothing more is received, for the
 * queue counts how often it gave a message, and soon calls it dead.
 */
export function createChangeFeed(options: ChangeFeedOptions): ChangeFeed {
  const { tell, canTell = () => true, accountId, expectsDeadLetterQueue = true, longestPause = 30_000 } = options
  const say = logFeed(options.log, options.queueUrl)
  const queue = createQueue(options)
  const closing = new AbortController()
  const { signal } = closing
  const receiving = createTrouble({ longestPause, ...say.receiving })
  const deleting = createTrouble({ longestPause, ...say.deleting })
  const telling = createTrouble({ longestPause, ...say.telling })

  async function run(): Promise<void> {
    await inspect()
    while (!signal.aborted) {
      try {
        if (canTell()) await poll()
        else await pause(shortestPoll, signal)
      } catch (error) {
        // Not expected; but one message must not end the feed, nor the process.
        receiving.failed(error)
        await receiving.pause(signal)
      }
    }
  }

  async function inspect(): Promise<void> {
    try {
      if (!(await queue.hasDeadLetterQueue(signal)) && expectsDeadLetterQueue) say.noDeadLetterQueue()
    } catch (error) {
      if (signal.aborted) return
      // Only this may be forbidden; what is wrong with the queue is wrong with receiving, too.
      if (isAccessDenied(error)) return say.notInspected(error)
      receiving.failed(error)
      await receiving.pause(signal)
    }
  }

  async function poll(): Promise<void> {
    const askedAt = performance.now()
    const messages = await receive()
    if (messages === undefined) return receiving.pause(signal)
    const done = await handle(messages)
    const isTooSoon = performance.now() - askedAt < shortestPoll
    if (done === 0 && isTooSoon) await pause(shortestPoll, signal)
  }

  /** Undefined: it failed. After that it does not wait for messages, so as to know soon that it works again. */
  async function receive(): Promise<readonly QueueMessage[] | undefined> {
    try {
      const messages = await queue.receive(receiving.isOn ? 0 : longPoll, signal)
      receiving.over()
      return messages
    } catch (error) {
      if (!signal.aborted) receiving.failed(error)
      return undefined
    }
  }

  /** Gives back how many were done with: told, or nothing to tell. */
  async function handle(messages: readonly QueueMessage[]): Promise<number> {
    const received = messages.map(message => ({ message, lesson: readMessage(message.body, accountId) }))
    const removed = received.filter(one => isDoneWith(one, say)).map(({ message }) => remove(message))
    for (const { message, change } of changesOf(received)) {
      if (!(await told(change))) break
      removed.push(remove(message))
    }
    await Promise.all(removed)
    return removed.length
  }

  /** Sooner or later; false where the feed was closed before. */
  async function told(change: NewChange): Promise<boolean> {
    while (!signal.aborted) {
      try {
        await tell(change)
        telling.over()
        return true
      } catch (error) {
        telling.failed(error)
        await telling.pause(signal)
      }
    }
    return false
  }

  /** Where it fails the message comes again, and is known to be a repeat. */
  async function remove(message: QueueMessage): Promise<void> {
    try {
      await queue.remove(message)
      deleting.over()
    } catch (error) {
      deleting.failed(error)
    }
  }

  const ended = run()
  const close = async () => {
    closing.abort()
    await ended
    queue.destroy()
  }
  return {
    get state() {
      return receiving.isOn || deleting.isOn || telling.isOn ? 'degraded' : 'ok'
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Whether it may be deleted. What should be news, and is not as we know it, is left to the queue's own policy. */
function isDoneWith({ message, lesson }: Received, say: FeedLog): boolean {
  switch (lesson.is) {
    case 'malformed':
      say.malformed(message.id)
      return false
    case 'unreadable':
      say.unreadable(message.id, lesson)
      return false
    case 'nothing':
      say.nothing(message.id, lesson.reason)
      return true
    case 'change':
      return false
  }
}

/** As they happened: the queue knows no order, and what comes too late is told as superseded. */
function changesOf(received: readonly Received[]) {
  return received
    .flatMap(({ message, lesson }) => (lesson.is === 'change' ? [{ message, change: lesson.change }] : []))
    .sort((one, other) => one.change.changedAt.getTime() - other.change.changedAt.getTime())
}

function isAccessDenied(error: unknown): boolean {
  return error instanceof Error && error.name.startsWith('AccessDenied')
}
