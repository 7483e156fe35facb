import { setTimeout as delay } from 'node:timers/promises'

/**
 * Parts follow each other no faster: what is ready meanwhile comes in one. Each part costs the executor a look at all
 * that are still to come, and a client a look at all it shows: a thousand rows one by one cost Apollo Client 30 seconds of
 * CPU, in ten parts a second one.
 */
const betweenParts = 100

/** Where tens of thousands of parts are still to come a look takes long, and leaves its trace on each: then more rarely. */
const looksApart = 50

/** Waits before it looks for the next part, so that what is ready by then comes in one; never for the first two. */
export function paced<Part>(parts: AsyncIterable<Part>): AsyncIterableIterator<Part> {
  const iterator = parts[Symbol.asyncIterator]()
  const over = { done: true, value: undefined } as const
  let leave = () => {}
  const left = new Promise<IteratorResult<Part>>(resolve => {
    leave = () => resolve(over)
  })
  let taken = 0
  let due = 0
  const stream: AsyncIterableIterator<Part> = {
    async next() {
      const early = due - performance.now()
      if (early > 0) await delay(early)
      const begun = performance.now()
      const next = iterator.next()
      const look = performance.now() - begun
      // A part may be long in coming, and whoever has left waits for it no more.
      const result = await Promise.race([left, next])
      taken += 1
      if (taken > 1) due = performance.now() + Math.max(betweenParts, look * looksApart)
      return result
    },
    async return() {
      leave()
      await iterator.return?.()
      return over
    },
    [Symbol.asyncIterator]: () => stream,
  }
  return stream
}
