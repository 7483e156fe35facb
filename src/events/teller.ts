import type { NewChange } from './change.ts'
import type { ChangeStore, Telling, Verdict } from './change-store.ts'

/** The status that IAM lists now; undefined where it lists no such credential. */
export type LookUp = (kind: string, userName: string, credentialId: string) => Promise<string | undefined>

export type Tell = (change: NewChange, isQuiet?: boolean) => Promise<Exclude<Telling['outcome'], 'tied'>>

/** Where others go on telling of the same credential, what was listed last decides. */
const maxLookUps = 3

/** Offers changes to the store; where it cannot say which of two came first, IAM's list decides, else their arrival. */
export function createTeller(store: Pick<ChangeStore, 'tell'>, lookUp: LookUp | undefined): Tell {
  /** Undefined: IAM was not asked, or did not say. */
  async function listedOf({ kind, userName, credentialId }: NewChange): Promise<Listed | undefined> {
    try {
      return lookUp && { status: await lookUp(kind, userName, credentialId) }
    } catch {
      return undefined
    }
  }

  return async (change, isQuiet) => {
    let verdict: Verdict | undefined
    let listed: Listed | undefined
    for (let lookUps = 0; ; lookUps++) {
      const telling = await store.tell(change, { isQuiet, verdict })
      if (telling.outcome !== 'tied') return telling.outcome
      if (lookUps < maxLookUps) listed = await listedOf(change)
      const isNewer = !listed || listed.status === change.status || listed.status !== telling.status
      verdict = { with: telling.with, isNewer }
    }
  }
}

interface Listed {
  readonly status: string | undefined
}
