import { foldUserName, type ServiceSpecificCredentialStatus } from '../iam/model.ts'
import type { NewChange } from './change.ts'
import { type Deed, idOf, type RecordedCall, type RecordReader, statusOf, userNameOf } from './recorded-call.ts'

export interface ServiceSpecificCredentialChange
  extends NewChange<'ServiceSpecificCredential', ServiceSpecificCredentialStatus> {
  /** Undefined where only the id is known: CloudTrail's record of an update does not name the service. */
  readonly serviceName: string | undefined
}

export interface ServiceSpecificCredentialFilter {
  readonly userName?: string | null | undefined
  readonly serviceName?: string | null | undefined
}

/** What a filter leaves out means all. A change whose service is not known is told to whoever watches a service. */
export function acceptsServiceSpecificCredentialChange({ userName, serviceName }: ServiceSpecificCredentialFilter) {
  return (change: NewChange): change is ServiceSpecificCredentialChange =>
    isServiceSpecificCredentialChange(change) &&
    (userName == null || foldUserName(userName) === foldUserName(change.userName)) &&
    (serviceName == null ||
      change.serviceName === undefined ||
      serviceName.toLowerCase() === change.serviceName.toLowerCase())
}

function isServiceSpecificCredentialChange(change: NewChange): change is ServiceSpecificCredentialChange {
  return change.kind === 'ServiceSpecificCredential'
}

/**
 * CloudTrail's records of the APIs that change a credential's status. ResetServiceSpecificCredential is not among them:
 * it makes a new password and leaves the status alone (IAM.md, B).
 */
export const serviceSpecificCredentialRecords = new Map<string, RecordReader<ServiceSpecificCredentialChange>>([
  ['CreateServiceSpecificCredential', created],
  ['UpdateServiceSpecificCredential', call => ({ ...named(call), status: statusOf(call.parameters, statuses) })],
  ['DeleteServiceSpecificCredential', call => ({ ...named(call), status: undefined })],
])

const statuses = ['Active', 'Inactive', 'Expired'] as const

/** `responseElements.serviceSpecificCredential`, by analogy. */
function created(call: RecordedCall): Deed<ServiceSpecificCredentialChange> {
  const credential = call.elements.members('serviceSpecificCredential')
  return {
    kind: 'ServiceSpecificCredential',
    userName: userNameOf(call, credential),
    credentialId: idOf(credential, 'serviceSpecificCredentialId'),
    serviceName: credential.detail('serviceName', /^[a-zA-Z0-9.-]{1,256}$/),
    status: statusOf(credential, statuses),
  }
}

/** The service's name is in neither record. */
function named(call: RecordedCall) {
  return {
    kind: 'ServiceSpecificCredential',
    userName: userNameOf(call),
    credentialId: idOf(call.parameters, 'serviceSpecificCredentialId'),
    serviceName: undefined,
  } as const
}
