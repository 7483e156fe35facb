import { responsePathAsArray } from 'graphql'
import type { Context } from '../context.ts'
import type { SigningCertificate } from '../iam/model.ts'
import { builder } from './builder.ts'
import { connectionArguments } from './connection-arguments.ts'
import { SigningCertificateEdge, SigningCertificateRef, SigningCertificateStatusRef } from './signing-certificate.ts'
import { type RefusedUser, walkSigningCertificates } from './signing-certificate-walk.ts'
import { walkCalls } from './signing-certificate-walk-calls.ts'

const RefusedUserRef = builder.objectRef<RefusedUser>('RefusedUser').implement({
  description: 'A user whose certificates IAM refused to list.',
  fields: t => ({
    userName: t.exposeString('userName', { description: 'Whose certificates are missing.' }),
    code: t.exposeString('code', { description: "IAM's wire code, such as AccessDenied." }),
    message: t.exposeString('message', { description: "IAM's own words." }),
  }),
})

const AccountConnection = builder.connectionObject(
  {
    type: SigningCertificateRef,
    name: 'AccountSigningCertificateConnection',
    description: "A page of the account's signing certificates: it may hold fewer than first, even none, and go on.",
    fields: t => ({
      usersWalked: t.int({
        description: 'How many users this page walked.',
        resolve: page => (page as unknown as { usersWalked: number }).usersWalked,
      }),
      refused: t.field({
        type: [RefusedUserRef],
        description:
          'Users of this page whose certificates IAM refused to list: by these the answer is incomplete. Vanished users ' +
          'are not refusals.',
        resolve: page => (page as unknown as { refused: readonly RefusedUser[] }).refused,
      }),
    }),
  },
  SigningCertificateEdge,
)

builder.queryField('signingCertificates', t =>
  t.field({
    type: AccountConnection,
    nullable: true,
    description:
      "Every user's signing certificates, found by walking the account within a budget of IAM calls a page: a page may " +
      'hold fewer than first, even none, and still have a next one. Costs up to 200 calls (--walk-calls): a ' +
      'ListSigningCertificates for each user walked, a ListUsers for each page of them; what is known already is free.',
    args: {
      ...connectionArguments(),
      status: t.arg({ type: SigningCertificateStatusRef, description: 'Only certificates of this status.' }),
      expiresBefore: t.arg({
        type: 'DateTime',
        description:
          'Only certificates whose own notAfter is earlier, expired ones included; one that cannot be parsed has none.',
      }),
    },
    extensions: {
      iamCalls: ({ args: { status, expiresBefore, ...args }, context }) =>
        walkCalls(args, [status, expiresBefore], context.walkCalls),
    },
    resolve: async (_root, { status, expiresBefore, ...args }, context, info) => {
      const page = await walkSigningCertificates(
        context,
        args,
        certificate =>
          (status == null || certificate.status === status) &&
          (expiresBefore == null || notAfter(context, certificate) < expiresBefore.getTime()),
      )
      const { usersWalked, calls } = page
      const path = responsePathAsArray(info.path)
      context.operation.cost.walked({ path, usersWalked, calls, budget: context.walkCalls })
      return page
    },
  }),
)

function notAfter({ x509 }: Context, certificate: SigningCertificate): number {
  return x509.read(certificate)?.notAfter ?? Number.POSITIVE_INFINITY
}
