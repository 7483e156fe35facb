import {
  ListServiceSpecificCredentialsCommand,
  type ListServiceSpecificCredentialsCommandOutput,
  type ServiceSpecificCredentialMetadata,
} from '@aws-sdk/client-iam'
import { complete, page } from './answer.ts'
import type { IamClient } from './client.ts'
import type { Page, PageRequest, ServiceSpecificCredential } from './model.ts'

/** One user's, or with `allUsers` the whole account's: the only list of credentials that IAM has for an account. */
export function listServiceSpecificCredentials(
  iam: IamClient,
  request: ServiceSpecificCredentialsOf,
): Promise<Page<ServiceSpecificCredential>> {
  return iam.ask(...listOf(request))
}

/** The same page where it is remembered. */
export function recallServiceSpecificCredentials(
  iam: IamClient,
  request: ServiceSpecificCredentialsOf,
): Page<ServiceSpecificCredential> | undefined {
  return iam.recall(...listOf(request))
}

export type ServiceSpecificCredentialsOf = PageRequest & { readonly serviceName?: string | undefined } & (
    | { readonly userName: string }
    | { readonly allUsers: true }
  )

function listOf({ marker, maxItems, serviceName, ...whose }: ServiceSpecificCredentialsOf) {
  const command = new ListServiceSpecificCredentialsCommand({
    ...('userName' in whose ? { UserName: whose.userName } : { AllUsers: true }),
    ServiceName: serviceName,
    Marker: marker,
    MaxItems: maxItems,
  })
  const read = (answer: ListServiceSpecificCredentialsCommandOutput) => {
    const credentials = complete(answer.ServiceSpecificCredentials, 'ServiceSpecificCredentials')
    return page(credentials.map(serviceSpecificCredential), answer, marker)
  }
  return [command, read] as const
}

function serviceSpecificCredential(from: ServiceSpecificCredentialMetadata): ServiceSpecificCredential {
  return {
    userName: complete(from.UserName, 'UserName'),
    serviceSpecificCredentialId: complete(from.ServiceSpecificCredentialId, 'ServiceSpecificCredentialId'),
    serviceName: complete(from.ServiceName, 'ServiceName'),
    serviceUserName: from.ServiceUserName,
    serviceCredentialAlias: from.ServiceCredentialAlias,
    status: complete(from.Status, 'Status'),
    createDate: complete(from.CreateDate, 'CreateDate'),
    expirationDate: from.ExpirationDate,
  }
}
