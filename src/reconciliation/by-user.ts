import { foldUserName } from '../iam/model.ts'

/** By folded name. */
export function groupByUser<Row extends { readonly userName: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const byUser = new Map<string, Row[]>()
  for (const row of rows) {
    const name = foldUserName(row.userName)
    const known = byUser.get(name)
    if (known) known.push(row)
    else byUser.set(name, [row])
  }
  return byUser
}
