import {
  AssumeRoleWithWebIdentityCommand,
  type AssumeRoleWithWebIdentityCommandInput,
  type AssumeRoleWithWebIdentityCommandOutput,
} from '@aws-sdk/client-sts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../src/sandbox/server.ts'
import { type Issuer, startIssuer, type TokenRequest } from '../../auth/issuer.ts'
import { createIamClient, createStsClient, type Refusal, refusal } from '../client.ts'

export interface Federation extends AsyncDisposable {
  readonly issuer: Issuer
  readonly sandbox: Sandbox
  /** The provider's, in the account. */
  readonly providerArn: string
  /** Assumes the first role with a token of the issuer's, by the real SDK, asking once. */
  assume(request?: Asked): Promise<AssumeRoleWithWebIdentityCommandOutput>
  /** How that is refused. */
  refused(request?: Asked): Promise<Refusal>
  /** The keys of a session that begins with it. */
  keys(request?: Asked): Promise<Keys>
  /** The real client, with the keys of such a session. */
  iam(request?: Asked): Promise<ReturnType<typeof createIamClient>>
}

export interface Asked extends Partial<AssumeRoleWithWebIdentityCommandInput> {
  /** What the token is to say; not with a WebIdentityToken. */
  readonly token?: TokenRequest
}

export interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

export const everything = {
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action: '*', Resource: '*' },
}

/** A document that allows these actions. */
export function allow(...Action: readonly string[]): object {
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] }
}

export type RolesOf = (issuer: Issuer) => readonly { readonly RoleName: string; readonly [member: string]: unknown }[]

export interface FederationOptions extends SandboxOptions {
  /** Members beside and instead of its own. */
  readonly provider?: object
  /** One that the test closes; default: one of its own. */
  readonly issuer?: Issuer
}

/** An account that trusts a real OpenID provider, and whose roles a test gives; by default one that may do everything. */
export async function startFederation(
  rolesOf: RolesOf = () => [{ RoleName: 'auditor', PolicyDocument: everything }],
  { provider = {}, issuer: shared, ...options }: FederationOptions = {},
): Promise<Federation> {
  const issuer = shared ?? (await startIssuer())
  const roles = rolesOf(issuer)
  const OpenIDConnectProviders = [{ Url: issuer.url, ClientIDList: ['iam-gateway', 'other-client'], ...provider }]
  const sandbox = await startSandbox({ ...options, roles: JSON.stringify({ OpenIDConnectProviders, Roles: roles }) })
  const sts = createStsClient(sandbox)
  const clients: ReturnType<typeof createIamClient>[] = []
  const firstRole = roles[0]?.RoleName ?? ''

  async function assume({ token, ...input }: Asked = {}) {
    const WebIdentityToken = input.WebIdentityToken ?? (await issuer.token(token))
    const asked = { RoleArn: sandbox.roleArn(firstRole), RoleSessionName: 'alice', ...input, WebIdentityToken }
    return sts.send(new AssumeRoleWithWebIdentityCommand(asked))
  }
  async function keys(asked?: Asked): Promise<Keys> {
    const { Credentials: { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = {} } = await assume(asked)
    return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
  }
  return {
    issuer,
    sandbox,
    providerArn: `arn:aws:iam::${sandbox.accountId}:oidc-provider/${new URL(issuer.url).host}`,
    assume,
    refused: asked => refusal(assume(asked)),
    keys,
    async iam(asked) {
      const client = createIamClient(sandbox, await keys(asked))
      clients.push(client)
      return client
    },
    async [Symbol.asyncDispose]() {
      for (const client of [sts, ...clients]) client.destroy()
      await sandbox.close()
      if (shared === undefined) await issuer.close()
    },
  }
}
