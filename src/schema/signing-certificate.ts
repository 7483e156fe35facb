import type { Context } from '../context.ts'
import { NoSuchEntityError } from '../iam/errors.ts'
import type { SigningCertificate } from '../iam/model.ts'
import { foldUserName } from '../iam/model.ts'
import { builder } from './builder.ts'
import { type ConnectionArguments, connect, type List } from './connection.ts'
import { connectionArguments } from './connection-arguments.ts'
import { pageCalls } from './connection-calls.ts'
import { listOfCursor } from './cursor.ts'
import { credentialId, encodeGlobalId, parseCredentialId } from './global-id.ts'
import { nothing, type Spending, type Things } from './iam-calls.ts'
import { findUser, named, UserRef, userCalls } from './user.ts'
import { X509CertificateRef } from './x509-certificate.ts'

export const SigningCertificateStatusRef = builder.enumType('SigningCertificateStatus', {
  description: "A signing certificate's status.",
  values: {
    ACTIVE: { value: 'Active', description: 'IAM accepts what it signs.' },
    INACTIVE: { value: 'Inactive', description: 'IAM does not; it can be made active again.' },
  } as const,
})

export const SigningCertificateRef = builder.objectRef<SigningCertificate>('SigningCertificate')

builder.objectType(SigningCertificateRef, {
  description: 'An X.509 signing certificate of a user. A user holds at most two.',
  interfaces: [builder.nodeInterfaceRef()],
  extensions: {
    findById(id: string, context: Context) {
      const parsed = parseCredentialId(id)
      return findSigningCertificate(context, parsed.userName, parsed.id)
    },
    iamCallsOfId: (id: string) => findCalls(named(parseCredentialId(id).userName)),
  },
  fields: t => ({
    id: t.id({
      description: 'Opaque and global.',
      resolve: certificate =>
        encodeGlobalId('SigningCertificate', credentialId(certificate, certificate.certificateId)),
    }),
    certificateId: t.exposeString('certificateId', { description: "IAM's id: 24–128 characters, `[A-Z2-7]`." }),
    userName: t.exposeString('userName', { description: 'Whose it is.' }),
    user: t.field({
      type: UserRef,
      nullable: true,
      description: 'Whose it is; null where the user was deleted meanwhile. Costs a GetUser unless the user was read.',
      extensions: { iamCalls: ({ parent: { owners } }) => (owners ? userCalls(owners) : nothing) },
      resolve: ({ userName }, _args, context) => findUser(context, userName),
    }),
    status: t.expose('status', { type: SigningCertificateStatusRef, description: 'Whether IAM accepts it.' }),
    uploadDate: t.expose('uploadDate', { type: 'DateTime', description: 'When it was first uploaded.' }),
    certificateBody: t.exposeString('certificateBody', { description: 'PEM, byte for byte as uploaded.' }),
    x509: t.field({
      type: X509CertificateRef,
      nullable: true,
      description: 'What the certificate says of itself; null when the body cannot be parsed.',
      resolve: (certificate, _args, { x509 }) => x509.read(certificate),
    }),
  }),
})

export const SigningCertificateEdge = builder.edgeObject({
  type: SigningCertificateRef,
  name: 'SigningCertificateEdge',
  description: 'A signing certificate and its cursor.',
})

const SigningCertificateConnection = builder.connectionObject(
  {
    type: SigningCertificateRef,
    name: 'SigningCertificateConnection',
    description: "A page of a user's signing certificates.",
  },
  SigningCertificateEdge,
)

builder.objectField(UserRef, 'signingCertificates', t =>
  t.field({
    type: SigningCertificateConnection,
    nullable: true,
    description:
      "The user's signing certificates. Costs a ListSigningCertificates. Errors: NoSuchEntity, AccessDenied, …",
    args: connectionArguments(),
    extensions: { iamCalls: ({ parent, args }) => listCalls(parent, args) },
    resolve: ({ userName }, args, context) => connect(signingCertificatesOf(context, userName), args),
  }),
)

function signingCertificatesOf({ loaders }: Context, userName: string): List<SigningCertificate> {
  return {
    name: listName(`user ${foldUserName(userName)}`),
    keyOf: certificate => certificate.certificateId,
    load: request => loaders.signingCertificates.load({ ...request, userName }),
  }
}

function listName(users: string): string {
  return `signingCertificates of the ${users}`
}

/** A user holds at most two (IAM.md), so one call for each user lists all of them. */
function listCalls(users: Things, args: ConnectionArguments): Spending {
  const ofCursor = args.after == null ? undefined : listOfCursor(args.after)
  // One user at most has the list that a cursor belongs to; to the others it is BAD_CURSOR.
  const asked = ofCursor?.startsWith(listName('user '))
    ? { ...users, ...named(ofCursor.slice(listName('user ').length)) }
    : users
  const of = listName(asked.of)
  const {
    calls: [opening],
    first,
  } = pageCalls(of, args)
  if (!opening) return nothing
  // The answers come one by one, and what is asked of the users behind them is not asked at once.
  const { moment: _moment, ...owners } = asked
  const things = { of: opening.of, many: asked.many * Math.min(first, 2), owners }
  return { calls: [{ ...opening, count: asked.many }], gives: [{ things }] }
}

/** Of `findSigningCertificate`: the page of a user's list with the default `first`. */
export function findCalls(user: Things): Spending {
  return listCalls(user, {})
}

/** Null when IAM knows no such user, or the user has no such certificate. */
export async function findSigningCertificate(
  { loaders }: Context,
  userName: string,
  certificateId: string,
): Promise<SigningCertificate | null> {
  try {
    for (let marker: string | undefined; ; ) {
      const page = await loaders.signingCertificates.load({ userName, marker, maxItems: 100 })
      const found = page.items.find(certificate => certificate.certificateId === certificateId)
      if (found || page.marker === undefined) return found ?? null
      marker = page.marker
    }
  } catch (error) {
    if (error instanceof NoSuchEntityError) return null
    throw error
  }
}
