import { createVerifyToken, type VerifyToken } from './identity-token.ts'
import { type Role, readRoleFile } from './role-file.ts'

/** The roles that callers may assume, and what proves who they are. */
export interface Federation {
  /** By name. */
  readonly roles: ReadonlyMap<string, Role>
  readonly verifyToken: VerifyToken
}

/** As this text has it. Until `closing`, the providers may be asked for their keys. Throws RoleFileError. */
export function createFederation(text: string | undefined, accountId: string, closing: AbortSignal): Federation {
  const { roles, providers } = readRoleFile(text ?? NONE, accountId)
  return { roles, verifyToken: createVerifyToken(providers, closing) }
}

const NONE = '{ "OpenIDConnectProviders": [], "Roles": [] }'
