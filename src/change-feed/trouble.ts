import { setTimeout } from 'node:timers/promises'

/** Something that keeps failing: said once when it begins, and once when it is over. */
export interface Trouble {
  readonly isOn: boolean
  failed(error: unknown): void
  /** It worked. */
  over(): void
  /** Waits before the next attempt, the longer the more have failed; not at all once the signal is given. */
  pause(signal: AbortSignal): Promise<void>
}

export interface TroubleOptions {
  readonly onBegin: (error: unknown) => void
  readonly onOver: () => void
  /** In milliseconds. */
  readonly longestPause: number
}

export function createTrouble({ onBegin, onOver, longestPause }: TroubleOptions): Trouble {
  let failures = 0
  return {
    get isOn() {
      return failures > 0
    },
    failed(error) {
      failures += 1
      if (failures === 1) onBegin(error)
    },
    over() {
      if (failures === 0) return
      failures = 0
      onOver()
    },
    // Doubled from a thirty-second part; never less than half of it, so that what is down is left alone.
    pause: signal => pause(Math.min(1, 2 ** (failures - 6)) * longestPause * (0.5 + Math.random() / 2), signal),
  }
}

/** Ends early, and never fails, where the signal is given. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(milliseconds, undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
