import { foldUserName, type ServiceSpecificCredentialStatus } from '../iam/model.ts'
import type { NewChange } from './change.ts'

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
