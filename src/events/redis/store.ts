import { setTimeout as pause } from 'node:timers/promises'
import { foldUserName } from '../../iam/model.ts'
import { parseChangeId } from '../change-id.ts'
import {
  type ChangeStore,
  type Follower,
  type Pictured,
  StoreAway,
  type StoreState,
  type Telling,
} from '../change-store.ts'
import { readWatched, unionOf, watchedText } from '../watched.ts'
import { connectRedis, type RedisConnection } from './connection.ts'
import { createRedisReader, random } from './reader.ts'
import { leaseScript, lossScript, pictureScript, releaseScript, watchedScript, watchScript } from './script.ts'
import { offer, tellScript } from './tell-script.ts'

export interface RedisStoreOptions {
  readonly url: string
  /** What every key begins with. */
  readonly prefix: string
  /** AWS's id of the account: of two accounts nothing is shared. */
  readonly account: string
  /** How many entries are remembered. */
  readonly capacity: number
  /** How long, in milliseconds by Redis's clock. */
  readonly rememberedFor: number
  /** How long a command may take before Redis counts as away, in milliseconds. Default 2,000. */
  readonly patience?: number
  /** How often an idle instance checks that Redis still has what it read, in milliseconds. Default 1,000. */
  readonly beat?: number
}

/** What all instances with the same Redis, prefix and account share. */
export function createRedisStore(options: RedisStoreOptions): ChangeStore {
  const { url, prefix, account, capacity, rememberedFor, patience = 2_000, beat = 1_000 } = options
  const instance = random()
  // In braces: of a cluster all keys are in one slot, as a script needs them.
  const keyOf = (name: string) => `${prefix}:{${account}}:${name}`
  const stream = keyOf('changes')
  const keysFor = (kind: string) =>
    [keyOf('meta'), stream, keyOf('known'), keyOf('known-since'), keyOf(`picture:${kind}`)] as const
  const over = new AbortController()
  let connection: RedisConnection | undefined
  let why: unknown
  let state: StoreState = 'degraded'
  let done: Promise<void> | undefined

  const run = async (on: RedisConnection, script: string, given: object, kind = '') =>
    on.run(script, keysFor(kind), [JSON.stringify({ capacity, rememberedFor, ...given })])

  /** Where a command fails, it is as good as with the connection gone: all begin anew. */
  async function ask<Value>(work: (on: RedisConnection) => Promise<Value>): Promise<Value> {
    const on = connection
    if (!on) throw new StoreAway('Redis is away', { cause: why })
    try {
      return await work(on)
    } catch (error) {
      why = error
      on.destroy()
      throw new StoreAway('Redis is away', { cause: error })
    }
  }

  async function serve(follower: Follower, onTried: () => void): Promise<void> {
    const reader = createRedisReader({ stream, capacity, follower, run })
    let isTold = false
    const changeTo = (to: StoreState, error?: unknown) => {
      if (isTold && state === to) return
      isTold = true
      state = to
      follower.changedState(to, error)
    }
    for (let failures = 0; !over.signal.aborted; failures++) {
      let opened: RedisConnection | undefined
      try {
        why = undefined
        opened = await connectRedis(url, patience, over.signal)
        await reader.catchUp(opened)
        connection = opened
        changeTo('ok')
        onTried()
        while (!over.signal.aborted) {
          await reader.readOn(opened, beat)
          failures = 0
        }
      } catch (error) {
        connection = undefined
        if (!over.signal.aborted) changeTo('degraded', why ?? error)
        onTried()
      } finally {
        opened?.destroy()
      }
      await pause(backoff(failures), undefined, { signal: over.signal }).catch(() => {})
    }
  }

  return {
    async tell(change, how = {}) {
      const given = { epoch: random(), mark: random(), by: instance, ...offer(change, how) }
      const answer = await ask(on => run(on, tellScript, given, change.kind))
      const [outcome, mark = '', status = ''] = answer as [Telling['outcome'], string?, string?]
      return outcome === 'tied' ? { outcome, with: mark, status: status || undefined } : { outcome }
    },

    async tellLoss() {
      await ask(on => run(on, lossScript, { epoch: random(), mark: random() }))
    },

    async follow(follower) {
      await new Promise<void>(resolve => {
        done = serve(follower, resolve)
      })
    },

    async pictureOf(kind, userName) {
      const key = keyOf(`picture:${kind}`)
      if (userName === undefined) {
        const { '': everybody, ...users } = await ask(on => on.hash(key))
        return everybody === undefined ? undefined : Object.values(users).flatMap(readRows)
      }
      const [everybody, rows] = await ask(on => on.fields(key, ['', foldUserName(userName)]))
      return rows == null ? (everybody == null ? undefined : []) : readRows(rows)
    },

    async takePicture({ kind, userNames, rows, since }) {
      const place = parseChangeId(since)
      if (!place) return 'moved'
      const users = userNames?.map(foldUserName)
      const byUser = new Map((users ?? []).map(name => [name, {} as Record<string, Pictured>]))
      for (const row of rows) {
        const name = foldUserName(row.userName)
        byUser.set(name, { ...byUser.get(name), [row.credentialId]: row })
      }
      const given = {
        epoch: random(),
        mark: random(),
        kind,
        since: place,
        isOfEverybody: users === undefined,
        users: users ? JSON.stringify(users) : '',
        rows: Object.fromEntries([...byUser].map(([name, found]) => [name, JSON.stringify(found)])),
      }
      return (await ask(on => run(on, pictureScript, given, kind))) as 'taken' | 'moved'
    },

    lease: async (holder, milliseconds) =>
      (await ask(on => on.run(leaseScript, [keyOf('lease')], [holder, String(milliseconds)]))) === 1,

    async release(holder) {
      await ask(on => on.run(releaseScript, [keyOf('lease')], [holder]))
    },

    async watch(name, watched, milliseconds) {
      await ask(on => on.run(watchScript, [keyOf('watched')], [name, watchedText(watched), String(milliseconds)]))
    },

    async watchedByAnybody() {
      const texts = await ask(on => on.run(watchedScript, [keyOf('watched')], []))
      return unionOf((texts as string[]).map(readWatched))
    },

    get state() {
      return state
    },

    async close() {
      over.abort()
      await done
    },
  }
}

function readRows(text: string): Pictured[] {
  return Object.values(JSON.parse(text) as Record<string, Pictured>)
}

/** In milliseconds; not all instances at once. */
function backoff(failures: number): number {
  return Math.min(2_000, 50 * 2 ** failures) * (0.5 + Math.random() / 2)
}
