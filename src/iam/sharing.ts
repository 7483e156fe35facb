import { LRUCache } from 'lru-cache'
import { foldUserName } from './model.ts'
import type { Lane } from './pacer.ts'
import { createParties, type Parties, type Party } from './turn.ts'

/** Which page it is: what one identity asks of the same API, user and input is the same page. */
export interface PageKey {
  /** Undefined: the gateway's own. */
  readonly identity: string | undefined
  readonly api: string
  readonly userName: string | undefined
  readonly input: object
}

export interface Asker extends Party<Lane> {
  readonly signal: AbortSignal | undefined
  /** The answer came with somebody else's call, or out of the cache. */
  readonly wasShared: () => void
  readonly wasCached: (page: Remembered) => void
}

/** A page as it was read once: of the same page, read anew, the stamp is another. */
export interface Remembered<Value = unknown> {
  readonly value: Value
  readonly stamp: symbol
}

/**
 * Identical reads of one identity: those under way at once are one call, and answers are remembered for a while. All
 * identities have this one memory, so that it stays as small as it must, but none is ever given another's page.
 */
export interface Sharing {
  /** What is remembered of a page, at once; undefined where nothing is. */
  recall<Value>(key: PageKey): Remembered<Value> | undefined
  /**
   * `load` ends with the signal it is given, once nobody waits for it any more, and goes for all who joined. Rejects as
   * `load` does, and with the asker's own reason.
   */
  get<Value>(key: PageKey, asker: Asker, load: Load<Value>): Promise<Value>
  /**
   * A user's pages of an API changed, or where no user is named anybody's, or where no API is named all, whoever asked:
   * those remembered go, and those under way, which may have been read before the change, are neither remembered nor
   * given to who asks from now on.
   */
  forget(api?: string, userName?: string): void
  /** Calls that somebody waits for. */
  readonly underWay: number
}

export interface SharingOptions {
  /** How long a page is remembered, in milliseconds; 0: not at all. */
  readonly ttl: number
  readonly maxEntries: number
  /** About; in bytes. */
  readonly maxBytes: number
}

type Load<Value> = (signal: AbortSignal, parties: Parties<Lane>) => Promise<Value>

interface Call {
  readonly parties: Parties<Lane>
  readonly answer: Promise<unknown>
  readonly end: AbortController
  waiters: number
}

export function createSharing({ ttl, maxEntries, maxBytes }: SharingOptions): Sharing {
  const cache =
    ttl > 0
      ? new LRUCache<string, Remembered>({
          ttl,
          max: maxEntries,
          maxSize: maxBytes,
          sizeCalculation: ({ value }, key) => key.length + sizeOf(value),
        })
      : undefined
  const calls = new Map<string, Call>()

  function begin(key: string, asker: Asker, load: Load<unknown>): Call {
    const end = new AbortController()
    const parties = createParties<Lane>(asker)
    const call: Call = { parties, answer: load(end.signal, parties), end, waiters: 0 }
    const isCurrent = () => calls.get(key) === call
    calls.set(key, call)
    call.answer.then(
      value => {
        if (!isCurrent()) return
        calls.delete(key)
        cache?.set(key, { value, stamp: Symbol() })
      },
      () => isCurrent() && calls.delete(key),
    )
    return call
  }

  return {
    recall: <Value>(page: PageKey) => cache?.get(keyOf(page)) as Remembered<Value> | undefined,
    async get<Value>(page: PageKey, asker: Asker, load: Load<Value>) {
      const { signal, wasShared, wasCached } = asker
      signal?.throwIfAborted()
      const key = keyOf(page)
      const remembered = cache?.get(key)
      if (remembered) {
        wasCached(remembered)
        return remembered.value as Value
      }
      const shared = calls.get(key)
      if (shared) {
        wasShared()
        shared.parties.join(asker)
      }
      const call = shared ?? begin(key, asker, load)
      return waitFor(call, signal, () => {
        if (calls.get(key) === call) calls.delete(key)
      }) as Promise<Value>
    },
    forget(api, userName) {
      const changed = changedPrefixes(api, userName)
      const isChanged = (key: string) => changed.some(start => key.startsWith(start))
      for (const key of [...calls.keys()].filter(isChanged)) calls.delete(key)
      for (const key of [...(cache?.keys() ?? [])].filter(isChanged)) cache?.delete(key)
    },
    get underWay() {
      return calls.size
    },
  }
}

/** A user's name is whatever was asked for; but no identity has a line break in it, nor JSON: the last line but one is it. */
function keyOf({ identity = '', api, userName, input }: PageKey): string {
  return `${prefix(api, userName ?? null)}${identity}\n${JSON.stringify(input)}`
}

function changedPrefixes(api: string | undefined, userName: string | undefined): string[] {
  if (api === undefined) return ['']
  return userName === undefined ? [prefix(api)] : [prefix(api, userName), prefix(api, null)]
}

/** Of what is asked of an API for a user, for nobody by name (null), or, left out, for anybody. */
function prefix(api: string, userName?: string | null): string {
  if (userName === undefined) return `${api}\n`
  return userName === null ? `${api}\n\n` : `${api}\n:${foldUserName(userName)}\n`
}

/** Each waiter leaves by its own signal; the last one to leave ends the call. */
function waitFor(call: Call, signal: AbortSignal | undefined, onAbandoned: () => void): Promise<unknown> {
  call.waiters += 1
  return new Promise((resolve, reject) => {
    const leave = () => {
      reject(signal?.reason)
      call.waiters -= 1
      if (call.waiters > 0) return
      onAbandoned()
      call.end.abort(signal?.reason)
    }
    signal?.addEventListener('abort', leave, { once: true })
    const stay = () => signal?.removeEventListener('abort', leave)
    call.answer.then(resolve, reject).finally(stay)
  })
}

/** About how much memory a value takes, in bytes: text as V8 keeps it, and what an object costs beside. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return 24 + value.length
  if (value instanceof Date) return 40
  if (typeof value !== 'object' || value === null) return 8
  return Object.values(value).reduce<number>((sum, member) => sum + sizeOf(member), 48)
}
