import type { Context } from '../context.ts'
import { type IamError, isRefusal, NoSuchEntityError } from '../iam/errors.ts'
import type { SigningCertificate, User } from '../iam/model.ts'
import { type Connection, type ConnectionArguments, checkFirst } from './connection.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { type Budget, resumesInside, type Stop, spend, walkUsers } from './user-walk.ts'

export interface AccountSigningCertificates extends Connection<SigningCertificate> {
  readonly usersWalked: number
  readonly refused: readonly RefusedUser[]
  /** Calls that IAM was sent for this page. */
  readonly calls: number
}

export interface RefusedUser {
  readonly userName: string
  readonly code: string
  readonly message: string
}

/** Filters are no part of it: they do not move the place in the account, and "in 30 days" moves by itself. */
export const listName = 'signingCertificates of the account'

/**
 * Walks the account's users, a few at a time, until `first` certificates are found, `walkCalls` are spent, or the account
 * ends; what is known already costs no call. A user holds at most two certificates (IAM.md), so asking half as many users as certificates are missing wastes
 * no call. Where IAM does not answer for a user, the page ends before that user, so that asking again goes on there.
 */
export async function walkSigningCertificates(
  { loaders, walkCalls }: Pick<Context, 'loaders' | 'walkCalls'>,
  args: ConnectionArguments,
  matches: (certificate: SigningCertificate) => boolean,
): Promise<AccountSigningCertificates> {
  const first = checkFirst(args.first)
  const after = args.after == null ? undefined : decodeCursor(listName, args.after)
  const budget: Budget = { left: walkCalls }
  const walk = await walkUsers(request => loaders.users.load(request), after, budget)
  const found = collect(first, args.after ?? null)

  while (found.missing > 0 && walk.goesOn && budget.left > 0) {
    const stops = await walk.peek(Math.min(Math.max(1, Math.floor(found.missing / 2)), budget.left)).catch(error => {
      if (found.isEmpty) throw error
    })
    // What was walked is not thrown away with the page of users that IAM does not answer for.
    if (!stops) break
    const answers = await Promise.allSettled(stops.map(({ user }) => listOf(loaders, user, budget)))
    const whole = stops.every((stop, index) => {
      const answer = answers[index]
      if (answer?.status === 'rejected' && found.isEmpty) throw answer.reason
      if (answer?.status !== 'fulfilled' || answer.value === 'budget spent') return false
      const resumed =
        answer.value instanceof Error ? answer.value : behind(answer.value, resumesInside(after, stop.user))
      if (!found.take(stop, resumed instanceof Error ? resumed : resumed.filter(matches))) return false
      walk.advance()
      return true
    })
    if (!whole) break
  }
  const page = found.page({ hasNextPage: walk.goesOn, hasPreviousPage: after !== undefined })
  return { ...page, calls: walkCalls - budget.left }
}

/** All of a user's certificates; a vanished user has none, a refused one is its refusal. Throws where IAM is silent. */
async function listOf(
  loaders: Context['loaders'],
  { userName }: User,
  budget: Budget,
): Promise<SigningCertificate[] | IamError | 'budget spent'> {
  const listed: SigningCertificate[] = []
  let marker: string | undefined
  try {
    do {
      if (budget.left <= 0) return 'budget spent'
      const request = { userName, marker, maxItems: 100 }
      const page = await spend(budget, onSent => loaders.signingCertificates.load({ ...request, onSent }))
      listed.push(...page.items)
      marker = page.marker
    } while (marker !== undefined)
    return listed
  } catch (error) {
    if (error instanceof NoSuchEntityError) return []
    if (isRefusal(error)) return error
    throw error
  }
}

function behind(certificates: SigningCertificate[], certificateId: string | undefined): SigningCertificate[] {
  return certificates.slice(certificates.findIndex(certificate => certificate.certificateId === certificateId) + 1)
}

function collect(first: number, startedAt: string | null) {
  const edges: { cursor: string; node: SigningCertificate }[] = []
  const refused: RefusedUser[] = []
  let usersWalked = 0
  let endCursor = startedAt
  return {
    get missing() {
      return first - edges.length
    },
    get isEmpty() {
      return usersWalked === 0 && edges.length === 0
    },
    /** False where the user's certificates are more than the page still takes: then it ends inside the user. */
    take(stop: Stop, certificates: readonly SigningCertificate[] | IamError): boolean {
      const all = certificates instanceof Error ? [] : certificates
      if (certificates instanceof Error) {
        refused.push({ userName: stop.user.userName, code: certificates.code, message: certificates.message })
      }
      const taken = all.slice(0, first - edges.length)
      for (const node of taken) {
        endCursor = encodeCursor(listName, node === all.at(-1) ? stop.behind : stop.inside(node.certificateId))
        edges.push({ cursor: endCursor, node })
      }
      if (taken.length < all.length) return false
      endCursor = encodeCursor(listName, stop.behind)
      usersWalked += 1
      return true
    },
    page: (ends: { hasNextPage: boolean; hasPreviousPage: boolean }): Omit<AccountSigningCertificates, 'calls'> => ({
      edges,
      usersWalked,
      refused,
      pageInfo: { ...ends, startCursor: edges[0]?.cursor ?? null, endCursor },
    }),
  }
}
