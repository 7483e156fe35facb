import type { Context } from '../context.ts'
import { IamError } from '../iam/errors.ts'

/** After a change, made or not, nothing that this operation read before may be shown again. */
export async function changing<T>({ loaders }: Context, change: () => Promise<T>): Promise<T> {
  try {
    return await change()
  } finally {
    loaders.clearAll()
  }
}

/**
 * Whom a mutation changes; undefined is IAM's implicit user. A gateway in production signs as itself, and would break
 * itself by a forgotten argument. Throws USER_NAME_REQUIRED.
 */
export function targetUser({ allowImplicitUser }: Context, userName: string | null | undefined): string | undefined {
  if (userName != null) return userName
  if (allowImplicitUser) return undefined
  throw IamError.own(
    'USER_NAME_REQUIRED',
    'userName: expected a user name, got none. Without one the gateway would change its own user; start it with ' +
      '--allow-implicit-user to permit that.',
  )
}
