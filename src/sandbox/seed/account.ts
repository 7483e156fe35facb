import type { ActionGroup } from '../actions/action.ts'
import { USER_QUOTA } from '../actions/user.ts'
import { uniqueId } from '../identifier.ts'
import { type AccessKey, accessKeys, createAccessKey, createRoleKey, type RoleKey } from '../principal.ts'
import { createRandom, type Random } from '../random.ts'
import { Account, type User } from '../store.ts'
import { uploadExample } from './example-certificate.ts'
import { createKeyPool } from './key-pool.ts'
import { type NamedUser, nameUsers } from './name.ts'
import { daysBetween, daysFrom, type Seeding } from './seeding.ts'
import { exampleCertificateId } from './signing-certificate.ts'

export interface SeedOptions {
  readonly users: number
  readonly seed: number
  readonly accessKeyId: string | undefined
  readonly secretAccessKey: string | undefined
  /** Milliseconds. */
  readonly consistencyDelay: number
}

/** A user with a certificate, one without, and a certificate for the latter: the same after every start. */
export interface Example {
  readonly userName: string
  readonly certificateId: string
  readonly uploadUserName: string
  readonly uploadCertificateBody: string
}

export interface SeededAccount {
  readonly account: Account
  readonly accessKey: AccessKey
  readonly roleKey: RoleKey
  readonly example: Example | undefined
}

export const ACCOUNT_ID = '123456789012'

/** The gateway's own user counts, too. */
const MOST_SEEDED = USER_QUOTA - 1

/** alice and bob, who have no RSA keys. */
const FIXED_USERS = 2

/** A made-up account. Only keys, certificates and with them their ids differ from one start to the next. */
export async function createAccount(groups: readonly ActionGroup[], options: SeedOptions): Promise<SeededAccount> {
  const { seed } = options
  const now = new Date(Math.floor(Date.now() / 1000) * 1000)
  const kinds = groups.flatMap(({ kind }) => (kind === undefined ? [] : [kind]))
  const account = new Account(ACCOUNT_ID, daysFrom(now, -2500), [accessKeys, ...kinds], options.consistencyDelay)
  const accessKey = addGateway(account, now, options)
  const roleKey = createRoleKey(createRandom(seed, 'role').choose)
  const count = Math.min(options.users, MOST_SEEDED)
  const keys = await createKeyPool(count <= FIXED_USERS ? 0 : count <= 20 ? 1 : 3)
  for (const named of nameUsers(count, createRandom(seed, 'user names'))) {
    const user = createUser(named, now, createRandom(seed, `user ${named.userName}`))
    account.addUser(user)
    const seeding: Seeding = {
      accountId: ACCOUNT_ID,
      now,
      who: user.userName === 'alice' || user.userName === 'bob' ? user.userName : 'other',
      keys,
      random: label => createRandom(seed, `${label} of ${user.userName}`),
    }
    for (const group of groups) {
      if (group.kind === undefined) continue
      for (const row of group.seed?.(user, seeding) ?? []) account.table(group.kind).add(row)
    }
  }
  account.settle()
  return { account, accessKey, roleKey, example: count >= 2 ? createExample() : undefined }
}

/** The user whose access key the gateway signs with: always there, for who has a key cannot be deleted. */
function addGateway(account: Account, now: Date, { seed, accessKeyId, secretAccessKey }: SeedOptions): AccessKey {
  const random = createRandom(seed, 'gateway')
  const user: User = {
    userName: 'gateway',
    userId: uniqueId('AIDA', 17, random.choose),
    path: '/service/',
    createDate: daysFrom(now, -400),
    passwordLastUsed: undefined,
  }
  account.addUser(user)
  const made = createAccessKey(user, random.choose)
  const key: AccessKey = {
    id: accessKeyId ?? made.id,
    user,
    secretAccessKey: secretAccessKey ?? made.secretAccessKey,
  }
  account.table(accessKeys).add(key)
  return key
}

function createUser({ userName, path }: NamedUser, now: Date, random: Random): User {
  const createDate = daysFrom(now, -random.between(400, 2000) + random.choose(1440) / 1440)
  const hasPassword = path !== '/service/' && random.percent(60)
  const unused = random.between(0, Math.min(120, daysBetween(createDate, now)))
  return {
    userName,
    userId: uniqueId('AIDA', 17, random.choose),
    path,
    createDate,
    passwordLastUsed: hasPassword ? daysFrom(now, -unused - random.choose(720) / 1440) : undefined,
  }
}

function createExample(): Example {
  return {
    userName: 'alice',
    certificateId: exampleCertificateId(),
    uploadUserName: 'bob',
    uploadCertificateBody: uploadExample,
  }
}
