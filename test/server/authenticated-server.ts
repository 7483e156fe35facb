import { createAuthentication } from '../../src/auth/authentication.ts'
import type { Context } from '../../src/context.ts'
import { createLog } from '../../src/log.ts'
import { type Issuer, startIssuer, type TokenRequest } from '../auth/issuer.ts'
import { type Answer, post } from '../gateway.ts'
import { type LoggedServer, type ServerSettings, startLoggedServer } from './logged-server.ts'

export interface AuthenticatedServer extends LoggedServer {
  readonly issuer: Issuer
  /** By the issuer's key, without asking the issuer. */
  token(request?: TokenRequest): Promise<string>
  /** The header of a request. */
  bearer(request?: TokenRequest): Promise<{ authorization: string }>
  /** Sends an operation by POST, with a token of these scopes. */
  askAs(scopes: readonly string[], query: string, variables?: object): Promise<Answer>
}

export interface AuthenticatedSettings extends ServerSettings {
  readonly change?: (context: Context) => Context
}

/** The server room, that asks for tokens of an issuer of its own. */
export async function startAuthenticatedServer({
  change,
  ...settings
}: AuthenticatedSettings = {}): Promise<AuthenticatedServer> {
  const issuer = await startIssuer()
  const authentication = createAuthentication({
    issuer: issuer.url,
    audiences: ['iam-gateway'],
    algorithms: ['RS256'],
    scopeClaim: 'scope',
    scopePrefix: settings.scopePrefix ?? '',
    clockTolerance: 0,
    log: createLog('silent', process.stderr),
  })
  const server = await startLoggedServer(change, { introspection: 'scope', authentication, ...settings })
  const token = (request: TokenRequest = {}) => issuer.sign(issuer.claims(request))
  const bearer = async (request?: TokenRequest) => ({ authorization: `Bearer ${await token(request)}` })
  return {
    ...server,
    issuer,
    token,
    bearer,
    async askAs(scopes, query, variables) {
      return post(server.url, { query, ...(variables && { variables }) }, await bearer({ scopes }))
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      authentication.close()
      await issuer.close()
    },
  }
}
