import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startIssuer, type TokenRequest } from '../auth/issuer.ts'
import { type GatewayProcess, runStart } from '../command/announcement.ts'
import { project, runMain } from '../command/process.ts'
import { type Answer, post } from '../gateway.ts'
import { part } from '../part.ts'
import { everything } from '../sandbox/role/federation.ts'
import { postText, readToEnd, requestText } from '../server/transport.ts'

/** In a network of its own this file runs itself again: what needs an address on a network is run there alone. */
const isInside = process.env['OWN_NETWORK'] === '1'
const address = '10.77.0.1'

test.skipIf(isInside || !mayUnshare())(
  'this file, in a network namespace of its own',
  async () => {
    const script = `ip link set lo up && ip address add ${address}/32 dev lo && exec "$@"`
    const vitest = join(project, 'node_modules/vitest/vitest.mjs')
    const again = [process.execPath, vitest, 'run', fileURLToPath(import.meta.url)]
    const { stdout } = await promisify(execFile)('unshare', [...unshared(), 'sh', '-c', script, 'sh', ...again], {
      cwd: project,
      env: { ...process.env, OWN_NETWORK: '1', NO_COLOR: '1' },
    })
    expect(stdout).toMatch(/Tests {2}4 passed \| 1 skipped/)
  },
  180_000,
)

test.skipIf(!isInside)('a network that nobody was to reach the gateway from', async () => {
  await using refused = await runMain(['start', '--host', address, '--port', '0', '--sandbox-port', '0'])
  const { exitCode, stdout, stderr } = await refused.ended
  expect(exitCode).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/--oidc-issuer and --oidc-audience .*--insecure-no-auth/)
})

test.skipIf(!isInside)('a network that everybody may reach the gateway from', async () => {
  await using gateway = await runStart(['--host', address, '--insecure-no-auth', '--sandbox-users=2'])
  expect(new URL(gateway.url).hostname).toBe(address)
  expect((await gateway.ask('{ viewer { userName } }')).data).toEqual({ viewer: { userName: 'gateway' } })
  const [line = ''] = await gateway.said(/^.*INSECURE.*$/m, 'stderr')
  expect(JSON.parse(line)).toMatchObject({ level: 40, msg: expect.stringMatching(/^INSECURE: nobody is asked/) })
  // The schema and its explorer are for this machine.
  const { errors = [] } = await gateway.ask('{ __schema { queryType { name } } }')
  expect(errors.map(({ extensions }) => extensions.code)).not.toContain('INTERNAL_SERVER_ERROR')
  expect(await statusOf(gateway, requestText('GET /graphql', { host: address, accept: 'text/html' }))).not.toBe(200)
})

test.skipIf(!isInside)('a page whose name was bound to an address on the network', async () => {
  await using gateway = await runStart(['--host', address, '--insecure-no-auth', '--sandbox-users=2'])
  const body = '{"query":"{ __typename }"}'
  for (const [host, status] of [
    [address, 200],
    [`${address}:4000`, 200],
    ['evil.example', 403],
    [`${address}.evil.example`, 403],
    ['10.77.0.2', 403],
    ['0x0a4d0001', 403],
  ] as const) {
    expect(await statusOf(gateway, postText(body, { host })), host).toBe(status)
    const origin = 'http://evil.example'
    expect(await statusOf(gateway, postText(body, { host, origin })), host).toBe(403)
  }
})

