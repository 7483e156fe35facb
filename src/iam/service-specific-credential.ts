import {
  ListServiceSpecificCredentialsCommand,
  type ListServiceSpecificCredentialsCommandInput,
  type ListServiceSpecificCredentialsCommandOutput,
  type ServiceSpecificCredentialMetadata,
} from '@aws-sdk/client-iam'
import { complete, page } from './answer.ts'
import type { AskOptions, IamClient } from './client.ts'
import type { Page, PageRequest, ServiceSpecificCredential } from './model.ts'

/** One user's, or with `allUsers` the whole account's: the only list of credentials that IAM has for an account. */
export function listServiceSpecificCredentials(
  iam: IamClient,
  request: ServiceSpecificCredentialsOf,
  options?: AskOptions,
): Promise<Page<ServiceSpecificCredential>> {
  return iam.ask(...listOf(request), options)
}

/** The same page where it is remembered. */
export function recallServiceSpecificCredentials(
  iam: IamClient,
  request: ServiceSpecificCredentialsOf,
): Page<ServiceSpecificCredential> | undefined {
  return iam.recall(ListServiceSpecificCredentialsCommand, inputOf(request))
}

export type ServiceSpecificCredentialsOf = PageRequest & { readonly serviceName?: string | undefined } & (
    | { readonly userName: string }
    | { readonly allUsers: true }
  )

function listOf(request: ServiceSpecificCredentialsOf) {
  const read = (answer: ListServiceSpecificCredentialsCommandOutput) => {
    const credentials = complete(answer.ServiceSpecificCredentials, 'ServiceSpecificCredentials')
    return page(credentials.map(serviceSpecificCredential), answer, request.marker)
  }
  return [new ListServiceSpecificCredentialsCommand(inputOf(request)), read] as const
}

function inputOf(request: ServiceSpecificCredentialsOf): ListServiceSpecificCredentialsCommandInput {
  const { marker, maxItems, serviceName, ...whose } = request
  return {
    ...('userName' in whose ? { UserName: whose.userName } : { AllUsers: true }),
    ServiceName: serviceName,
    Marker: marker,
    MaxItems: maxItems,
  }
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
