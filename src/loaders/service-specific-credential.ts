import DataLoader from 'dataloader'
import type { IamClient } from '../iam/client.ts'
import { isRefusal } from '../iam/errors.ts'
import { foldUserName, type Marker, type Page, type PageRequest, type ServiceSpecificCredential } from '../iam/model.ts'
import { listServiceSpecificCredentials } from '../iam/service-specific-credential.ts'
import { eachAlone, settle, valueKey } from './batch.ts'

export interface ServiceSpecificCredentialPageRequest extends PageRequest {
  readonly serviceName: string | undefined
}

type Credentials = readonly ServiceSpecificCredential[]

/** From this many users at once, one sweep of the account is asked instead of each user alone. */
const sweepFrom = 10
const maxItems = 1000

export function createServiceSpecificCredentialLoaders(iam: IamClient) {
  return {
    /** Every credential of one user, whatever its service. */
    serviceSpecificCredentialsOfUser: new DataLoader<string, Credentials, string>(
      async userNames => {
        const swept = userNames.length >= sweepFrom ? await sweep(iam, userNames) : undefined
        if (swept) return userNames.map(userName => swept.get(foldUserName(userName)) ?? [])
        return settle(userNames, userName => listOfUser(iam, userName))
      },
      { cacheKeyFn: foldUserName },
    ),
    serviceSpecificCredentials: eachAlone<ServiceSpecificCredentialPageRequest, Page<ServiceSpecificCredential>>(
      request => listServiceSpecificCredentials(iam, { allUsers: true, ...request }),
      ({ serviceName, marker, maxItems }) => valueKey(serviceName?.toLowerCase(), marker, maxItems),
    ),
  }
}

/**
 * Every asked user's credentials by walking AllUsers; a user deleted meanwhile has none. Undefined where asking each
 * user is no dearer: AllUsers is refused, or has already cost a call for each of them.
 */
async function sweep(iam: IamClient, userNames: readonly string[]): Promise<Map<string, Credentials> | undefined> {
  const found = new Map(userNames.map(userName => [foldUserName(userName), [] as ServiceSpecificCredential[]]))
  let marker: Marker | undefined
  try {
    for (let calls = 0; calls < userNames.length; calls++) {
      const page = await listServiceSpecificCredentials(iam, { allUsers: true, marker, maxItems })
      for (const credential of page.items) found.get(foldUserName(credential.userName))?.push(credential)
      marker = page.marker
      if (marker === undefined) return found
    }
  } catch (error) {
    if (!isRefusal(error)) throw error
  }
  return undefined
}

async function listOfUser(iam: IamClient, userName: string): Promise<Credentials> {
  const found: ServiceSpecificCredential[] = []
  let marker: Marker | undefined
  do {
    const page = await listServiceSpecificCredentials(iam, { userName, marker, maxItems })
    found.push(...page.items)
    marker = page.marker
  } while (marker !== undefined)
  return found
}
