import type { Logger } from 'pino'
import type { TroubleOptions } from './trouble.ts'

type Line = Pick<TroubleOptions, 'onBegin' | 'onOver'>

/** What the feed says to whoever runs the gateway. */
export interface FeedLog {
  readonly receiving: Line
  readonly deleting: Line
  readonly telling: Line
  noDeadLetterQueue(): void
  notInspected(error: unknown): void
  /** Once for each message, however often it comes. */
  malformed(messageId: string): void
  /** Once for each message: it may be that the records of its API are other than we know. */
  unreadable(messageId: string, lesson: { readonly api: string; readonly reason: string }): void
  nothing(messageId: string, reason: string): void
}

/** How many messages are remembered as said. */
const capacity = 1_000

export function logFeed(log: Logger, address: string): FeedLog {
  const queueUrl = withoutPassword(address)
  const malformed = createOnce(capacity)
  const unreadable = createOnce(capacity)
  const expected = (what: string, error: unknown) =>
    log.warn({ queueUrl }, `--change-queue-url: expected ${what}, got ${wordsOf(error)}`)
  return {
    receiving: {
      onBegin: error => expected('an SQS queue that the gateway may receive messages from', error),
      onOver: () => log.info({ queueUrl }, 'receives from the change queue again'),
    },
    deleting: {
      onBegin: error => expected('an SQS queue that the gateway may delete messages from', error),
      onOver: () => log.info({ queueUrl }, 'deletes from the change queue again'),
    },
    telling: {
      onBegin: error =>
        log.warn({ err: error }, 'a change from the change queue could not be told: none is received until it is'),
      onOver: () => log.info('changes from the change queue are told again'),
    },
    noDeadLetterQueue: () =>
      log.warn(
        { queueUrl },
        '--change-queue-url: expected a queue with a dead-letter queue, got one without: a message that cannot be ' +
          'read comes back until its retention ends',
      ),
    notInspected: error => expected('an SQS queue whose attributes the gateway may get', error),
    malformed(messageId) {
      if (malformed(messageId))
        log.warn(
          { messageId },
          'a message of the change queue is not an event of EventBridge: left to its dead-letter queue',
        )
    },
    unreadable(messageId, { api, reason }) {
      if (unreadable(messageId))
        log.warn(
          { messageId, api, reason },
          "CloudTrail's record of a change could not be read: left to the dead-letter queue",
        )
    },
    nothing: (messageId, reason) => log.debug({ messageId, reason }, 'a message of the change queue is no news'),
  }
}

/** Whether a word is new; those said longest ago are forgotten. */
function createOnce(limit: number): (word: string) => boolean {
  const said = new Set<string>()
  return word => {
    const isNew = !said.has(word)
    said.delete(word)
    said.add(word)
    for (const oldest of said) {
      if (said.size <= limit) break
      said.delete(oldest)
    }
    return isNew
  }
}

/** AWS's, or the connection's. Behind the first line stands how a programmer of the SDK finds out more. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  const [message = ''] = error.message.split('\n')
  const status = '$metadata' in error ? statusOf(error.$metadata) : ''
  return [code, message.slice(0, 500)].filter(word => word !== '').join(': ') + status
}

function statusOf(metadata: unknown): string {
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata && metadata.httpStatusCode
  return typeof status === 'number' ? ` (HTTP ${status})` : ''
}

function withoutPassword(address: string): string {
  const url = new URL(address)
  if (url.username === '' && url.password === '') return address
  return Object.assign(url, { username: '', password: '' }).href
}
