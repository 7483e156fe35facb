import type { IamError } from './errors.ts'
import { isSilence } from './failure.ts'

/** Told of each call that IAM left unanswered, for the log; `error.cause` is what the SDK said. */
export type OnSilence = (error: IamError) => void

export interface Pulse {
  answered(): void
  /** Gives the error back. A refusal is an answer. */
  failed(error: IamError, onSilence: OnSilence): IamError
  /** False when IAM was silent lately, and nothing was heard since. */
  beats(): boolean
}

/** In milliseconds. */
const memory = 30_000

/** Whether IAM answers, for `/ready`. */
export function createPulse(): Pulse {
  let silentAt = Number.NEGATIVE_INFINITY
  const answered = () => {
    silentAt = Number.NEGATIVE_INFINITY
  }
  return {
    answered,
    failed(error, onSilence) {
      if (isSilence(error)) {
        silentAt = performance.now()
        onSilence(error)
      } else answered()
      return error
    },
    beats: () => performance.now() - silentAt > memory,
  }
}
