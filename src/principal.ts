/**
 * What a caller may do: `read` asks IAM, `write` changes credentials, `watch` subscribes to changes, `introspect` reads
 * the schema where that is not open to everybody.
 */
export const scopes = ['read', 'write', 'watch', 'introspect'] as const
export type Scope = (typeof scopes)[number]

/** Who asks. */
export interface Principal {
  /** For people: a token's subject. */
  readonly name: string
  /** Tells callers apart: of one issuer and subject it is the same, whatever the token. */
  readonly key: string
  readonly scopes: ReadonlySet<Scope>
  /** What the caller proved it by; undefined: nobody was asked to. */
  readonly token: Token | undefined
}

/** A token that was checked. */
export interface Token {
  /** The compact JWT: never to be logged, or to be kept for longer than it is needed. */
  readonly text: string
  readonly issuer: string
  readonly subject: string
  readonly expiresAt: Date
  readonly claims: Readonly<Record<string, unknown>>
}

/** By its name, or else by a path as in `realm_access.roles`: names with a dot in them are web addresses, mostly. */
export function claimAt(claims: Token['claims'], path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path]
  return path.split('.').reduce<unknown>((value, name) => memberOf(value, name), claims)
}

/** Whoever reaches a gateway that authenticates nobody. */
export const anonymous: Principal = {
  name: 'anonymous',
  key: 'anonymous',
  scopes: new Set(scopes),
  token: undefined,
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}
