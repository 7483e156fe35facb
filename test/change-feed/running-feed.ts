import { EventEmitter, once } from 'node:events'
import { Writable } from 'node:stream'
import { type ChangeFeed, type ChangeFeedOptions, createChangeFeed } from '../../src/change-feed/change-feed.ts'
import type { NewChange } from '../../src/events/change.ts'
import { createLog } from '../../src/log.ts'

export interface LogLine {
  /** Pino's: 20 debug, 30 info, 40 warn. */
  readonly level: number
  readonly msg: string
  readonly [key: string]: unknown
}

export interface RunningFeed extends AsyncDisposable {
  readonly feed: ChangeFeed
  /** What was told so far, in order. */
  readonly told: readonly NewChange[]
  /** Of this level or above; the default is info. */
  lines(level?: number): readonly LogLine[]
  /** Resolves once that many changes were told. */
  hasTold(count: number): Promise<void>
  /** Resolves with the first line that says so. */
  said(pattern: RegExp): Promise<LogLine>
}

export function runFeed(
  options: Omit<ChangeFeedOptions, 'tell' | 'log'> & { readonly tell?: ChangeFeedOptions['tell'] },
): RunningFeed {
  const told: NewChange[] = []
  const lines: LogLine[] = []
  const news = new EventEmitter()
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)) as LogLine)
      news.emit('news')
      done()
    },
  })
  const feed = createChangeFeed({
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' },
    // A thirty-second part of it is the first pause.
    longestPause: 64,
    ...options,
    log: createLog('debug', stream),
    async tell(change) {
      const answer = await options.tell?.(change)
      told.push(change)
      news.emit('news')
      return answer
    },
  })
  return {
    feed,
    told,
    lines: (level = 30) => lines.filter(line => line.level >= level),
    async hasTold(count) {
      while (told.length < count) await once(news, 'news')
    },
    async said(pattern) {
      for (;;) {
        const line = lines.find(({ msg }) => pattern.test(msg))
        if (line) return line
        await once(news, 'news')
      }
    },
    [Symbol.asyncDispose]: feed.close,
  }
}
