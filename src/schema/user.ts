import type { Context } from '../context.ts'
import { NoSuchEntityError, ValidationError } from '../iam/errors.ts'
import { foldUserName, type User } from '../iam/model.ts'
import { implicitUser } from '../loaders/user.ts'
import { builder } from './builder.ts'
import { connect } from './connection.ts'
import { connectionArguments } from './connection-arguments.ts'
import { pageCalls } from './connection-calls.ts'
import { encodeGlobalId } from './global-id.ts'
import type { Spending, Things } from './iam-calls.ts'

export const UserRef = builder.objectRef<User>('User')

builder.objectType(UserRef, {
  description: 'An IAM user.',
  interfaces: [builder.nodeInterfaceRef()],
  extensions: {
    findById: (userName: string, context: Context) => findUser(context, userName),
    iamCallsOfId: (userName: string) => userCalls(named(userName)),
  },
  fields: t => ({
    id: t.id({ description: 'Opaque and global.', resolve: user => encodeGlobalId('User', user.userName) }),
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
    extensions: { iamCalls: () => userCalls({ of: 'implicit user', many: 1 }) },
    resolve: (_root, _args, { loaders }) => loaders.user.load(implicitUser).catch(notAUser),
  }),
  user: t.field({
    type: UserRef,
    nullable: true,
    description: 'Null when IAM knows no such user. Costs a GetUser.',
    args: { userName: t.arg.string({ required: true, description: '1–128 characters; case does not matter.' }) },
    extensions: { iamCalls: ({ args: { userName } }) => userCalls(named(userName)) },
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
    extensions: {
      iamCalls: ({ args: { pathPrefix, ...args } }) => {
        const of = listName(pathPrefix)
        const { calls, first } = pageCalls(of, args)
        const page = `${of} of ${JSON.stringify([first, args.after ?? null])}`
        return { calls, gives: [{ things: { of: page, many: first, areRead: true, moment: page } }] }
      },
    },
    resolve: (_root, { pathPrefix, ...args }, { loaders }) =>
      connect(
        {
          name: listName(pathPrefix),
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

function listName(pathPrefix: string | null | undefined): string {
  return pathPrefix == null ? 'users' : `users(pathPrefix: ${JSON.stringify(pathPrefix)})`
}

/** IAM is asked for each by its name; for one that a list has told of, or that was asked for before, no more. */
export function userCalls(users: Things): Spending {
  const calls = users.areRead ? [] : [{ of: `GetUser ${users.of}`, count: users.many }]
  return { calls, gives: [{ things: users }] }
}

/** The user of this name, whatever its case. */
export function named(userName: string): Things {
  return { of: `user ${foldUserName(userName)}`, many: 1 }
}

/** GetUser without a name, signed by a role: "Must specify userName when calling with non-User credentials" (IAM.md, A). */
function notAUser(error: unknown): null {
  if (error instanceof ValidationError) return null
  throw error
}
