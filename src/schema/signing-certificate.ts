import type { Context } from '../context.ts'
import { NoSuchEntityError } from '../iam/errors.ts'
import type { SigningCertificate } from '../iam/model.ts'
import { foldUserName } from '../iam/model.ts'
import { builder } from './builder.ts'
import { connect, type List } from './connection.ts'
import { connectionArguments } from './connection-arguments.ts'
import { credentialId, parseCredentialId } from './global-id.ts'
import { findUser, UserRef } from './user.ts'
import { parseX509, X509CertificateRef } from './x509-certificate.ts'

export const SigningCertificateStatusRef = builder.enumType('SigningCertificateStatus', {
  description: "A signing certificate's status.",
  values: {
    ACTIVE: { value: 'Active', description: 'IAM accepts what it signs.' },
    INACTIVE: { value: 'Inactive', description: 'IAM does not; it can be made active again.' },
  } as const,
})

export const SigningCertificateRef = builder.objectRef<SigningCertificate>('SigningCertificate')

builder.node(SigningCertificateRef, {
  description: 'An X.509 signing certificate of a user. A user holds at most two.',
  id: {
    resolve: certificate => credentialId(certificate, certificate.certificateId),
    description: 'Opaque and global.',
  },
  loadOne: (id: string, context: Context) => {
    const parsed = parseCredentialId(id)
    return findSigningCertificate(context, parsed.userName, parsed.id)
  },
  fields: t => ({
    certificateId: t.exposeString('certificateId', { description: "IAM's id: 24–128 characters, `[A-Z2-7]`." }),
    userName: t.exposeString('userName', { description: 'Whose it is.' }),
    user: t.field({
      type: UserRef,
      nullable: true,
      description: 'Whose it is; null where the user was deleted meanwhile. Costs a GetUser unless the user was read.',
      resolve: ({ userName }, _args, context) => findUser(context, userName),
    }),
    status: t.expose('status', { type: SigningCertificateStatusRef, description: 'Whether IAM accepts it.' }),
    uploadDate: t.expose('uploadDate', { type: 'DateTime', description: 'When it was first uploaded.' }),
    certificateBody: t.exposeString('certificateBody', { description: 'PEM, byte for byte as uploaded.' }),
    x509: t.field({
      type: X509CertificateRef,
      nullable: true,
      description: 'What the certificate says of itself; null when the body cannot be parsed.',
      resolve: ({ certificateBody }) => parseX509(certificateBody),
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
    resolve: ({ userName }, args, context) => connect(signingCertificatesOf(context, userName), args),
  }),
)

function signingCertificatesOf({ loaders }: Context, userName: string): List<SigningCertificate> {
  return {
    name: `signingCertificates of the user ${foldUserName(userName)}`,
    keyOf: certificate => certificate.certificateId,
    load: request => loaders.signingCertificates.load({ ...request, userName }),
  }
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
