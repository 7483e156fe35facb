import DataLoader from 'dataloader'
import type { Overlaid, Overlay } from '../events/overlay.ts'
import type { IamClient } from '../iam/client.ts'
import { isRefusal } from '../iam/errors.ts'
import { foldUserName, type Marker, type Page, type PageRequest, type ServiceSpecificCredential } from '../iam/model.ts'
import {
  listServiceSpecificCredentials,
  recallServiceSpecificCredentials,
  type ServiceSpecificCredentialsOf,
} from '../iam/service-specific-credential.ts'
import { eachAlone, type Loader, pageKey, recallFirst, settle } from './batch.ts'
import { type Pages, underOverlay } from './overlaid.ts'

export interface ServiceSpecificCredentialPageRequest extends PageRequest {
  readonly serviceName: string | undefined
}

type Credentials = readonly ServiceSpecificCredential[]
type CredentialPages = Pages<ServiceSpecificCredentialsOf, ServiceSpecificCredential>

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
  const pages = underOverlay<ServiceSpecificCredentialsOf, ServiceSpecificCredential>(overlay, overlaid, {
    list: request => listServiceSpecificCredentials(iam, request),
    recall: request => recallServiceSpecificCredentials(iam, request),
  })
  return {
    serviceSpecificCredentialsOfUser: loadOfUsers(pages),
    serviceSpecificCredentials: eachAlone<ServiceSpecificCredentialPageRequest, Page<ServiceSpecificCredential>>({
      keyOf: request => pageKey(request, request.serviceName?.toLowerCase()),
      recall: request => pages.recall({ allUsers: true, ...request }),
      load: request => pages.list({ allUsers: true, ...request }),
    }),
  }
}

/** Every credential of one user, whatever its service. */
function loadOfUsers({ list, recall }: CredentialPages): Loader<string, Credentials> {
  const together = new DataLoader<string, Credentials>(
    async userNames => {
      const swept = userNames.length >= sweepFrom ? await sweep(list, userNames) : undefined
      if (swept) return userNames.map(userName => swept.get(foldUserName(userName)) ?? [])
      return settle(userNames, userName => listOfUser(list, userName))
    },
    { cache: false },
  )
  // Looked for once: where it is not remembered, it is being asked for.
  let remembered: readonly Page<ServiceSpecificCredential>[] | null | undefined
  const loader = recallFirst<string, Credentials>({
    keyOf: foldUserName,
    recall(userName) {
      if (remembered === undefined) remembered = recallSweep(recall)
      return remembered?.flatMap(page => byUser(page).get(foldUserName(userName)) ?? [])
    },
    load: userName => together.load(userName),
  })
  return {
    ...loader,
    clearAll() {
      remembered = undefined
      loader.clearAll()
    },
  }
}

/** All pages of AllUsers where all of them are remembered; else null. */
function recallSweep(recall: CredentialPages['recall']): readonly Page<ServiceSpecificCredential>[] | null {
  const pages: Page<ServiceSpecificCredential>[] = []
  const opened = new Set<Marker | undefined>()
  let marker: Marker | undefined
  do {
    const page = opened.has(marker) ? undefined : recall({ allUsers: true, marker, maxItems })
    if (!page) return null
    opened.add(marker)
    pages.push(page)
    marker = page.marker
  } while (marker !== undefined)
  return pages
}

/** Each page that is remembered is sorted once. */
const sorted = new WeakMap<Page<ServiceSpecificCredential>, ReadonlyMap<string, Credentials>>()

function byUser(page: Page<ServiceSpecificCredential>): ReadonlyMap<string, Credentials> {
  const known = sorted.get(page)
  if (known) return known
  const users = new Map<string, ServiceSpecificCredential[]>()
  for (const credential of page.items) {
    const name = foldUserName(credential.userName)
    const found = users.get(name)
    if (found) found.push(credential)
    else users.set(name, [credential])
  }
  sorted.set(page, users)
  return users
}

/**
 * Every asked user's credentials by walking AllUsers; a user deleted meanwhile has none. Undefined where asking each
 * user is no dearer: AllUsers is refused, or has already cost a call for each of them.
 */
async function sweep(
  list: CredentialPages['list'],
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

async function listOfUser(list: CredentialPages['list'], userName: string): Promise<Credentials> {
  const found: ServiceSpecificCredential[] = []
  let marker: Marker | undefined
  do {
    const page = await list({ userName, marker, maxItems })
    found.push(...page.items)
    marker = page.marker
  } while (marker !== undefined)
  return found
}
