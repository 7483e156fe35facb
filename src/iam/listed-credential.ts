import type { AskOptions, IamClient } from './client.ts'
import { NoSuchEntityError } from './errors.ts'
import type { Marker, Page, PageRequest } from './model.ts'
import { listServiceSpecificCredentials } from './service-specific-credential.ts'
import { listSigningCertificates } from './signing-certificate.ts'
import { listUsers } from './user.ts'

/** A credential of whatever kind, as far as its state goes. */
export interface ListedCredential {
  readonly userName: string
  readonly credentialId: string
  readonly status: string
  /** What else a change of its kind says. */
  readonly detail: Readonly<Record<string, string>>
}

/** What IAM listed when it was asked anew. */
export interface Listing {
  readonly credentials: readonly ListedCredential[]
  /** By IAM's clock, where the answer said it; of several pages the last. */
  readonly listedAt: Date | undefined
}

/** All of one user's; of one that IAM does not have, none. Throws IamError. */
export async function listCredentialsOf(
  iam: IamClient,
  kind: string,
  userName: string,
  options: AskOptions = {},
): Promise<Listing> {
  const noted = note(options)
  const credentials: ListedCredential[] = []
  try {
    for await (const page of pages(marker => listOf(kind).ofUser(iam, { userName, marker, maxItems }, noted.options))) {
      credentials.push(...page)
    }
  } catch (error) {
    if (!(error instanceof NoSuchEntityError)) throw error
    return { credentials: [], listedAt: noted.last }
  }
  return { credentials, listedAt: noted.last }
}

/**
 * All of everybody's. Undefined where IAM has no such list of the kind, or it ends on none of so many pages. Throws
 * IamError.
 */
export async function listCredentialsOfAll(
  iam: IamClient,
  kind: string,
  maxPages: number,
): Promise<Listing | undefined> {
  const { ofAll } = listOf(kind)
  if (!ofAll) return undefined
  const noted = note()
  const credentials: ListedCredential[] = []
  let count = 0
  let isCut = false
  for await (const page of pages(async marker => {
    isCut = count++ >= maxPages
    return isCut ? { items: [], marker: undefined } : ofAll(iam, { marker, maxItems }, noted.options)
  })) {
    credentials.push(...page)
  }
  return isCut ? undefined : { credentials, listedAt: noted.last }
}

/** The names of the account's users, a page at a time. Throws IamError. */
export async function* listUserNames(
  iam: IamClient,
  { onAnswered }: Required<Pick<AskOptions, 'onAnswered'>>,
): AsyncGenerator<string, void> {
  const options = { fresh: true, onAnswered }
  for await (const users of pages(marker => listUsers(iam, { pathPrefix: undefined, marker, maxItems }, options))) {
    for (const { userName } of users) yield userName
  }
}

const maxItems = 1000

/** How a kind is listed. */
interface Lists {
  ofUser(iam: IamClient, of: PageRequest & { readonly userName: string }, options: AskOptions): Promise<Listed>
  ofAll?(iam: IamClient, request: PageRequest, options: AskOptions): Promise<Listed>
}
type Listed = Page<ListedCredential>

/** A line for each kind. */
const lists: ReadonlyMap<string, Lists> = new Map<string, Lists>([
  ['SigningCertificate', { ofUser: async (...asked) => signingCertificates(await listSigningCertificates(...asked)) }],
  [
    'ServiceSpecificCredential',
    {
      ofUser: async (...asked) => serviceSpecificCredentials(await listServiceSpecificCredentials(...asked)),
      ofAll: async (iam, request, options) =>
        serviceSpecificCredentials(await listServiceSpecificCredentials(iam, { allUsers: true, ...request }, options)),
    },
  ],
])

function listOf(kind: string): Lists {
  const list = lists.get(kind)
  if (!list) throw new Error(`no list of ${kind}`)
  return list
}

type Of<List extends (...asked: never[]) => unknown> = Awaited<ReturnType<List>>

/** Their bodies are let go of at once. */
function signingCertificates({ items, marker }: Of<typeof listSigningCertificates>): Listed {
  return {
    items: items.map(({ userName, certificateId: credentialId, status }) => ({
      userName,
      credentialId,
      status,
      detail: {},
    })),
    marker,
  }
}

function serviceSpecificCredentials({ items, marker }: Of<typeof listServiceSpecificCredentials>): Listed {
  return {
    items: items.map(({ userName, serviceSpecificCredentialId: credentialId, status, serviceName }) => ({
      userName,
      credentialId,
      status,
      detail: { serviceName },
    })),
    marker,
  }
}

async function* pages<Item>(load: (marker: Marker | undefined) => Promise<Page<Item>>) {
  let marker: Marker | undefined
  do {
    const page = await load(marker)
    yield page.items
    marker = page.marker
  } while (marker !== undefined)
}

function note(options: AskOptions = {}) {
  const noted = {
    last: undefined as Date | undefined,
    options: {
      ...options,
      fresh: true,
      onAnswered(at: Date) {
        noted.last = at
      },
    },
  }
  return noted
}
