import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { openAccount } from '../account.ts'
import { type Issuer, startIssuer } from '../auth/issuer.ts'
import { type Answer, startTestGateway, type TestGateway } from '../gateway.ts'
import { allow, everything } from '../sandbox/role/federation.ts'
import { type EventStream, subscribeBySse } from '../server/transport.ts'

interface Callers extends AsyncDisposable {
  readonly gateway: TestGateway
  readonly account: ReturnType<typeof openAccount>
  ask(subject: string, query: string, variables?: object): Promise<Answer>
  watch(subject: string, query: string): Promise<EventStream>
  /** The account made anew in the place of the first, which nothing is left of but the roles' names. */
  remade(): Promise<Sandbox>
}

/** Who may do what, by the claim `role` of the tokens: alice reads, but nothing of the user `secret`; bob does all. */
const roleOf: Readonly<Record<string, string>> = { alice: 'reader', bob: 'admin', mallory: 'root' }

const reader = {
  Version: '2012-10-17',
  Statement: [
    ...(allow('iam:List*', 'iam:Get*') as { readonly Statement: readonly object[] }).Statement,
    { Effect: 'Deny', Action: 'iam:*', Resource: 'arn:aws:iam::*:user/secret' },
  ],
}

const arnOf = (role: string) => `arn:aws:iam::123456789012:role/${role}`

/** The whole gateway by its flags, on a sandbox; both check the tokens of a real OpenID provider. */
async function startCallers(): Promise<Callers> {
  const issuer = await startIssuer()
  const folder = await mkdtemp(join(tmpdir(), 'roles-'))
  const file = join(folder, 'roles.json')
  const roles = JSON.stringify(rolesOf(issuer))
  await writeFile(file, roles)
  const gateway = await startTestGateway(
    `--oidc-issuer=${issuer.url}`,
    '--oidc-audience=iam-gateway',
    `--aws-web-identity-role=${arnOf('reader')},${arnOf('admin')}`,
    '--aws-role-claim=role',
    '--aws-session-duration=900',
    '--audit-log=none',
    `--sandbox-roles=${file}`,
    '--sandbox-users=2',
    '--cache-ttl=3600',
    '--report-cost=false',
  )
  const account = openAccount(gateway.sandbox)
  for (const user of ['open', 'secret']) await account.user(user)
  const bearer = async (subject: string) => ({
    authorization: `Bearer ${await issuer.token({ subject, claims: { role: roleOf[subject] } })}`,
  })
  return {
    gateway,
    account,
    ask: async (subject, query, variables) => gateway.ask(query, variables, await bearer(subject)),
    watch: async (subject, query) => subscribeBySse(gateway.url, { query }, await bearer(subject)),
    async remade() {
      await gateway.sandbox.close()
      return startSandbox({ port: gateway.sandbox.port, users: 2, roles })
    },
    async [Symbol.asyncDispose]() {
      account[Symbol.dispose]()
      await gateway[Symbol.asyncDispose]()
      await issuer.close()
      await rm(folder, { recursive: true })
    },
  }
}

function rolesOf(issuer: Issuer): object {
  return {
    OpenIDConnectProviders: [{ Url: issuer.url, ClientIDList: ['iam-gateway'] }],
    Roles: [
      { RoleName: 'reader', PolicyDocument: reader },
      { RoleName: 'admin', PolicyDocument: everything },
    ],
  }
}

const listed = '{ users(first: 10) { nodes { userName signingCertificates { nodes { status } } } } }'
const disable = `mutation ($input: SetSigningCertificateStatusInput!) {
  result: setSigningCertificateStatus(input: $input) { __typename }
}`

test('two callers of different rights see what IAM lets each see, and the other rows arrive', async () => {
  await using callers = await startCallers()
  for (const user of ['open', 'secret']) await callers.account.certificate(user)
  // The administrator first: what is remembered of his answers is nobody else's.
  const [ofBob, ofAlice] = [await callers.ask('bob', listed), await callers.ask('alice', listed)]
  const certificatesOf = ({ data }: Answer) =>
    Object.fromEntries(
      data.users.nodes.map(({ userName, signingCertificates }: { userName: string; signingCertificates: unknown }) => [
        userName,
        signingCertificates,
      ]),
    )
  const active = { nodes: [{ status: 'ACTIVE' }] }
  expect(ofBob.errors).toBeUndefined()
  expect(certificatesOf(ofBob)).toMatchObject({ open: active, secret: active })
  expect(certificatesOf(ofAlice)).toMatchObject({ open: active, secret: null })
  expect(ofAlice.errors).toMatchObject([
    { path: ['users', 'nodes', expect.any(Number), 'signingCertificates'], extensions: { code: 'AccessDenied' } },
  ])
  const { sandbox } = callers.gateway
  const askers = new Set(sandbox.calls.filter(({ action }) => action === 'ListUsers').map(({ callerArn }) => callerArn))
  const assumed = (role: string, name: string) => `arn:aws:sts::123456789012:assumed-role/${role}/${name}`
  expect([...askers]).toEqual([assumed('admin', 'bob'), assumed('reader', 'alice')])
})

test('each changes what IAM lets him, in his own name, and hears of what he may list', async () => {
  await using callers = await startCallers()
  const [open, secret] = [await callers.account.certificate('open'), await callers.account.certificate('secret')]
  const query = 'subscription { change: signingCertificateStatusChanged { userName status changedBy } }'
  await using alice = await callers.watch('alice', query)
  await using bob = await callers.watch('bob', query)
  const change = async (subject: string, userName: string, certificateId: string) => {
    const input = { userName, certificateId, status: 'INACTIVE' }
    return (await callers.ask(subject, disable, { input })).data.result.__typename
  }
  expect(await change('alice', 'open', open)).toBe('AccessDeniedError')
  expect(await change('bob', 'secret', secret)).toBe('SetSigningCertificateStatusPayload')
  expect(await change('bob', 'open', open)).toBe('SetSigningCertificateStatusPayload')
  const changedBy = 'arn:aws:sts::123456789012:assumed-role/admin/bob'
  const told = (userName: string) => ({ data: { change: { userName, status: 'INACTIVE', changedBy } } })
  expect([await bob.nextResult(), await bob.nextResult()]).toEqual([told('secret'), told('open')])
  expect(await alice.nextResult()).toEqual(told('open'))
})

test('callers go on in new sessions where AWS knows nothing of the old ones any more', async () => {
  await using callers = await startCallers()
  const nobody = '{ user(userName: "nobody") { arn } }'
  expect(await callers.ask('bob', nobody)).toEqual({ data: { user: null } })
  await using sandbox = await callers.remade()
  const asked = await Promise.all([nobody, listed].map(query => callers.ask('bob', query)))
  expect(asked.map(({ errors }) => errors)).toEqual([undefined, undefined])
  expect(sandbox.sessions).toHaveLength(1)
})

test('whoever’s token names no role that is allowed asks IAM nothing, as nobody', async () => {
  await using callers = await startCallers()
  callers.gateway.sandbox.clearCalls()
  expect(await callers.ask('mallory', listed)).toMatchObject({ errors: [{ extensions: { code: 'ROLE_REFUSED' } }] })
  expect(callers.gateway.sandbox.calls).toEqual([])
})
