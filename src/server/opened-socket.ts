import type { IncomingMessage } from 'node:http'
import type { Principal } from '../principal.ts'

/** A WebSocket that the gate let in. */
export interface Opened {
  readonly request: IncomingMessage
  /** Told of each subscription that begins; gives back how to tell that it is over. */
  readonly subscribed: () => () => void
  /** True once no operation may begin any more. */
  readonly isLeaving: () => boolean
  /** True once its token has expired, and the grace time after it: nothing more is told of changes. */
  readonly isExpired: () => boolean
  /** At that time closes with 4403, once queries and mutations are answered. */
  leaveAt(end: number): void
  close(code: number, reason: string): void
  /** Nobody until its greeting. */
  caller: Principal
}
