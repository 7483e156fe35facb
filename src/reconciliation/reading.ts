import type { IamClient } from '../iam/client.ts'
import { IamError, isRefusal, ValidationError } from '../iam/errors.ts'
import { type Listing, listCredentialsOf, listCredentialsOfAll, listUserNames } from '../iam/listed-credential.ts'
import { foldUserName } from '../iam/model.ts'
import { groupByUser } from './by-user.ts'

/** Whose credentials: everybody's, or these users'. */
export type Whose = 'all' | readonly string[]

/** All that IAM lists of one user. */
export interface UserListing extends Listing {
  readonly userName: string
}

export interface Reading {
  readonly users: number
  /** The folded names of those whom IAM does not let the gateway list. */
  readonly refused: ReadonlySet<string>
  /** What IAM answered them, or failed with. */
  readonly error: IamError | undefined
  /** Whether IAM was asked for everybody, and failed for none. */
  readonly isWhole: boolean
  /** When IAM last answered, by its own clock. */
  readonly answeredAt: Date | undefined
}

/** From so many users on, a list of the whole account is tried before each user's, as the loaders do it. */
const sweepFrom = 10

/** Users asked for at once: about as fast as IAM lets anybody ask, and no crowd in the way of others. */
const atOnce = 4

/** After so many users for whom IAM failed no more are asked for. */
const maxFailures = 4

/**
 * Asks IAM for the credentials of a kind, and hands them on user by user. Of everybody, users without any may be left
 * out; of named users none is but those that failed. Throws what `take` throws, and the reason for which the client's
 * operation ends.
 */
export async function read(
  iam: IamClient,
  kind: string,
  whose: Whose,
  take: (listing: UserListing) => Promise<void>,
): Promise<Reading> {
  const refused = new Set<string>()
  let users = 0
  let failures = 0
  let error: IamError | undefined
  let answeredAt: Date | undefined

  const noted = (at: Date | undefined) => {
    answeredAt = at ?? answeredAt
  }
  const hand = async (userName: string, { credentials, listedAt }: Listing) => {
    users += 1
    noted(listedAt)
    await take({ userName, credentials, listedAt })
  }
  const failed = (reason: unknown, userName?: string) => {
    if (!(reason instanceof IamError)) throw reason
    // No user has such a name: anybody may subscribe to it.
    if (!(reason instanceof ValidationError)) error = reason
    if (userName !== undefined && isRefusal(reason)) refused.add(foldUserName(userName))
    else failures += 1
  }

  async function* names(): AsyncGenerator<string, void> {
    if (whose !== 'all') return yield* whose
    try {
      yield* listUserNames(iam, { onAnswered: noted })
    } catch (reason) {
      failed(reason)
    }
  }

  const all = await listAll(iam, kind, whose).catch(failed)
  if (all) {
    const byUser = groupByUser(all.credentials)
    noted(all.listedAt)
    const found = whose === 'all' ? [...byUser.keys()] : whose
    for (const name of found) {
      const credentials = byUser.get(foldUserName(name)) ?? []
      await hand(credentials[0]?.userName ?? name, { credentials, listedAt: all.listedAt })
    }
  } else if (failures === 0) {
    const next = names()
    await together(atOnce, async () => {
      const { done, value: userName } = await next.next()
      if (done || userName === undefined) return false
      const listing = await listCredentialsOf(iam, kind, userName).catch(reason => failed(reason, userName))
      if (listing) await hand(userName, listing)
      return failures < maxFailures
    })
  }
  return { users, refused, error, isWhole: failures === 0, answeredAt }
}

/** Undefined where each user is to be asked for: the list does not exist, is refused, or has cost as many calls. */
async function listAll(iam: IamClient, kind: string, whose: Whose): Promise<Listing | undefined> {
  if (whose !== 'all' && whose.length < sweepFrom) return undefined
  try {
    return await listCredentialsOfAll(iam, kind, whose === 'all' ? Number.POSITIVE_INFINITY : whose.length)
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
}

/** Takes steps, so many at once, until one is the last. Where one throws, those under way end before it is told. */
async function together(atOnce: number, step: () => Promise<boolean>): Promise<void> {
  let isOver = false
  const ended = await Promise.allSettled(
    Array.from({ length: atOnce }, async () => {
      try {
        while (!isOver && (await step())) {}
      } finally {
        isOver = true
      }
    }),
  )
  for (const one of ended) if (one.status === 'rejected') throw one.reason
}
