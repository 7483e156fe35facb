import type { IncomingMessage } from 'node:http'
import type { Principal } from '../principal.ts'

/** A WebSocket that the gate let in. */
export interface Opened {
  readonly request: IncomingMessage
  /** Told of each subscription that begins; gives back how to tell that it is over. */
  readonly subscribed: () => () => void
  /** True once no operation may begin any more. */
  readonly isLeaving: () => boolean
  /** True once its token has ended: nothing more is told of changes. */
  readonly isMute: () => boolean
  /** Once its caller's token ends closes with 4403, as soon as queries and mutations are answered. */
  leaveWithToken(): void
  /** The same now: its token was refused. */
  refuse(): void
  close(code: number, reason: string): void
  /** Nobody until its greeting. */
  caller: Principal
}
