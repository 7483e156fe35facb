import type { AskOptions, IamClient } from '../iam/client.ts'
import { foldUserName, type Page, type PageRequest, type User } from '../iam/model.ts'
import { getUser, listUsers } from '../iam/user.ts'
import { eachAlone, valueKey } from './batch.ts'

export interface UserPageRequest extends PageRequest, Pick<AskOptions, 'onSent'> {
  readonly pathPrefix: string | undefined
}

/** In place of a name: the user whose access key signs the call. */
export const implicitUser = Symbol('implicit user')

export function createUserLoaders(iam: IamClient) {
  const user = eachAlone<string | typeof implicitUser, User>(
    async userName => {
      const found = await getUser(iam, userName === implicitUser ? undefined : userName)
      user.prime(found.userName, found)
      return found
    },
    userName => valueKey(userName === implicitUser ? undefined : foldUserName(userName)),
  )
  const users = eachAlone<UserPageRequest, Page<User>>(
    async request => {
      const page = await listUsers(iam, request, request)
      // ListUsers says of a user what GetUser says, as far as the graph shows it.
      for (const listed of page.items) user.prime(listed.userName, listed)
      return page
    },
    ({ pathPrefix, marker, maxItems }) => valueKey(pathPrefix, marker, maxItems),
  )
  return { user, users }
}
