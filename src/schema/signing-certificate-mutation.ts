import {
  AccessDeniedError,
  ConcurrentModificationError,
  DuplicateCertificateError,
  EntityAlreadyExistsError,
  IamError,
  InvalidCertificateError,
  InvalidInputError,
  LimitExceededError,
  MalformedCertificateError,
  NoSuchEntityError,
  ServiceFailureError,
  ThrottlingError,
  ValidationError,
} from '../iam/errors.ts'
import { builder } from './builder.ts'
import type { Spending } from './iam-calls.ts'
import { changing, targetUser } from './mutation.ts'
import { SigningCertificateRef, SigningCertificateStatusRef } from './signing-certificate.ts'
import { setStatus, upload } from './signing-certificate-status.ts'

const userNameDescription =
  "Whose certificate; left out means IAM's implicit user: the one whose access key signs the call."

builder.relayMutationField(
  'uploadSigningCertificate',
  {
    description: 'What to upload.',
    inputFields: t => ({
      userName: t.string({ description: userNameDescription }),
      certificateBody: t.string({
        required: true,
        description:
          'One X.509 certificate in PEM, 1–16,384 characters. Without its private key: that never leaves you.',
      }),
    }),
  },
  {
    nullable: true,
    description:
      'Uploads a certificate; IAM makes it ACTIVE. A user holds at most two. Uploading again one that the user has ' +
      'already succeeds and changes nothing. Costs one IAM call, and a list once it has succeeded.',
    extensions: { iamCalls: () => changeCalls },
    errors: {
      types: [
        NoSuchEntityError,
        LimitExceededError,
        EntityAlreadyExistsError,
        MalformedCertificateError,
        InvalidCertificateError,
        DuplicateCertificateError,
        ConcurrentModificationError,
        ServiceFailureError,
        ValidationError,
        AccessDeniedError,
        ThrottlingError,
        IamError,
      ],
      union: { description: 'The uploaded certificate, or why not.' },
    },
    resolve: (_root, { input }, context, info) =>
      changing({ input, context, info }, async context => {
        const { userName, certificateBody } = input
        const target = targetUser(context, userName)
        return { signingCertificate: await upload(context, target, certificateBody) }
      }),
  },
  {
    description: 'The certificate was uploaded.',
    outputFields: t => ({
      signingCertificate: t.field({
        type: SigningCertificateRef,
        description: "From IAM's own answer.",
        resolve: ({ signingCertificate }) => signingCertificate,
      }),
    }),
  },
)

builder.relayMutationField(
  'setSigningCertificateStatus',
  {
    description: 'Which certificate, and its new status.',
    inputFields: t => ({
      userName: t.string({ description: userNameDescription }),
      certificateId: t.string({ required: true, description: "IAM's id of it: 24–128 characters." }),
      status: t.field({ type: SigningCertificateStatusRef, required: true, description: 'What it shall be.' }),
    }),
  },
  {
    nullable: true,
    description:
      'Makes a signing certificate active or inactive. Costs a list, for the previous status, and the update itself, ' +
      'which is made whatever the list says.',
    extensions: { iamCalls: () => changeCalls },
    errors: {
      types: [
        NoSuchEntityError,
        LimitExceededError,
        InvalidInputError,
        ServiceFailureError,
        ValidationError,
        AccessDeniedError,
        ThrottlingError,
        IamError,
      ],
      union: { description: 'The certificate with its new status, or why not.' },
    },
    resolve: (_root, { input }, context, info) =>
      changing({ input, context, info }, async context => {
        const { userName, certificateId, status } = input
        const target = targetUser(context, userName)
        return { signingCertificate: await setStatus(context, target, certificateId, status) }
      }),
  },
  {
    description: 'The status was set.',
    outputFields: t => ({
      signingCertificate: t.field({
        type: SigningCertificateRef,
        nullable: true,
        description: 'With its new status; null where the list before the update failed or did not show it yet.',
        resolve: ({ signingCertificate }) => signingCertificate,
      }),
    }),
  },
)

/** Each is a change and a list beside it; whose the certificate is, its payload's `user` asks anew. */
const changeCalls: Spending = {
  calls: [{ of: 'change', count: 2 }],
  gives: [{ things: { of: 'changed certificate', many: 1, owners: { of: 'user of the change', many: 1 } } }],
}
