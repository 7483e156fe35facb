import { randomBytes } from 'node:crypto'
import { GatewayError } from '../gateway-error.ts'
import type { NewChange, Told } from './change.ts'

export interface ChangeLogOptions {
  /** How many changes are remembered, and so how far a subscriber may fall behind. */
  readonly capacity: number
  /** Told each change, before the subscribers are. Must not throw. */
  readonly onTold?: (change: Told<NewChange>) => void
}

export interface ChangeLog {
  publish<Change extends NewChange>(change: Change): Told<Change>
  /** The id of the newest change; before any change an id that `after` accepts, too. */
  latestId(): string
  /** What was last told of a credential, as far as it is remembered. */
  lastTold(kind: string, credentialId: string): Told<NewChange> | undefined
  /**
   * The changes that `accepts` takes, from now on or behind `after`. Throws CHANGE_NOT_REMEMBERED at once; ends with
   * SUBSCRIBER_TOO_SLOW once the changes to come are no longer remembered.
   */
  subscribe<Change extends NewChange>(options: {
    readonly after?: string | null | undefined
    readonly accepts: (change: NewChange) => change is Change
  }): AsyncIterableIterator<Told<Change>>
  /** How many subscriptions are being read: begun, not ended, not let go. */
  readonly subscribers: number
  /** Ends every subscription, behind the changes it has not read yet. */
  close(): void
}

/**
 * A log in memory. A subscriber is nothing but a position in it, so a thousand slow ones cost no more memory than one,
 * and none holds up another.
 */
export function createChangeLog({ capacity, onTold }: ChangeLogOptions): ChangeLog {
  const epoch = randomBytes(9).toString('base64url')
  const ring: Told<NewChange>[] = []
  const newestOf = new Map<string, Told<NewChange>>()
  const readers = new Set<object>()
  const asleep = new Set<() => void>()
  let published = 0
  let closed = false

  const idOf = (position: number) => `${epoch}.${position}`
  const isRemembered = (position: number) => position > published - capacity
  const wakeAll = () => {
    for (const wake of [...asleep]) wake()
  }

  function positionOf(id: string): number {
    const [, of, digits] = /^([\w-]+)\.(\d{1,15})$/.exec(id) ?? []
    const position = Number(digits)
    if (of === epoch && position <= published && isRemembered(position + 1)) return position
    throw new GatewayError(
      'CHANGE_NOT_REMEMBERED',
      'after: the change is too old, or unknown to this gateway. Query the state again, then subscribe.',
    )
  }

  return {
    publish(change) {
      const key = keyOf(change.kind, change.credentialId)
      const newest = newestOf.get(key)
      const superseded = newest !== undefined && newest.changedAt > change.changedAt
      const told = { ...change, id: idOf(published + 1), superseded }
      const forgotten = ring[published % capacity]
      ring[published % capacity] = told
      published += 1
      if (forgotten) forget(newestOf, forgotten)
      if (!superseded) newestOf.set(key, told)
      onTold?.(told)
      wakeAll()
      return told
    },

    latestId: () => idOf(published),

    lastTold: (kind, credentialId) => newestOf.get(keyOf(kind, credentialId)),

    subscribe<Change extends NewChange>({
      after,
      accepts,
    }: {
      after?: string | null | undefined
      accepts: (change: NewChange) => change is Change
    }): AsyncIterableIterator<Told<Change>> {
      let position = after == null ? published : positionOf(after)
      let ended = false
      const naps = new Set<() => void>()

      /** The next change to tell, undefined where there is none yet. */
      function read(): Told<Change> | undefined {
        if (position < published && !isRemembered(position + 1)) {
          throw new GatewayError(
            'SUBSCRIBER_TOO_SLOW',
            `More than ${capacity} changes were not read in time. Query the state again, then subscribe.`,
          )
        }
        while (position < published) {
          const change = ring[position++ % capacity]
          if (change && accepts(change)) return change as Told<Change>
        }
        return undefined
      }

      function end(): void {
        ended = true
        readers.delete(subscription)
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

      const subscription: AsyncIterableIterator<Told<Change>> = {
        async next() {
          if (!ended) readers.add(subscription)
          try {
            while (!ended) {
              const value = read()
              if (value) return { done: false, value }
              if (closed) end()
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
    },

    get subscribers() {
      return readers.size
    },

    close() {
      closed = true
      wakeAll()
    },
  }
}

function keyOf(kind: string, credentialId: string): string {
  return `${kind} ${credentialId}`
}

function forget(newestOf: Map<string, Told<NewChange>>, change: Told<NewChange>): void {
  const key = keyOf(change.kind, change.credentialId)
  if (newestOf.get(key) === change) newestOf.delete(key)
}
