import { type ConnectionArguments, maxFirst } from './connection.ts'
import { readArguments } from './connection-calls.ts'
import { nothing, type Spending } from './iam-calls.ts'
import { listName } from './signing-certificate-walk.ts'
import { isInside, pageLength } from './user-walk.ts'

/**
 * What a page of the account's walk costs where every user holds two certificates: half as many users as certificates
 * are asked for. With a filter nobody knows how many users that takes: the whole budget.
 */
export function walkCalls(args: ConnectionArguments, filter: readonly unknown[], budget: number): Spending {
  const asked = readArguments(listName, args)
  if (!asked) return nothing
  const { first, after } = asked
  // Inside a user, that user is listed again for the other certificate.
  const again = isInside(after) ? 1 : 0
  const users = filter.some(one => one != null) ? budget : again + Math.ceil((first - again) / 2)
  const length = pageLength(budget)
  const skipped = after?.skip ?? 0
  const ahead = Math.min(maxFirst, skipped + length) - skipped + again
  const pages = 1 + Math.ceil(Math.max(0, users - ahead) / length)
  const of = `signingCertificates ${JSON.stringify([first, args.after ?? null, ...filter])}`
  const owners = { of: `owners of ${of}`, many: Math.min(first, users), areRead: true, moment: of }
  return {
    // Where it is the budget that ends it, two that are equal get further than one.
    calls: [{ of, count: Math.min(budget, pages + users), areBudgeted: pages + users > budget }],
    gives: [{ things: { of, many: first, owners } }],
  }
}
