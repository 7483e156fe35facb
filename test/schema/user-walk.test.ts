import { expect, test } from 'vitest'
import type { Page, User } from '../../src/iam/model.ts'
import type { UserPageRequest } from '../../src/loaders/user.ts'
import { spend, walkUsers } from '../../src/schema/user-walk.ts'

test('a walk that looks for a user who is gone keeps half of its calls for going on', async () => {
  const budget = { left: 200 }
  const gone = { marker: undefined, skip: 2, key: 'gone' }
  const walk = await walkUsers(onePerPage, gone, budget)
  expect(budget.left).toBe(100)
  const [first] = await walk.peek(1)
  // Nothing tells what came behind a user who is gone, so the page is repeated.
  expect(first?.user.userName).toBe('user0')
})

test('a call that IAM was not sent does not count against the budget, whether it is answered or fails', async () => {
  const budget = { left: 10 }
  expect(await spend(budget, async () => 'known')).toBe('known')
  expect(budget.left).toBe(10)
  const failing = spend(budget, async () => {
    expect(budget.left).toBe(9)
    throw new Error('another asker’s failure')
  })
  await expect(failing).rejects.toThrow('another asker’s failure')
  expect(budget.left).toBe(10)
  await spend(budget, async onSent => onSent())
  expect(budget.left).toBe(9)
})

/** One user a page, a thousand pages, each of them a call. */
async function onePerPage({ marker = '0', onSent }: UserPageRequest): Promise<Page<User>> {
  onSent?.()
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
