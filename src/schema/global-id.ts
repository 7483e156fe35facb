import { Buffer } from 'node:buffer'
import { type GraphQLSchema, isObjectType } from 'graphql'
import { GatewayError } from '../gateway-error.ts'

export interface GlobalId {
  readonly typename: string
  readonly id: string
}

export function encodeGlobalId(typename: string, id: string): string {
  return Buffer.from(`${typename}:${id}`).toString('base64url')
}

/** Never throws: a malformed id must null its own entry of `nodes`, so it is judged where that entry is resolved. */
export function decodeGlobalId(globalId: string): { typename: string; id: string } {
  const [, typename, id] = /^(\w+):(.+)$/s.exec(Buffer.from(globalId, 'base64url').toString()) ?? []
  return typename === undefined || id === undefined || encodeGlobalId(typename, id) !== globalId
    ? { typename: malformed, id: globalId }
    : { typename, id }
}

const malformed = ''

/** Throws BAD_ID where no node type can have the id. */
export async function resolveOne(
  id: GlobalId,
  schema: GraphQLSchema,
  resolveNode: (id: GlobalId) => Promise<unknown>,
): Promise<unknown> {
  if (!isNodeType(schema.getType(id.typename))) throw badId()
  return resolveNode(id)
}

/** A credential's id is its user's name and IAM's id of it: no user name holds a slash (IAM.md, constraints). */
export function credentialId(credential: { readonly userName: string }, id: string): string {
  return `${credential.userName}/${id}`
}

/** Throws BAD_ID. */
export function parseCredentialId(id: string): { userName: string; id: string } {
  const [, userName, credential] = /^([^/]+)\/(\w+)$/.exec(id) ?? []
  if (userName === undefined || credential === undefined) throw badId()
  return { userName, id: credential }
}

function badId(): GatewayError {
  return new GatewayError('BAD_ID', 'id: expected an id that this gateway gave out, got something else.')
}

function isNodeType(type: unknown): boolean {
  return isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Node')
}
