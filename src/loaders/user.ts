import type { IamClient } from '../iam/client.ts'
import { foldUserName, type Page, type PageRequest, type User } from '../iam/model.ts'
import { getUser, listUsers } from '../iam/user.ts'
import { eachAlone, valueKey } from './batch.ts'

export interface UserPageRequest extends PageRequest {
  readonly pathPrefix: string | undefined
}

/** `undefined` in place of a name is IAM's implicit user: the one whose access key signs. */
export function createUserLoaders(iam: IamClient) {
  const user = eachAlone<string | undefined, User>(
    async userName => {
      const found = await getUser(iam, userName)
      user.prime(found.userName, found)
      return found
    },
    userName => valueKey(userName === undefined ? undefined : foldUserName(userName)),
  )
  const users = eachAlone<UserPageRequest, Page<User>>(
    async request => {
      const page = await listUsers(iam, request)
      // ListUsers says of a user what GetUser says, as far as the graph shows it.
      for (const listed of page.items) user.prime(listed.userName, listed)
      return page
    },
    ({ pathPrefix, marker, maxItems }) => valueKey(pathPrefix, marker, maxItems),
  )
  return { user, users }
}
