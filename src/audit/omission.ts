/** Counts what is not written, and has written how many there were. */
export interface Omissions {
  add(): void
  /** What was not told yet. Never rejects. */
  tell(): Promise<void>
  readonly count: number
}

/** Told ten seconds after the first of them. What could not be told, as `write` says, is told with the next. */
export function createOmissions(write: (count: number, onFailed: () => void) => Promise<void>): Omissions {
  let count = 0
  let clock: NodeJS.Timeout | undefined

  async function tell(): Promise<void> {
    clearTimeout(clock)
    clock = undefined
    const told = count
    count = 0
    const onFailed = () => {
      count += told
    }
    if (told > 0) await write(told, onFailed)
  }

  return {
    add() {
      count += 1
      clock ??= setTimeout(tell, tellEvery).unref()
    },
    tell,
    get count() {
      return count
    },
  }
}

/** In milliseconds. */
const tellEvery = 10_000
