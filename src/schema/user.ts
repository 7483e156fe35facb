import type { Context } from '../context.ts'
import { NoSuchEntityError, ValidationError } from '../iam/errors.ts'
import type { User } from '../iam/model.ts'
import { implicitUser } from '../loaders/user.ts'
import { builder } from './builder.ts'
import { connect } from './connection.ts'
import { connectionArguments } from './connection-arguments.ts'

export const UserRef = builder.objectRef<User>('User')

builder.node(UserRef, {
  description: 'An IAM user.',
  id: { resolve: user => user.userName, description: 'Opaque and global.' },
  loadOne: (userName: string, context: Context) => findUser(context, userName),
  fields: t => ({
    userName: t.exposeString('userName', {
      description: "In IAM's spelling; IAM looks names up without regard to case.",
    }),
    userId: t.exposeString('userId', { description: 'Stable and unique, never used again: `AIDA` and 17 characters.' }),
    arn: t.exposeString('arn', { description: "The user's Amazon Resource Name, path included." }),
    path: t.exposeString('path', { description: 'Where the user stands, such as `/engineering/`.' }),
    createDate: t.expose('createDate', { type: 'DateTime', description: 'When the user was created.' }),
    passwordLastUsed: t.expose('passwordLastUsed', {
      type: 'DateTime',
      nullable: true,
      description: 'The last sign-in to the console; null: never, not for years, or no password.',
    }),
  }),
})

const UserConnection = builder.connectionObject(
  { type: UserRef, name: 'UserConnection', description: 'A page of users.' },
  { name: 'UserEdge', description: 'A user and its cursor.' },
)

builder.queryFields(t => ({
  viewer: t.field({
    type: UserRef,
    nullable: true,
    description:
      "The identity whose credentials sign the IAM calls: IAM's implicit user. Null when that is not an IAM user. " +
      'Costs a GetUser.',
    resolve: (_root, _args, { loaders }) => loaders.user.load(implicitUser).catch(notAUser),
  }),
  user: t.field({
    type: UserRef,
    nullable: true,
    description: 'Null when IAM knows no such user. Costs a GetUser.',
    args: { userName: t.arg.string({ required: true, description: '1–128 characters; case does not matter.' }) },
    resolve: (_root, { userName }, context) => findUser(context, userName),
  }),
  users: t.field({
    type: UserConnection,
    nullable: true,
    description: 'The users of the account. Costs a ListUsers for each thousand, or as IAM cuts its pages.',
    args: {
      ...connectionArguments(),
      pathPrefix: t.arg.string({ description: 'Only users whose path starts so: 1–512 characters, starts with `/`.' }),
    },
    resolve: (_root, { pathPrefix, ...args }, { loaders }) =>
      connect(
        {
          name: pathPrefix == null ? 'users' : `users(pathPrefix: ${JSON.stringify(pathPrefix)})`,
          keyOf: user => user.userName,
          load: request => loaders.users.load({ ...request, pathPrefix: pathPrefix ?? undefined }),
        },
        args,
      ),
  }),
}))

/** Null when IAM knows no such user. */
export function findUser({ loaders }: Context, userName: string): Promise<User | null> {
  return loaders.user.load(userName).catch((error: unknown) => {
    if (error instanceof NoSuchEntityError) return null
    throw error
  })
}

/** GetUser without a name, signed by a role: "Must specify userName when calling with non-User credentials" (IAM.md, A). */
function notAUser(error: unknown): null {
  if (error instanceof ValidationError) return null
  throw error
}
