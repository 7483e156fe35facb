import { foldUserName } from '../iam/model.ts'
import type { NewChange } from './change.ts'
import type { Pictured } from './change-store.ts'

/** The credentials of those whose picture was taken, by kind. */
export interface Pictures {
  of(kind: string, userName: string | undefined): readonly Pictured[] | undefined
  row(change: NewChange): Pictured | undefined
  /** Names are folded; undefined: everybody. */
  take(kind: string, userNames: readonly string[] | undefined, rows: readonly Pictured[]): void
  /** A change that is the newest of its credential. Nothing where no picture of its user was taken. */
  told(change: NewChange, detail: Pictured['detail']): void
}

interface Picture {
  isOfEverybody: boolean
  /** By folded name, and by the credential's id. */
  readonly users: Map<string, Map<string, Pictured>>
}

export function createPictures(): Pictures {
  const pictures = new Map<string, Picture>()
  return {
    of(kind, userName) {
      const picture = pictures.get(kind)
      if (userName === undefined) {
        return picture?.isOfEverybody ? [...picture.users.values()].flatMap(rows => [...rows.values()]) : undefined
      }
      const rows = picture?.users.get(foldUserName(userName))
      if (rows) return [...rows.values()]
      return picture?.isOfEverybody ? [] : undefined
    },

    row: ({ kind, userName, credentialId }) => pictures.get(kind)?.users.get(foldUserName(userName))?.get(credentialId),

    take(kind, userNames, rows) {
      const earlier = pictures.get(kind)
      const picture: Picture = {
        isOfEverybody: userNames === undefined || (earlier?.isOfEverybody ?? false),
        users: userNames === undefined ? new Map() : (earlier?.users ?? new Map()),
      }
      for (const name of userNames ?? []) picture.users.set(name, new Map())
      for (const row of rows) put(picture, row)
      pictures.set(kind, picture)
    },

    told({ kind, userName, credentialId, status }, detail) {
      const picture = pictures.get(kind)
      const rows = picture?.users.get(foldUserName(userName))
      if (!picture || !(picture.isOfEverybody || rows)) return
      if (status === undefined) rows?.delete(credentialId)
      else {
        const known = rows?.get(credentialId)?.detail
        put(picture, { userName, credentialId, status, detail: { ...known, ...detail } })
      }
    },
  }
}

function put({ users }: Picture, row: Pictured): void {
  const key = foldUserName(row.userName)
  const rows = users.get(key) ?? new Map<string, Pictured>()
  users.set(key, rows.set(row.credentialId, row))
}
