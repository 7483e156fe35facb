import type { Told } from '../events/change.ts'
import { acceptsSigningCertificateChange, type SigningCertificateChange } from '../events/signing-certificate.ts'
import { listSigningCertificates } from '../iam/signing-certificate.ts'
import { builder } from './builder.ts'
import { afterDescription, changeFields, changesOf, previousStatusDescription, statusDescription } from './change.ts'
import { findOnce } from './changed-credential.ts'
import {
  findCalls,
  findSigningCertificate,
  SigningCertificateRef,
  SigningCertificateStatusRef,
} from './signing-certificate.ts'

const ChangeRef = builder.objectRef<Told<SigningCertificateChange>>('SigningCertificateStatusChange').implement({
  description: 'A signing certificate was uploaded, made active or inactive, or deleted.',
  fields: t => ({
    ...changeFields(t),
    previousStatus: t.expose('previousStatus', {
      type: SigningCertificateStatusRef,
      nullable: true,
      description: previousStatusDescription,
    }),
    status: t.expose('status', { type: SigningCertificateStatusRef, nullable: true, description: statusDescription }),
    certificateId: t.exposeString('credentialId', { description: "IAM's id of the certificate." }),
    signingCertificate: t.field({
      type: SigningCertificateRef,
      nullable: true,
      description: 'The certificate as IAM lists it now; null once deleted. Costs a ListSigningCertificates.',
      extensions: { iamCalls: () => findCalls({ of: 'user of the change', many: 1 }) },
      resolve: (change, _args, context) => {
        const { userName, credentialId, status } = change
        if (status === undefined) return null
        return findOnce(context, change, () => findSigningCertificate(context, userName, credentialId))
      },
    }),
  }),
})

builder.subscriptionField('signingCertificateStatusChanged', t =>
  t.field({
    type: ChangeRef,
    description: 'Left-out arguments mean all. Errors: CHANGE_NOT_REMEMBERED, SUBSCRIBER_TOO_SLOW, ACCESS_UNDECIDED.',
    args: {
      userName: t.arg.string({ description: 'Only changes of this user; case does not matter.' }),
      certificateId: t.arg.string({ description: 'Only changes of this certificate.' }),
      after: t.arg.id({ description: afterDescription }),
    },
    subscribe: (_root, { after, ...filter }, context) =>
      changesOf(context, {
        after,
        kind: 'SigningCertificate',
        userName: filter.userName,
        // The page that others read, too.
        list: ({ iam }, userName) => listSigningCertificates(iam, { userName, marker: undefined, maxItems: 100 }),
        accepts: acceptsSigningCertificateChange(filter),
      }),
    resolve: change => change,
  }),
)
