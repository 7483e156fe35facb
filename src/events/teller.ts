import type { NewChange } from './change.ts'
import type { ChangeStore, Telling, Verdict } from './change-store.ts'

/** The status that IAM lists now; undefined where it lists no such credential. */
export type LookUp = (kind: string, userName: string, credentialId: string) => Promise<string | undefined>

export type Tell = (change: NewChange, isQuiet?: boolean) => Promise<Exclude<Telling['outcome'], 'tied'>>

/** More often nobody changes the same credential while its list is asked. */
const maxLookUps = 3

/** Offers changes to the store; where it cannot say which of two came first, IAM's list decides, else their arrival. */
export function createTeller(store: Pick<ChangeStore, 'tell'>, lookUp: LookUp | undefined): Tell {
  async function isNewer({ kind, userName, credentialId, status }: NewChange, told: string | undefined) {
    try {
      const listed = await lookUp?.(kind, userName, credentialId)
      return !lookUp || listed === status || listed !== told
    } catch {
      return true
    }
  }

  return async (change, isQuiet) => {
    let verdict: Verdict | undefined
    for (let lookUps = 0; ; lookUps++) {
      const telling = await store.tell(change, { isQuiet, verdict })
      if (telling.outcome !== 'tied') return telling.outcome
      verdict = { with: telling.with, isNewer: lookUps >= maxLookUps || (await isNewer(change, telling.status)) }
    }
  }
}
