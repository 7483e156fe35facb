import { expect, test } from 'vitest'
import type { Page, PageRequest, User } from '../../src/iam/model.ts'
import { walkUsers } from '../../src/schema/user-walk.ts'

test('a walk that looks for a user who is gone keeps half of its calls for going on', async () => {
  const budget = { left: 200 }
  const gone = { marker: undefined, skip: 2, key: 'gone' }
  const walk = await walkUsers(onePerPage, gone, budget)
  expect(budget.left).toBe(100)
  const [first] = await walk.peek(1)
  // Nothing tells what came behind a user who is gone, so the page is repeated.
  expect(first?.user.userName).toBe('user0')
})

/** One user a page, a thousand pages. */
async function onePerPage({ marker = '0' }: PageRequest): Promise<Page<User>> {
  const number = Number(marker)
  const user: User = {
    userName: `user${number}`,
    userId: `AIDA${number}`,
    arn: `arn:aws:iam::123456789012:user/user${number}`,
    path: '/',
    createDate: new Date(0),
    passwordLastUsed: undefined,
  }
  return { items: [user], marker: number < 999 ? String(number + 1) : undefined }
}
