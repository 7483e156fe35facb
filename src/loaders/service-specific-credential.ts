import DataLoader from 'dataloader'
import type { Overlaid, Overlay } from '../events/overlay.ts'
import type { IamClient } from '../iam/client.ts'
import { isRefusal } from '../iam/errors.ts'
import { foldUserName, type Marker, type Page, type PageRequest, type ServiceSpecificCredential } from '../iam/model.ts'
import { listServiceSpecificCredentials } from '../iam/service-specific-credential.ts'
import { eachAlone, settle, valueKey } from './batch.ts'

export interface ServiceSpecificCredentialPageRequest extends PageRequest {
  readonly serviceName: string | undefined
}

type Credentials = readonly ServiceSpecificCredential[]
type ListCredentials = (
  request: Parameters<typeof listServiceSpecificCredentials>[1],
) => ReturnType<typeof listServiceSpecificCredentials>

/** What asking for this many users at once costs, where AllUsers holds no more credentials than there are users. */
export function callsForUsers(users: number): number {
  return users < sweepFrom ? users : Math.ceil(users / maxItems)
}

/** From this many users at once, one sweep of the account is asked instead of each user alone. */
const sweepFrom = 10
const maxItems = 1000

const overlaid: Overlaid<ServiceSpecificCredential> = {
  kind: 'ServiceSpecificCredential',
  idOf: ({ serviceSpecificCredentialId }) => serviceSpecificCredentialId,
  // Expired comes by itself, and no change of the status ends it.
  isNewer: ({ status }, change) => status === 'Expired' && change.status !== undefined,
}

export function createServiceSpecificCredentialLoaders(iam: IamClient, overlay: Overlay) {
  const list: ListCredentials = async request => {
    const shown = overlay.asking(overlaid)
    return shown(await listServiceSpecificCredentials(iam, request))
  }
  return {
    /** Every credential of one user, whatever its service. */
    serviceSpecificCredentialsOfUser: new DataLoader<string, Credentials, string>(
      async userNames => {
        const swept = userNames.length >= sweepFrom ? await sweep(list, userNames) : undefined
        if (swept) return userNames.map(userName => swept.get(foldUserName(userName)) ?? [])
        return settle(userNames, userName => listOfUser(list, userName))
      },
      { cacheKeyFn: foldUserName },
    ),
    serviceSpecificCredentials: eachAlone<ServiceSpecificCredentialPageRequest, Page<ServiceSpecificCredential>>(
      request => list({ allUsers: true, ...request }),
      ({ serviceName, marker, maxItems }) => valueKey(serviceName?.toLowerCase(), marker, maxItems),
    ),
  }
}

/**
 * Every asked user's credentials by walking AllUsers; a user deleted meanwhile has none. Undefined where asking each
 * user is no dearer: AllUsers is refused, or has already cost a call for each of them.
 */
async function sweep(
  list: ListCredentials,
  userNames: readonly string[],
): Promise<Map<string, Credentials> | undefined> {
  const found = new Map(userNames.map(userName => [foldUserName(userName), [] as ServiceSpecificCredential[]]))
  let marker: Marker | undefined
  try {
    for (let calls = 0; calls < userNames.length; calls++) {
      const page = await list({ allUsers: true, marker, maxItems })
      for (const credential of page.items) found.get(foldUserName(credential.userName))?.push(credential)
      marker = page.marker
      if (marker === undefined) return found
    }
  } catch (error) {
    if (!isRefusal(error)) throw error
  }
  return undefined
}

async function listOfUser(list: ListCredentials, userName: string): Promise<Credentials> {
  const found: ServiceSpecificCredential[] = []
  let marker: Marker | undefined
  do {
    const page = await list({ userName, marker, maxItems })
    found.push(...page.items)
    marker = page.marker
  } while (marker !== undefined)
  return found
}
