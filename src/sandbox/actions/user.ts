import { required, wordedText } from '../constraint.ts'
import { AwsError } from '../error.ts'
import { uniqueId } from '../identifier.ts'
import { targetUser, userArn } from '../principal.ts'
import { iam, type Members } from '../query-protocol.ts'
import { type Account, type User, userOrder } from '../store.ts'
import { type ActionGroup, action, pageMembers, userName } from './action.ts'

/** IAM.md, Rules, grade D. */
export const USER_QUOTA = 5000

export function userActions(): ActionGroup {
  return {
    api: iam,
    actions: {
      ListUsers: action({ PathPrefix: pathPrefix(), ...pageMembers() }, (input, { account, page }) => {
        const prefix = input.PathPrefix ?? '/'
        const rows = account.users().filter(user => user.path.startsWith(prefix))
        const { rows: listed, ...rest } = page({ name: ['ListUsers', prefix], rows, order: userOrder }, input)
        return { Users: listed.map(user => describe(account, user)), ...rest }
      }),

      GetUser: action({ UserName: userName(128) }, (input, { account, caller }) => ({
        User: describe(account, targetUser(account, caller, input.UserName)),
      })),

      CreateUser: action({ UserName: required(userName(64)), Path: path() }, (input, { account }) => {
        if (account.user(input.UserName) !== undefined) {
          throw new AwsError('EntityAlreadyExists', `User with name ${input.UserName} already exists.`)
        }
        if (account.userCount >= USER_QUOTA) {
          throw new AwsError('LimitExceeded', `Cannot exceed quota for UsersPerAccount: ${USER_QUOTA}`)
        }
        const user: User = {
          userName: input.UserName,
          userId: uniqueId('AIDA', 17),
          path: input.Path ?? '/',
          createDate: new Date(),
          passwordLastUsed: undefined,
        }
        account.addUser(user)
        return { User: describe(account, user) }
      }),

      DeleteUser: action({ UserName: required(userName(128)) }, (input, { account, caller }) => {
        const user = targetUser(account, caller, input.UserName)
        const [conflict] = account.kindsOf(user)
        if (conflict !== undefined) throw new AwsError('DeleteConflict', conflict.deleteConflict)
        account.deleteUser(user)
        return undefined
      }),
    },
  }
}

// Of a path the constraints are the model's (grade D); the words are a choice in the manner of those for a user name.
function pathPrefix() {
  return wordedText(
    { min: 1, max: 512, pattern: '/[!-\\x7f]*' },
    'The specified value for pathPrefix is invalid. It must begin with / and contain only alphanumeric characters and/or / characters.',
  )
}

function path() {
  return wordedText(
    { min: 1, max: 512, pattern: '/([!-~]+/)?' },
    'The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.',
  )
}

function describe(account: Account, user: User): Members {
  return {
    Path: user.path,
    UserName: user.userName,
    UserId: user.userId,
    Arn: userArn(account, user),
    CreateDate: user.createDate,
    PasswordLastUsed: user.passwordLastUsed,
  }
}
