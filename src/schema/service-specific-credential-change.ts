import type { Told } from '../events/change.ts'
import {
  acceptsServiceSpecificCredentialChange,
  type ServiceSpecificCredentialChange,
} from '../events/service-specific-credential.ts'
import { listServiceSpecificCredentials } from '../iam/service-specific-credential.ts'
import { builder } from './builder.ts'
import { afterDescription, changeFields, changesOf, previousStatusDescription, statusDescription } from './change.ts'
import { findOnce } from './changed-credential.ts'
import {
  findCalls,
  findServiceSpecificCredential,
  ServiceSpecificCredentialRef,
  ServiceSpecificCredentialStatusRef,
} from './service-specific-credential.ts'

const ChangeRef = builder
  .objectRef<Told<ServiceSpecificCredentialChange>>('ServiceSpecificCredentialStatusChange')
  .implement({
    description: 'A service-specific credential was created, made active or inactive, has expired, or was deleted.',
    fields: t => ({
      ...changeFields(t),
      previousStatus: t.expose('previousStatus', {
        type: ServiceSpecificCredentialStatusRef,
        nullable: true,
        description: previousStatusDescription,
      }),
      status: t.expose('status', {
        type: ServiceSpecificCredentialStatusRef,
        nullable: true,
        description: statusDescription,
      }),
      serviceSpecificCredentialId: t.exposeString('credentialId', { description: "IAM's id of the credential." }),
      serviceName: t.exposeString('serviceName', { nullable: true, description: 'Null: not known.' }),
      serviceSpecificCredential: t.field({
        type: ServiceSpecificCredentialRef,
        nullable: true,
        description: 'The credential as IAM lists it now; null once deleted. Costs a ListServiceSpecificCredentials.',
        extensions: { iamCalls: () => findCalls({ of: 'user of the change', many: 1 }) },
        resolve: (change, _args, context) => {
          const { userName, credentialId, status } = change
          if (status === undefined) return null
          return findOnce(context, change, () => findServiceSpecificCredential(context, userName, credentialId))
        },
      }),
    }),
  })

builder.subscriptionField('serviceSpecificCredentialStatusChanged', t =>
  t.field({
    type: ChangeRef,
    description: 'Left-out arguments mean all. Errors: CHANGE_NOT_REMEMBERED, SUBSCRIBER_TOO_SLOW, ACCESS_UNDECIDED.',
    args: {
      userName: t.arg.string({ description: 'Only changes of this user; case does not matter.' }),
      serviceName: t.arg.string({ description: 'Only changes of this service, and those whose service is not known.' }),
      after: t.arg.id({ description: afterDescription }),
    },
    subscribe: (_root, { after, ...filter }, context) =>
      changesOf(context, {
        after,
        kind: 'ServiceSpecificCredential',
        userName: filter.userName,
        // The page that others read, too.
        list: ({ iam }, userName) =>
          listServiceSpecificCredentials(iam, { userName, marker: undefined, maxItems: 1000 }),
        accepts: acceptsServiceSpecificCredentialChange(filter),
      }),
    resolve: change => change,
  }),
)
