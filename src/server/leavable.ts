import type { ExecutionResult } from 'graphql'
import { isAsyncIterable } from 'graphql-yoga'
import type { Opened } from './opened-socket.ts'

/** What comes of one operation on a WebSocket. */
export type Stream = AsyncIterableIterator<ExecutionResult>

/** Of an operation that has not begun yet. */
export interface Place {
  readonly stream: AsyncIterableIterator<never>
  readonly isLeft: boolean
}

export function createPlace(): Place {
  let isLeft = false
  const stream: AsyncIterableIterator<never> = {
    next: async () => end,
    async return() {
      isLeft = true
      return end
    },
    [Symbol.asyncIterator]: () => stream,
  }
  return {
    stream,
    get isLeft() {
      return isLeft
    },
  }
}

export async function unlessLeft(place: Place, stream: Stream): Promise<Stream> {
  if (place.isLeft) await stream.return?.()
  return stream
}

/**
 * What is under way on each socket. graphql-ws knows it by its id alone, and loses it where the id is completed and given
 * again while it begins: it would go on for ever.
 */
export function createStreams(): (opened: Opened) => Set<Stream> {
  const streamsOf = new WeakMap<Opened, Set<Stream>>()
  return opened => {
    const streams = streamsOf.get(opened) ?? new Set<Stream>()
    streamsOf.set(opened, streams)
    return streams
  }
}

/**
 * graphql-ws lets go of a stream when its client completes it or goes away, but not of a single answer under way: so
 * that, too, is a stream, and whoever lets go of it says that the client has gone. One that is mute waits for that.
 */
export function leavable(
  run: () => unknown,
  client: AbortController,
  streams: Set<Stream>,
  { onOver, isMute }: { readonly onOver: () => void; readonly isMute: () => boolean } = always,
): Stream {
  // Also what throws at once is this operation's failure alone: thrown here, it would close the socket.
  const results = new Promise(resolve => resolve(run())).then(resultsOf)
  let left = false
  let leave = () => {}
  const gone = new Promise<void>(resolve => {
    leave = resolve
  })
  function over(): void {
    streams.delete(stream)
    onOver()
  }
  const stream: Stream = {
    async next() {
      try {
        const begun = await results
        const next = left ? end : await begun.next()
        // Nor is it completed: the socket is about to close, by which clients know that there is more to come.
        if (isMute()) await gone
        if (next.done) over()
        return left ? end : next
      } catch (error) {
        over()
        throw error
      }
    },
    async return() {
      left = true
      leave()
      over()
      client.abort()
      // Also where its results begin only now. That it never began is for `next` to tell, if anybody asks.
      await results.then(
        begun => begun.return?.(),
        () => undefined,
      )
      return end
    },
    [Symbol.asyncIterator]: () => stream,
  }
  streams.add(stream)
  return stream
}

const always = { onOver: () => {}, isMute: () => false }

const end = { done: true, value: undefined } as const

async function* once<T>(value: T): AsyncGenerator<T, void> {
  yield value
}

function resultsOf(answer: unknown): AsyncIterator<ExecutionResult> {
  return isAsyncIterable<ExecutionResult>(answer) ? answer[Symbol.asyncIterator]() : once(answer as ExecutionResult)
}
