import { createLocalJWKSet, type JSONWebKeySet } from 'jose'
import { JsonPlace, RoleFileError } from './json-place.ts'
import type { Statement } from './policy.ts'
import { readPermissions, readTrust } from './policy-document.ts'

/** An OpenID Connect provider whose tokens the account accepts. */
export interface Provider {
  /** The `iss` of its tokens, exactly. */
  readonly url: string
  readonly arn: string
  /** What its condition keys begin with: the URL without its scheme. */
  readonly prefix: string
  readonly clientIds: readonly string[]
  /** Undefined: discovered at its URL. */
  readonly jwks: JSONWebKeySet | undefined
}

export interface Role {
  readonly name: string
  /** Seconds. */
  readonly maxSessionDuration: number
  readonly permissions: readonly Statement[]
  /** Undefined: whoever a provider vouches for. */
  readonly trust: readonly Statement[] | undefined
}

export interface RoleFile {
  /** By URL. */
  readonly providers: ReadonlyMap<string, Provider>
  /** By name. */
  readonly roles: ReadonlyMap<string, Role>
}

/**
 * Reads identity providers and roles, in the words of IAM's own API. What of them is not supported is refused rather
 * than ignored: a condition left out would let in whom it was to keep out. Throws RoleFileError.
 */
export function readRoleFile(text: string, accountId: string): RoleFile {
  const { OpenIDConnectProviders, Roles } = parse(text).object('OpenIDConnectProviders', 'Roles')
  const providers = byKey(
    OpenIDConnectProviders.list(),
    'Url',
    place => readProvider(place, accountId),
    ({ url }) => url,
  )
  const byArn = new Map([...providers.values()].map(provider => [provider.arn, provider]))
  const roles = byKey(
    Roles.list(),
    'RoleName',
    place => readRole(place, byArn),
    ({ name }) => name,
  )
  return { providers, roles }
}

function parse(text: string): JsonPlace {
  try {
    return new JsonPlace(JSON.parse(text))
  } catch (error) {
    throw new RoleFileError('', 'JSON', error instanceof Error ? error.message : String(error))
  }
}

function byKey<T>(
  places: readonly JsonPlace[],
  member: string,
  read: (place: JsonPlace) => T,
  keyOf: (one: T) => string,
): Map<string, T> {
  const all = new Map<string, T>()
  for (const place of places) {
    const one = read(place)
    if (all.has(keyOf(one))) throw place.refusal(`a ${member} of its own`, `${keyOf(one)} a second time`)
    all.set(keyOf(one), one)
  }
  return all
}

function readProvider(place: JsonPlace, accountId: string): Provider {
  const { Url, ClientIDList, Jwks } = place.object('Url', 'ClientIDList', 'Jwks')
  const url = Url.text()
  // IAM wants https. An issuer on one's own machine seldom has it.
  const isIssuer = URL.canParse(url) && /^https?:\/\/[^?#]+$/.test(url)
  if (!isIssuer) throw Url.refusal("an issuer's http or https URL, without query and fragment")
  const prefix = url.replace(/^https?:\/\//, '')
  return {
    url,
    arn: `arn:aws:iam::${accountId}:oidc-provider/${prefix}`,
    prefix,
    clientIds: ClientIDList.oneOrMore().map(id => id.text()),
    jwks: Jwks.isMissing ? undefined : readJwks(Jwks),
  }
}

function readJwks(place: JsonPlace): JSONWebKeySet {
  const { keys } = place.object('keys')
  for (const key of keys.list()) {
    // What of it is secret must not be said.
    if (key.members().some(({ name }) => name === 'd' || name === 'k')) {
      throw key.refusal('a public key', 'a private or a symmetric one')
    }
  }
  // jose is asked whether the rest is a JWKS.
  const jwks = place.value as JSONWebKeySet
  try {
    createLocalJWKSet(jwks)
  } catch {
    throw place.refusal('a JSON Web Key Set')
  }
  return jwks
}

const MAX_DURATION = { least: 3600, most: 43_200 } as const

function readRole(place: JsonPlace, providers: ReadonlyMap<string, Provider>): Role {
  const { RoleName, MaxSessionDuration, PolicyDocument, AssumeRolePolicyDocument } = place.object(
    'RoleName',
    'MaxSessionDuration',
    'PolicyDocument',
    'AssumeRolePolicyDocument',
  )
  return {
    name: RoleName.text(/^(?!operator$)[\w+=,.@-]{1,64}$/i, 'a name of [\\w+=,.@-]{1,64} other than operator'),
    maxSessionDuration: MaxSessionDuration.isMissing ? MAX_DURATION.least : readDuration(MaxSessionDuration),
    permissions: readPermissions(PolicyDocument),
    trust: AssumeRolePolicyDocument.isMissing ? undefined : readTrust(AssumeRolePolicyDocument, providers),
  }
}

function readDuration(place: JsonPlace): number {
  const { value } = place
  const { least, most } = MAX_DURATION
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw place.refusal(`a whole number of seconds from ${least} to ${most}`)
}
