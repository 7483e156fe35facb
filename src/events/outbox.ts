import { credentialKey, type NewChange } from './change.ts'
import type { Tell } from './teller.ts'

export interface OutboxOptions {
  /** How many changes wait at most while the store is away; beyond it those that wait longest are lost. */
  readonly capacity: number
  readonly tell: Tell
  readonly tellLoss: () => Promise<void>
  /** Told of what gets no place in the order: it was told before, or is lost. */
  readonly onDropped: (change: NewChange, why: 'repeated' | 'lost') => void
}

/** What this instance made and the store does not have yet, in the order in which it was made. */
export interface Outbox {
  /** Resolves once the change is in the store, or waits for it to be back. Never rejects. */
  put(change: NewChange, isQuiet?: boolean): Promise<void>
  /** The store is there: what waits is sent. */
  open(): void
  /** The store is away: nothing is sent. */
  shut(): void
  readonly waiting: number
}

interface Item {
  readonly change: NewChange
  readonly isQuiet: boolean
  readonly number: number
  readonly done: () => void
}

/** So many are on their way at once: a store that is back is not flooded. */
const maxSent = 100

export function createOutbox({ capacity, tell, tellLoss, onDropped }: OutboxOptions): Outbox {
  const waiting: Item[] = []
  /** Of one credential one change at a time, for a tie may hold it up. */
  const busy = new Set<string>()
  let isOpen = true
  let isLossy = false
  let isTellingLoss = false
  let count = 0

  async function send(item: Item): Promise<void> {
    const key = credentialKey(item.change)
    busy.add(key)
    try {
      const outcome = await tell(item.change, item.isQuiet)
      if (outcome !== 'told') onDropped(item.change, 'repeated')
    } catch {
      // Whether it was told or not: what is offered again is told once.
      isOpen = false
      putAside(item)
    } finally {
      busy.delete(key)
      item.done()
      sendWaiting()
    }
  }

  function putAside(item: Item): void {
    const at = waiting.findLastIndex(({ number }) => number < item.number) + 1
    waiting.splice(at, 0, item)
    if (waiting.length <= capacity) return
    isLossy = true
    for (const lost of waiting.splice(0, waiting.length - capacity)) {
      onDropped(lost.change, 'lost')
      lost.done()
    }
  }

  function sendWaiting(): void {
    if (!isOpen || isTellingLoss || waiting.length === 0) return
    if (isLossy) {
      sendLoss()
      return
    }
    const held: Item[] = []
    const heldKeys = new Set<string>()
    let seen = 0
    for (const item of waiting) {
      if (busy.size >= maxSent) break
      seen += 1
      const key = credentialKey(item.change)
      if (busy.has(key) || heldKeys.has(key)) {
        held.push(item)
        heldKeys.add(key)
      } else void send(item)
    }
    waiting.splice(0, seen, ...held)
  }

  function sendLoss(): void {
    isTellingLoss = true
    tellLoss()
      .then(
        () => {
          isLossy = false
        },
        () => {
          isOpen = false
        },
      )
      .finally(() => {
        isTellingLoss = false
        sendWaiting()
      })
  }

  return {
    async put(change, isQuiet = false) {
      const { promise, resolve } = settling()
      putAside({ change, isQuiet, number: count++, done: resolve })
      if (isOpen) sendWaiting()
      else resolve()
      return promise
    },
    open() {
      isOpen = true
      sendWaiting()
    },
    shut() {
      isOpen = false
      for (const { done } of waiting) done()
    },
    get waiting() {
      return waiting.length
    },
  }
}

function settling(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>(settle => {
    resolve = settle
  })
  return { promise, resolve }
}
