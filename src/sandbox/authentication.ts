import { AwsError } from './error.ts'
import { accessKeys, type Principal, type RoleKey } from './principal.ts'
import type { Sessions } from './role/session.ts'
import { readAuthorization, type SignedRequest, type SigningScope, verifySignature } from './signature.ts'
import type { Account } from './store.ts'

export interface Signer {
  readonly principal: Principal
  readonly accessKeyId: string
}

/** Who signed a request, for this scope; throws what AWS answers to anybody else. */
export type Authenticate = (request: SignedRequest, scope: SigningScope) => Signer

export function createAuthenticate(account: Account, roleKey: RoleKey, sessions: Sessions): Authenticate {
  return (request, scope) => {
    const authorization = readAuthorization(request.headers)
    const { accessKeyId } = authorization
    const token = request.headers.get('x-amz-security-token')
    const key = account.table(accessKeys).get(accessKeyId)
    if (key !== undefined && token === undefined) {
      verifySignature(request, authorization, key.secretAccessKey, scope)
      return { principal: { kind: 'user', user: key.user }, accessKeyId }
    }
    if (accessKeyId === roleKey.accessKeyId && token === roleKey.sessionToken) {
      verifySignature(request, authorization, roleKey.secretAccessKey, scope)
      return { principal: roleKey.principal, accessKeyId }
    }
    const session = sessions.get(accessKeyId)
    if (session !== undefined && token === session.sessionToken) {
      verifySignature(request, authorization, session.secretAccessKey, scope)
      if (session.expiration.getTime() <= Date.now()) throw expiredToken()
      return { principal: session.principal, accessKeyId }
    }
    throw new AwsError('InvalidClientTokenId', 'The security token included in the request is invalid')
  }
}

/** As AWS documents its common errors. */
export function expiredToken(): AwsError {
  return new AwsError('ExpiredToken', 'The security token included in the request is expired')
}

/** For a log, also of a call whose signature turned out wrong. */
export function namedAccessKey(request: SignedRequest): string | undefined {
  return /Credential=([^/,\s]+)/.exec(request.headers.get('authorization') ?? '')?.[1]
}