test.skipIf(!isInside)('callers on the network: nobody, strangers, and two of different rights', async () => {
  await using issuer = await startIssuer()
  await using roles = await writeRoles(issuer.url)
  await using gateway = await runStart([
    `--host=${address}`,
    '--sandbox-users=5',
    `--oidc-issuer=${issuer.url}`,
    '--oidc-audience=iam-gateway',
    `--aws-web-identity-role=${arnOf('reader')},${arnOf('admin')}`,
    '--aws-role-claim=role',
    `--sandbox-roles=${roles.file}`,
    '--audit-log=none',
  ])
  const ask = async (query: string, token: string): Promise<Answer> =>
    post(gateway.url, { query }, { authorization: `Bearer ${token}` })
  const tokenOf = (subject: string, role: string, request: TokenRequest = {}) =>
    issuer.token({ subject, claims: { role }, ...request })
  const codeOf = ({ errors }: Answer) => errors?.[0]?.extensions.code

  expect(codeOf(await gateway.ask(seen))).toBe('UNAUTHENTICATED')
  expect(codeOf(await ask(seen, await issuer.forge(issuer.claims({ subject: 'alice' }))))).toBe('UNAUTHENTICATED')
  expect(codeOf(await ask(seen, await tokenOf('alice', 'reader', { audience: 'elsewhere' })))).toBe('UNAUTHENTICATED')
  expect(codeOf(await ask(seen, await tokenOf('mallory', 'root')))).toBe('ROLE_REFUSED')
  expect(codeOf(await ask(disable, await tokenOf('bob', 'admin', { scopes: ['read'] })))).toBe('FORBIDDEN')

  const [ofAdmin, ofReader] = [
    await ask(seen, await tokenOf('bob', 'admin')),
    await ask(seen, await tokenOf('alice', 'reader')),
  ]
  expect(ofAdmin.errors).toBeUndefined()
  expect(ofAdmin.data.open.signingCertificates.nodes).not.toEqual([])
  expect(ofAdmin.data.closed.signingCertificates).not.toBeNull()
  expect(ofReader.data.open).toEqual(ofAdmin.data.open)
  expect(ofReader.data.closed.signingCertificates).toBeNull()
  expect(ofReader.errors).toMatchObject([
    { path: ['closed', 'signingCertificates'], extensions: { code: 'AccessDenied' } },
  ])
  const changed = {
    ofReader: await ask(disable, await tokenOf('alice', 'reader')),
    ofAdmin: await ask(disable, await tokenOf('bob', 'admin')),
  }
  expect(changed.ofReader.data.result.__typename).toBe('AccessDeniedError')
  expect(changed.ofAdmin.data.result.__typename).toBe('NoSuchEntityError')
})

const seen = `{
  open: user(userName: "alice") { signingCertificates { nodes { certificateId } } }
  closed: user(userName: "bob") { signingCertificates { nodes { certificateId } } }
}`
const disable = `mutation {
  result: setSigningCertificateStatus(input: { userName: "alice", certificateId: "${'A'.repeat(32)}", status: INACTIVE }) {
    __typename
  }
}`

const arnOf = (role: string) => `arn:aws:iam::123456789012:role/${role}`

/** The reader sees everybody's certificates but bob's, and changes nothing. */
async function writeRoles(issuer: string) {
  const folder = await mkdtemp(join(tmpdir(), 'roles-'))
  const file = join(folder, 'roles.json')
  const reader = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ['iam:List*', 'iam:Get*'], Resource: '*' },
      { Effect: 'Deny', Action: 'iam:ListSigningCertificates', Resource: 'arn:aws:iam::*:user/*bob' },
    ],
  }
  await writeFile(
    file,
    JSON.stringify({
      OpenIDConnectProviders: [{ Url: issuer, ClientIDList: ['iam-gateway'] }],
      Roles: [
        { RoleName: 'reader', PolicyDocument: reader },
        { RoleName: 'admin', PolicyDocument: everything },
      ],
    }),
  )
  return { file, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

async function statusOf({ url }: GatewayProcess, request: string): Promise<number> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(request)
  return Number((await readToEnd(socket)).split(' ')[1])
}

/** As root, else as root of a namespace of its own. */
function unshared(): string[] {
  return process.getuid?.() === 0 ? ['--net'] : ['--map-root-user', '--net']
}

/** Whether there are the parts, and the kernel lets them: in a container it may not. */
function mayUnshare(): boolean {
  if (isInside || !part('unshare') || !part('ip')) return false
  try {
    execFileSync('unshare', [...unshared(), 'true'], { stdio: 'ignore' })
    return true
  } catch (error) {
    if (process.env['REQUIRE_ALL_PARTS'] === '1') throw error
    process.stderr.write('skipped: tests in a network namespace of their own, which this machine does not allow\n')
    return false
  }
}
