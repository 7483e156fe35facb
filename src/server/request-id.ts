import { randomUUID } from 'node:crypto'

/** Ties a client's answer to the log. */
export function createRequestId(): string {
  return randomUUID()
}
