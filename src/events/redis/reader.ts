import { randomBytes } from 'node:crypto'
import type { Follower, Place } from '../change-store.ts'
import type { RedisConnection } from './connection.ts'
import { type Message, readEntry, type StreamEntry } from './entry.ts'
import { pulseScript, replaceScript } from './script.ts'

export interface RedisReaderOptions {
  readonly stream: string
  readonly capacity: number
  readonly follower: Follower
  readonly run: (connection: RedisConnection, script: string, given: object) => Promise<unknown>
}

/** Goes on from where the follower stands, over any number of connections. */
export interface RedisReader {
  /** Reads what is there. Rejects where the connection breaks. */
  catchUp(connection: RedisConnection): Promise<void>
  /** Waits so long for more, in milliseconds, and so often checks that it is still the same history. */
  readOn(connection: RedisConnection, wait: number): Promise<void>
}

interface Pulse {
  readonly newest: Place
  readonly now: number
  readonly oldest: number | undefined
}

/** What was told longer before this instance came is nothing that IAM's lists need not show yet. In milliseconds. */
const fresh = 60_000

export function createRedisReader({ stream, capacity, follower, run }: RedisReaderOptions): RedisReader {
  /** Of the newest entry that the follower has; undefined: it has never been filled. */
  let place: Place | undefined
  let checkedAt = 0

  async function pulse(connection: RedisConnection): Promise<Pulse> {
    checkedAt = performance.now()
    const answer = await run(connection, pulseScript, { epoch: random() })
    const [epoch, position, mark, now, oldest] = answer as [string, number, string, number, number | null]
    return { newest: { epoch, position, mark }, now, oldest: oldest ?? undefined }
  }

  /** Begins anew with what the stream has. */
  async function reload(connection: RedisConnection, { newest, now }: Pulse): Promise<void> {
    const entries: StreamEntry[] = []
    let behind = newest
    for (let isMore = true; isMore && entries.length < capacity; ) {
      const messages = await connection.readBack(stream, behind.position, capacity - entries.length)
      isMore = false
      for (const message of messages) {
        const one = readEntry(message, at => at < now - fresh)
        if (one.entry.epoch !== behind.epoch || one.entry.position !== behind.position) break
        if (one.entry.mark !== behind.mark) break
        entries.push(one)
        behind = { epoch: behind.epoch, position: behind.position - 1, mark: one.behind }
        isMore = true
      }
    }
    follower.restarted(behind)
    for (const { entry } of entries.reverse()) follower.appended(entry)
    place = newest
  }

  /** `isTorn`: an entry was found that does not follow what was read. Unless it is known why, all begins anew with it. */
  async function check(connection: RedisConnection, isTorn = false): Promise<void> {
    const found = await pulse(connection)
    const { newest, oldest } = found
    if (!place || newest.epoch !== place.epoch) return reload(connection, found)
    const isOlder =
      newest.position < place.position || (newest.position === place.position && newest.mark !== place.mark)
    if (isOlder) return replace(connection)
    const forgotten = (oldest ?? newest.position + 1) - 1
    if (isTorn || forgotten > place.position) return reload(connection, found)
    follower.forgotten(forgotten)
  }

  /** Redis came back with a history that lacks what was read: ids of it must not be taken for what comes instead. */
  async function replace(connection: RedisConnection): Promise<void> {
    await run(connection, replaceScript, { of: place?.epoch, epoch: random() })
    await reload(connection, await pulse(connection))
  }

  async function take(connection: RedisConnection, messages: readonly Message[]): Promise<void> {
    for (const message of messages) {
      const { entry, behind } = readEntry(message, () => false)
      const { epoch, position, mark } = entry
      if (position !== (place?.position ?? 0) + 1 || epoch !== place?.epoch) return check(connection, true)
      if (behind !== place.mark) return replace(connection)
      place = { epoch, position, mark }
      follower.appended(entry)
    }
  }

  return {
    async catchUp(connection) {
      await check(connection)
      for (;;) {
        const messages = await connection.read(stream, place?.position ?? 0, 0)
        if (messages.length === 0) return
        await take(connection, messages)
      }
    },
    async readOn(connection, wait) {
      const messages = await connection.read(stream, place?.position ?? 0, wait)
      await take(connection, messages)
      // What is too old is forgotten also where there is always something new.
      if (messages.length === 0 || performance.now() - checkedAt > wait) await check(connection)
    },
  }
}

export function random(): string {
  return randomBytes(9).toString('base64url')
}
