import {
  GetUserCommand,
  ListUsersCommand,
  type ListUsersCommandInput,
  type ListUsersCommandOutput,
  type User as SdkUser,
} from '@aws-sdk/client-iam'
import { complete, page } from './answer.ts'
import type { AskOptions, IamClient } from './client.ts'
import type { Page, PageRequest, User } from './model.ts'

/** Without a name: the user whose access key signs the call. Throws NoSuchEntity. */
export function getUser(iam: IamClient, userName: string | undefined, options?: AskOptions): Promise<User> {
  const command = new GetUserCommand(userName === undefined ? {} : { UserName: userName })
  return iam.ask(command, answer => user(complete(answer.User, 'User')), options)
}

export function listUsers(iam: IamClient, request: UsersUnder, options?: AskOptions): Promise<Page<User>> {
  return iam.ask(...listOf(request), options)
}

/** The same page where it is remembered. */
export function recallUsers(iam: IamClient, request: UsersUnder): Page<User> | undefined {
  return iam.recall(ListUsersCommand, inputOf(request))
}

export interface UsersUnder extends PageRequest {
  readonly pathPrefix: string | undefined
}

function listOf(request: UsersUnder) {
  const read = (answer: ListUsersCommandOutput) =>
    page(complete(answer.Users, 'Users').map(user), answer, request.marker)
  return [new ListUsersCommand(inputOf(request)), read] as const
}

function inputOf({ pathPrefix, marker, maxItems }: UsersUnder): ListUsersCommandInput {
  return { PathPrefix: pathPrefix, Marker: marker, MaxItems: maxItems }
}

function user(from: SdkUser): User {
  return {
    userName: complete(from.UserName, 'UserName'),
    userId: complete(from.UserId, 'UserId'),
    arn: complete(from.Arn, 'Arn'),
    path: complete(from.Path, 'Path'),
    createDate: complete(from.CreateDate, 'CreateDate'),
    passwordLastUsed: from.PasswordLastUsed,
  }
}
