/** Something that is read in steps; whoever waits for more is woken. */
export interface Source<Value> {
  /** The next value, undefined where there is none yet. Throws where there will be none. */
  read(): Value | undefined
  /** Nothing follows what can be read now. */
  readonly isClosed: boolean
  /** Whoever sleeps. Waking is calling. */
  readonly asleep: Set<() => void>
  /** Called when it is first read, and when it has ended or was let go. */
  onBegun(): void
  onEnded(): void
}

/** Resolves once woken, or so many milliseconds later. */
export function nap(asleep: Set<() => void>, milliseconds: number): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(wake, milliseconds)
    asleep.add(wake)
    function wake(): void {
      clearTimeout(timer)
      asleep.delete(wake)
      resolve()
    }
  })
}

export function createSubscription<Value>(source: Source<Value>): AsyncIterableIterator<Value> {
  const { asleep } = source
  const naps = new Set<() => void>()
  let ended = false

  function end(): void {
    ended = true
    source.onEnded()
  }

  function asleepUntilWoken(): Promise<void> {
    return new Promise(resolve => {
      const wake = () => {
        asleep.delete(wake)
        naps.delete(wake)
        resolve()
      }
      asleep.add(wake)
      naps.add(wake)
    })
  }

  const subscription: AsyncIterableIterator<Value> = {
    async next() {
      if (!ended) source.onBegun()
      try {
        while (!ended) {
          const value = source.read()
          if (value) return { done: false, value }
          if (source.isClosed) end()
          else await asleepUntilWoken()
        }
        return { done: true, value: undefined }
      } catch (error) {
        end()
        throw error
      }
    },
    // A generator would hold return() back until the next change; a client that leaves must be let go at once.
    async return() {
      end()
      for (const wake of [...naps]) wake()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]: () => subscription,
  }
  return subscription
}
