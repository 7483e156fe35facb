import type { Context } from '../context.ts'
import { NoSuchEntityError } from '../iam/errors.ts'
import type { ServiceSpecificCredential } from '../iam/model.ts'
import { andThen } from '../loaders/maybe-promise.ts'
import { callsForUsers } from '../loaders/service-specific-credential.ts'
import { builder } from './builder.ts'
import { connect } from './connection.ts'
import { connectionArguments } from './connection-arguments.ts'
import { pageCalls } from './connection-calls.ts'
import { credentialId, encodeGlobalId, parseCredentialId } from './global-id.ts'
import { nothing, type Spending, type Things } from './iam-calls.ts'
import { findUser, named, UserRef, userCalls } from './user.ts'

export const ServiceSpecificCredentialStatusRef = builder.enumType('ServiceSpecificCredentialStatus', {
  description: "A service-specific credential's status.",
  values: {
    ACTIVE: { value: 'Active', description: 'The service accepts it.' },
    INACTIVE: { value: 'Inactive', description: 'The service does not; it can be made active again.' },
    EXPIRED: { value: 'Expired', description: 'Its expirationDate is past. Never settable.' },
  } as const,
})

export const ServiceSpecificCredentialRef = builder.objectRef<ServiceSpecificCredential>('ServiceSpecificCredential')

builder.objectType(ServiceSpecificCredentialRef, {
  description:
    'A credential of a user for one AWS service: CodeCommit, Keyspaces (cassandra), a Bedrock API key, … Its secret is ' +
    'never readable.',
  interfaces: [builder.nodeInterfaceRef()],
  extensions: {
    findById(id: string, context: Context) {
      const parsed = parseCredentialId(id)
      return findServiceSpecificCredential(context, parsed.userName, parsed.id)
    },
    // Whatever is asked for by id is asked for at once, with the operation's first fields.
    iamCallsOfId: (id: string) => findCalls({ ...named(parseCredentialId(id).userName), moment: 'ids' }),
  },
  fields: t => ({
    id: t.id({
      description: 'Opaque and global.',
      resolve: credential =>
        encodeGlobalId('ServiceSpecificCredential', credentialId(credential, credential.serviceSpecificCredentialId)),
    }),
    serviceSpecificCredentialId: t.exposeString('serviceSpecificCredentialId', {
      description: "IAM's id: `ACCA` and 17 characters.",
    }),
    userName: t.exposeString('userName', { description: 'Whose it is.' }),
    user: t.field({
      type: UserRef,
      nullable: true,
      description: 'Whose it is; null where the user was deleted meanwhile. Costs a GetUser unless the user was read.',
      extensions: { iamCalls: ({ parent: { owners } }) => (owners ? userCalls(owners) : nothing) },
      resolve: ({ userName }, _args, context) => findUser(context, userName),
    }),
    serviceName: t.exposeString('serviceName', { description: 'Such as `codecommit.amazonaws.com`.' }),
    serviceUserName: t.exposeString('serviceUserName', {
      nullable: true,
      description: 'The name to sign in with; null for long-term API keys.',
    }),
    serviceCredentialAlias: t.exposeString('serviceCredentialAlias', {
      nullable: true,
      description: "A long-term API key's public part; null for other services.",
    }),
    status: t.expose('status', {
      type: ServiceSpecificCredentialStatusRef,
      description: 'Whether the service accepts it.',
    }),
    createDate: t.expose('createDate', { type: 'DateTime', description: 'When it was created.' }),
    expirationDate: t.expose('expirationDate', {
      type: 'DateTime',
      nullable: true,
      description: 'When it expires; null: never.',
    }),
  }),
})

const CredentialConnection = builder.connectionObject(
  {
    type: ServiceSpecificCredentialRef,
    name: 'ServiceSpecificCredentialConnection',
    description: "A page of the account's service-specific credentials.",
  },
  { name: 'ServiceSpecificCredentialEdge', description: 'A service-specific credential and its cursor.' },
)

builder.objectField(UserRef, 'serviceSpecificCredentials', t =>
  t.field({
    type: [ServiceSpecificCredentialRef],
    nullable: true,
    description:
      "The user's service-specific credentials. Costs a ListServiceSpecificCredentials; asked of ten users or more at " +
      'once, one walk of AllUsers for all of them, in which a user deleted meanwhile has none.',
    args: {
      serviceName: t.arg.string({
        description: 'Only those of this service, whatever its case; of an unknown one: none.',
      }),
    },
    extensions: { iamCalls: ({ parent }) => findCalls(parent) },
    resolve: ({ userName }, { serviceName }, { loaders }) =>
      andThen(loaders.serviceSpecificCredentialsOfUser.load(userName), all =>
        serviceName == null ? all : all.filter(credential => isOf(serviceName, credential)),
      ),
  }),
)

builder.queryField('serviceSpecificCredentials', t =>
  t.field({
    type: CredentialConnection,
    nullable: true,
    description: "Every user's service-specific credentials, by IAM's AllUsers. Costs a call for each thousand.",
    args: {
      ...connectionArguments(),
      serviceName: t.arg.string({
        description: 'Only those of this service; one IAM does not support is NoSuchEntity.',
      }),
    },
    extensions: {
      iamCalls: ({ args: { serviceName, ...args } }) => {
        const of = listName(serviceName)
        const { calls, first } = pageCalls(of, args)
        const page = `${of} of ${JSON.stringify([first, args.after ?? null])}`
        return {
          calls,
          gives: [{ things: { of: page, many: first, owners: { of: `owners of ${page}`, many: first } } }],
        }
      },
    },
    resolve: (_root, { serviceName, ...args }, { loaders }) =>
      connect(
        {
          name: listName(serviceName),
          keyOf: credential => credential.serviceSpecificCredentialId,
          load: request =>
            loaders.serviceSpecificCredentials.load({ ...request, serviceName: serviceName ?? undefined }),
        },
        args,
      ),
  }),
)

function listName(serviceName: string | null | undefined): string {
  return serviceName == null
    ? 'serviceSpecificCredentials'
    : `serviceSpecificCredentials(serviceName: ${JSON.stringify(serviceName.toLowerCase())})`
}

/** All of each user's, whatever their service; many users of one moment may be one sweep of the account. */
export function findCalls(users: Things): Spending {
  const { of, many, moment } = users
  const batch = moment === undefined ? undefined : { moment: `credentials of ${moment}`, cost: callsForUsers }
  const kind = 'serviceSpecificCredentials of a user'
  const calls = { of: `serviceSpecificCredentials of the ${of}`, count: many, kind, ...(batch && { batch }) }
  // A user may hold two for each of IAM's six services (IAM.md).
  return { calls: [calls], gives: [{ things: { of: calls.of, many: many * 12, owners: users } }] }
}

/** Null when IAM knows no such user, or the user has no such credential. */
export async function findServiceSpecificCredential({ loaders }: Context, userName: string, id: string) {
  try {
    const all = await loaders.serviceSpecificCredentialsOfUser.load(userName)
    return all.find(({ serviceSpecificCredentialId }) => serviceSpecificCredentialId === id) ?? null
  } catch (error) {
    if (error instanceof NoSuchEntityError) return null
    throw error
  }
}

function isOf(serviceName: string, credential: ServiceSpecificCredential): boolean {
  return credential.serviceName.toLowerCase() === serviceName.toLowerCase()
}
