import type { Pictured } from '../events/change-store.ts'
import type { ListedCredential, Listing } from '../iam/listed-credential.ts'

/** Between what was last known of a credential and what IAM lists. */
export interface Difference {
  readonly userName: string
  readonly credentialId: string
  /** Undefined: it was not there. */
  readonly previousStatus: string | undefined
  /** Undefined: it is not there any more. */
  readonly status: string | undefined
  readonly detail: Pictured['detail']
  /** When IAM listed it so, by its own clock: it changed then or before. */
  readonly listedAt: Date | undefined
}

/** Of one user's credentials. */
export function differences(known: readonly Pictured[], { credentials, listedAt }: Listing): Difference[] {
  const rows = byId(known)
  const listed = byId(credentials)
  const gone = known.filter(({ credentialId }) => !listed.has(credentialId))
  return [
    ...gone.map(row => ({ ...row, previousStatus: row.status, status: undefined, listedAt })),
    ...credentials.flatMap(credential => {
      const previousStatus = rows.get(credential.credentialId)?.status
      return previousStatus === credential.status ? [] : [{ ...credential, previousStatus, listedAt }]
    }),
  ]
}

/** Those that are still there when IAM is asked again, or the picture. */
export function agreeing(found: readonly Difference[], again: readonly Difference[]): Difference[] {
  const others = byId(again)
  return found.filter(({ credentialId, previousStatus, status }) => {
    const other = others.get(credentialId)
    return other !== undefined && other.previousStatus === previousStatus && other.status === status
  })
}

function byId<One extends Pick<ListedCredential, 'credentialId'>>(all: readonly One[]): ReadonlyMap<string, One> {
  return new Map(all.map(one => [one.credentialId, one]))
}
