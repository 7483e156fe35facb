import type { Context } from '../context.ts'
import { NoSuchEntityError } from '../iam/errors.ts'
import type { ServiceSpecificCredential } from '../iam/model.ts'
import { builder } from './builder.ts'
import { connect } from './connection.ts'
import { connectionArguments } from './connection-arguments.ts'
import { credentialId, parseCredentialId } from './global-id.ts'
import { findUser, UserRef } from './user.ts'

export const ServiceSpecificCredentialStatusRef = builder.enumType('ServiceSpecificCredentialStatus', {
  description: "A service-specific credential's status.",
  values: {
    ACTIVE: { value: 'Active', description: 'The service accepts it.' },
    INACTIVE: { value: 'Inactive', description: 'The service does not; it can be made active again.' },
    EXPIRED: { value: 'Expired', description: 'Its expirationDate is past. Never settable.' },
  } as const,
})

export const ServiceSpecificCredentialRef = builder.objectRef<ServiceSpecificCredential>('ServiceSpecificCredential')

builder.node(ServiceSpecificCredentialRef, {
  description:
    'A credential of a user for one AWS service: CodeCommit, Keyspaces (cassandra), a Bedrock API key, … Its secret is ' +
    'never readable.',
  id: {
    resolve: credential => credentialId(credential, credential.serviceSpecificCredentialId),
    description: 'Opaque and global.',
  },
  loadOne: (id: string, context: Context) => {
    const parsed = parseCredentialId(id)
    return findServiceSpecificCredential(context, parsed.userName, parsed.id)
  },
  fields: t => ({
    serviceSpecificCredentialId: t.exposeString('serviceSpecificCredentialId', {
      description: "IAM's id: `ACCA` and 17 characters.",
    }),
    userName: t.exposeString('userName', { description: 'Whose it is.' }),
    user: t.field({
      type: UserRef,
      nullable: true,
      description: 'Whose it is; null where the user was deleted meanwhile. Costs a GetUser unless the user was read.',
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
    resolve: async ({ userName }, { serviceName }, { loaders }) => {
      const all = await loaders.serviceSpecificCredentialsOfUser.load(userName)
      return serviceName == null ? all : all.filter(credential => isOf(serviceName, credential))
    },
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
    resolve: (_root, { serviceName, ...args }, { loaders }) =>
      connect(
        {
          name:
            serviceName == null
              ? 'serviceSpecificCredentials'
              : `serviceSpecificCredentials(serviceName: ${JSON.stringify(serviceName.toLowerCase())})`,
          keyOf: credential => credential.serviceSpecificCredentialId,
          load: request =>
            loaders.serviceSpecificCredentials.load({ ...request, serviceName: serviceName ?? undefined }),
        },
        args,
      ),
  }),
)

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
