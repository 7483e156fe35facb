import type { Page, User } from '../iam/model.ts'
import type { MaybePromise } from '../loaders/maybe-promise.ts'
import type { UserPageRequest } from '../loaders/user.ts'
import { type List, maxFirst, open } from './connection.ts'
import type { Cursor } from './cursor.ts'

/** The IAM calls that one page of a walk may still cost. */
export interface Budget {
  left: number
}

/** Takes a call from the budget, and gives it back where IAM was not asked: the answer was known, or is another's. */
export async function spend<T>(budget: Budget, load: (onSent: () => void) => MaybePromise<T>): Promise<T> {
  budget.left -= 1
  let sent = false
  try {
    return await load(() => {
      sent = true
    })
  } finally {
    if (!sent) budget.left += 1
  }
}

/** A user on the way, and the cursors that go on behind the user, or inside, behind one of the user's credentials. */
export interface Stop {
  readonly user: User
  readonly behind: Cursor
  readonly inside: (credentialId: string) => Cursor
}

export interface UserWalk {
  /** Whether the account has users ahead. */
  readonly goesOn: boolean
  /** Up to `count` users ahead; none where the next page of users is empty. Costs a ListUsers where none is known. */
  peek(count: number): Promise<readonly Stop[]>
  /** Leaves the first user ahead behind. */
  advance(): void
}

/** Walks the account in IAM's order. A cursor inside a user begins with that user once more. */
export async function walkUsers(
  load: (request: UserPageRequest) => MaybePromise<Page<User>>,
  after: Cursor | undefined,
  budget: Budget,
): Promise<UserWalk> {
  const list: List<User> = {
    name: 'users',
    keyOf: user => user.userName,
    load: request => spend(budget, onSent => load({ ...request, pathPrefix: undefined, onSent })),
  }
  const key = after && parseKey(after.key)
  // Half of the calls are kept for walking on: a page that spent all of them searching would never get anywhere.
  const half = budget.left / 2
  const length = pageLength(budget.left)
  const opened = await open(list, after && { ...after, key: key?.userName ?? '' }, length, () => budget.left > half)
  const from = key?.credentialId !== undefined && opened.from > 0 ? opened.from - 1 : opened.from
  let ahead = stopsOf(opened.page, opened.marker).slice(from)
  let next = opened.page.marker

  return {
    get goesOn() {
      return ahead.length > 0 || next !== undefined
    },
    async peek(count) {
      if (ahead.length === 0 && next !== undefined) {
        const page = await list.load({ marker: next, maxItems: length })
        ahead = stopsOf(page, next)
        next = page.marker
      }
      return ahead.slice(0, count)
    },
    advance() {
      ahead = ahead.slice(1)
    },
  }
}

/** As many users as may be listed; the same for each page, so that a page is found again among what is known. */
export function pageLength(calls: number): number {
  return Math.min(maxFirst, Math.max(1, calls - 1))
}

/** Whether a walk goes on inside a user. */
export function isInside(after: Cursor | undefined): boolean {
  return after !== undefined && parseKey(after.key).credentialId !== undefined
}

/** The credential behind which a walk goes on inside this user, if it does. */
export function resumesInside(after: Cursor | undefined, user: User): string | undefined {
  const key = after && parseKey(after.key)
  return key?.userName === user.userName ? key.credentialId : undefined
}

function stopsOf(page: Page<User>, marker: string | undefined): Stop[] {
  return page.items.map((user, index) => ({
    user,
    behind:
      page.marker !== undefined && index === page.items.length - 1
        ? { marker: page.marker, skip: 0, key: user.userName }
        : { marker, skip: index + 1, key: user.userName },
    inside: credentialId => ({ marker, skip: index + 1, key: `${user.userName}/${credentialId}` }),
  }))
}

/** No user name holds a slash. */
function parseKey(key: string): { userName: string; credentialId: string | undefined } {
  const [userName = '', credentialId] = key.split('/')
  return { userName, credentialId }
}
