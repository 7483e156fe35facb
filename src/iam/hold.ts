/**
 * While a change, or what it reads, is under way, other calls hold back: what the change does next must not come behind
 * many of them. A few go all the same, so that no stream of changes stops everybody else; and a change that IAM does
 * not answer holds up nobody for long.
 */
export interface Hold {
  /** An urgent call goes out. */
  begin(): void
  /** It is over; what follows it has a moment to go out, too. */
  end(): void
  /** Whether another call may go out; each that does is told of by `pass`. */
  readonly isOpen: boolean
  pass(): void
}

/** Calls that go out beside each urgent one: two, then, beside a change and what it reads. */
const beside = 1
/** In milliseconds. */
const longest = 1_000

export function createHold(now: () => number, onOpen: () => void): Hold {
  let urgent = 0
  let left = 0
  let until = 0
  let timer: NodeJS.Timeout | undefined

  function open(): void {
    clearTimeout(timer)
    timer = undefined
    onOpen()
  }

  return {
    begin() {
      urgent += 1
      left = beside
      until = now() + longest
    },
    end() {
      setImmediate(() => {
        urgent -= 1
        if (urgent === 0) open()
      })
    },
    get isOpen() {
      if (urgent === 0 || left > 0) return true
      const rest = until - now()
      if (rest > 0) timer ??= setTimeout(open, Math.ceil(rest))
      return rest <= 0
    },
    pass() {
      left -= 1
    },
  }
}
