import DataLoader from 'dataloader'
import type { AskOptions, IamClient } from '../iam/client.ts'
import { foldUserName, type Page, type PageRequest, type User } from '../iam/model.ts'
import { getUser, listUsers, recallUsers } from '../iam/user.ts'
import { eachAlone, pageKey, settle } from './batch.ts'

export interface UserPageRequest extends PageRequest, Pick<AskOptions, 'onSent'> {
  readonly pathPrefix: string | undefined
}

/** In place of a name: the user whose access key signs the call. */
export const implicitUser = Symbol('implicit user')

type UserKey = string | typeof implicitUser

export function createUserLoaders(iam: IamClient) {
  /** Pages not yet looked through: few operations ask for a user that a list has told of. */
  let told: Page<User>[] = []
  const byName = new DataLoader<UserKey, User, UserKey>(names => settle(names, find), {
    cacheKeyFn: name => (name === implicitUser ? name : foldUserName(name)),
  })

  async function find(userName: UserKey): Promise<User> {
    const found = await getUser(iam, userName === implicitUser ? undefined : userName)
    byName.prime(found.userName, found)
    return found
  }

  function takeTold(): void {
    // ListUsers says of a user what GetUser says, as far as the graph shows it.
    for (const page of told) for (const user of page.items) byName.prime(user.userName, user)
    told = []
  }

  const toldOf = (page: Page<User>) => {
    told.push(page)
    return page
  }

  return {
    user: {
      load(userName: UserKey): Promise<User> {
        takeTold()
        return byName.load(userName)
      },
      clearAll() {
        told = []
        byName.clearAll()
      },
    },
    users: eachAlone<UserPageRequest, Page<User>>({
      keyOf: request => pageKey(request, request.pathPrefix),
      recall(request) {
        const page = recallUsers(iam, request)
        return page && toldOf(page)
      },
      load: async request => toldOf(await listUsers(iam, request, request)),
    }),
  }
}
