import { access, constants, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startIssuer } from './auth/issuer.ts'
import { subscribed } from './client/subscribed.ts'
import { type Environment, type Process, project, run } from './command/process.ts'
import { post, startTestGateway } from './gateway.ts'
import { part } from './part.ts'
import { type Block, blockOf, blocks } from './readme.ts'
import { subscribeBySse } from './server/transport.ts'

/** How the commands of a block are run: the first way that fits all of them. */
const ways: readonly Way[] = [
  { command: /^(node examples\/identities|npm start -- --oidc-issuer\b)/, run: startsForTwoPeople },
  { command: /^(\. identities|curl\b.*\$AUDITOR\b)/, part: 'curl', run: tellsPeopleApart },
  { command: /^npm run serve\b.*--oidc-issuer\b/, run: servesWhoHasAToken },
  { command: /^npm (start|run sandbox)\b/, run: starts },
  { command: /^npm run serve\b/, run: serves },
  { command: /^(npm test|\.ci\/run)$/, run: isRunByCi },
  { command: /^npm install\b/, run: installsWhatTheSnippetsImport },
  { command: /^curl -N\b/, part: 'curl', run: streams },
  { command: /^curl\b/, part: 'curl', run: answers },
  { command: /^aws iam update-signing-certificate\b/, part: 'aws', run: isSeenElsewhere },
  { command: /^aws cloudformation\b/, part: 'aws', run: makesTheChangeFeed },
  { command: /^(export|aws)\b/, part: 'aws', run: talksToTheSandbox },
]

interface Way {
  readonly command: RegExp
  readonly part?: Parameters<typeof part>[0]
  readonly run: (block: Block) => Promise<void>
}

const shellBlocks = blocks.filter(({ language }) => language === 'sh')

test('every command of the README is of a kind that is run', () => {
  expect(shellBlocks.filter(block => wayOf(block) === undefined)).toEqual([])
  expect(shellBlocks.length).toBeGreaterThan(0)
})

for (const block of shellBlocks) {
  const way = wayOf(block)
  const isMissing = way?.part !== undefined && part(way.part) === undefined
  test.skipIf(isMissing)(`the README's line ${block.line + 1} works: ${commandsOf(block)[0]}`, async () => {
    await way?.run(block)
  })
}

async function starts(block: Block): Promise<void> {
  await using started = await startCommand(block)
  await started.said(block.text.includes('sandbox --') ? /The sandbox IAM listens at http/ : /Open http:\S+\/graphql\n/)
  started.kill('SIGTERM')
  expect(await started.ended).toMatchObject({ exitCode: 0 })
}

async function serves(block: Block): Promise<void> {
  await using iam = await startTestGateway('--sandbox-users=2')
  const { url, credentials, queueUrl } = iam.sandbox
  const text = block.text.replace(/https:\/\/sqs\.\S+/, queueUrl)
  await using serving = await startCommand(
    { ...block, text },
    {
      AWS_ENDPOINT_URL_IAM: url,
      AWS_ENDPOINT_URL_STS: url,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
  )
  await serving.said(/IAM: .*\n/)
  const said = serving.heard().stdout.replace(/127\.0\.0\.1:\d+\/graphql/, '127.0.0.1:4000/graphql')
  expect(said).toContain(blockOf('output=serve').text.replace('https://iam.amazonaws.com', url))
  serving.kill('SIGTERM')
  expect(await serving.ended).toMatchObject({ exitCode: 0 })
}

async function servesWhoHasAToken({ text }: Block): Promise<void> {
  await using issuer = await startIssuer()
  await using iam = await startTestGateway('--sandbox-users=2')
  const { url: iamUrl, credentials } = iam.sandbox
  const command = `exec ${text.trimEnd().replace('https://login.example.com', issuer.url)} --port 0`
  await using serving = await shell(command, {
    AWS_ENDPOINT_URL_IAM: iamUrl,
    AWS_ENDPOINT_URL_STS: iamUrl,
    ...keyOf(credentials),
  })
  const [, port = ''] = await serving.said(/Open http:\/\/0\.0\.0\.0:(\d+)\/graphql/)
  const url = `http://127.0.0.1:${port}/graphql`
  const query = '{ user(userName: "alice") { userName } }'
  expect(await post(url, { query })).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
  const authorization = `Bearer ${await issuer.token({ audience: 'iam-gateway' })}`
  expect(await post(url, { query }, { authorization })).toMatchObject({ data: { user: { userName: 'alice' } } })
}

async function startsForTwoPeople(block: Block): Promise<void> {
  await using folder = await scratch()
  await using started = await startForTwoPeople(block, folder.path)
  await started.said(/Open http:\S+\/graphql\n/)
}

async function tellsPeopleApart({ text }: Block): Promise<void> {
  const block = shellBlocks.find(one => one.text.startsWith('node examples/identities'))
  if (!block) throw new Error('expected the README to start a gateway for two people')
  await using folder = await scratch()
  await using started = await startForTwoPeople(block, folder.path)
  const [, url = ''] = await started.said(/Open (http:\S+\/graphql)\n/)
  const answerTo = async (person: string) => {
    const script = inFolder(onPort(text, 4000, url), folder.path).replace('$AUDITOR', `$${person}`)
    await using curl = await shell(script)
    return JSON.parse((await curl.ended).stdout)
  }
  expect(await answerTo('AUDITOR')).toMatchObject({
    data: { user: { userName: 'alice', signingCertificates: null } },
    errors: [{ extensions: { code: 'AccessDenied' } }],
  })
  expect(await answerTo('RESPONDER')).toMatchObject({
    data: {
      user: { userName: 'alice', signingCertificates: { nodes: [{ status: 'ACTIVE' }, { status: 'INACTIVE' }] } },
    },
  })
}

function startForTwoPeople({ text }: Block, folder: string): Promise<Process> {
  const script = inFolder(text, folder).replace('npm start', 'exec npm start')
  return shell(`set -e\n${script.trimEnd()} --port 0 --sandbox-port 0`)
}

function inFolder(text: string, folder: string): string {
  return text.replace('identities.mjs identities', `identities.mjs ${folder}`).replaceAll(' identities/', ` ${folder}/`)
}

async function scratch(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'readme-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

/** What runs this test cannot be run by it. */
async function isRunByCi(block: Block): Promise<void> {
  const script = await readFile(join(project, '.ci/run'), 'utf8')
  await access(join(project, '.ci/run'), constants.X_OK)
  for (const command of commandsOf(block)) if (command !== '.ci/run') expect(script).toContain(command)
}

async function installsWhatTheSnippetsImport(block: Block): Promise<void> {
  const named = commandsOf(block).flatMap(command => command.split(' ').slice(2))
  const imported = blocks.flatMap(({ language, text }) =>
    language === 'ts' ? [...text.matchAll(/ from '((?:@[^/']+\/)?[^/']+)/g)].map(([, name]) => name) : [],
  )
  const packages = new Set(imported.filter(name => name !== '.'))
  expect(named.toSorted()).toEqual([...packages].sort())
}

async function streams(block: Block): Promise<void> {
  await using gateway = await startTestGateway('--sandbox-users=2')
  const subscription = subscribed(gateway.gateway.events)
  await using curl = await shell(onPort(block.text, 4000, gateway.url))
  await subscription
  const { text: query } = blockOf('file=set-status.graphql')
  await gateway.ask(query, JSON.parse(blockOf('variables=set-status.graphql').text) as object)
  await curl.said(/event: next\ndata: .*"userName":"alice".*"previousStatus":"ACTIVE","status":"INACTIVE"/)
}

async function answers(block: Block): Promise<void> {
  await using gateway = await startTestGateway('--sandbox-users=2')
  await using curl = await shell(`set -e\n${onPort(block.text, 4000, gateway.url)}`)
  expect(await curl.ended).toMatchObject({ exitCode: 0, stdout: '{"status":"ok"}{"status":"ready"}' })
}

/** On the sandbox that the README starts before. */
async function talksToTheSandbox(block: Block): Promise<void> {
  const sandbox = shellBlocks.find(({ text }) => text.startsWith('npm run sandbox'))
  if (!sandbox) throw new Error('expected the README to start a sandbox')
  await using started = await startCommand(sandbox)
  const [, url = ''] = await started.said(/listens at (http:\S+)/)
  await using aws = await shell(`set -e\n${onPort(block.text, 4566, url)}`)
  const { exitCode, stdout, stderr } = await aws.ended
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout).toContain('arn:aws:iam::123456789012:user/service/gateway')
  expect(stdout).toContain('"CertificateId": "MQAZSMG34DGHV2XC6H2MMZ4PYFMJRL7U"')
  expect(stdout).toContain('"ServiceSpecificCredentialId": "ACCA')
}

/** By whoever subscribed as the README says. */
async function isSeenElsewhere(block: Block): Promise<void> {
  await using gateway = await startTestGateway('--sandbox-users=2', '--sandbox-event-delay=1000')
  const { url, credentials } = gateway.sandbox
  const subscription = subscribed(gateway.gateway.events)
  await using stream = await subscribeBySse(gateway.url, { query: blockOf('file=watch-all.graphql').text })
  await subscription
  await using aws = await shell(onPort(block.text, 4566, url), keyOf(credentials))
  expect(await aws.ended).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await stream.nextResult()).toMatchObject({
    data: {
      signingCertificateStatusChanged: {
        userName: 'alice',
        certificateId: 'MQAZSMG34DGHV2XC6H2MMZ4PYFMJRL7U',
        status: 'INACTIVE',
        changedBy: 'arn:aws:iam::123456789012:user/service/gateway',
        source: 'CLOUDTRAIL',
      },
    },
  })
}

/** On moto, which has CloudFormation, too. */
async function makesTheChangeFeed(block: Block): Promise<void> {
  const motoServer = part('moto_server')
  if (motoServer === undefined) return
  await using moto = await run(motoServer, ['-H', '127.0.0.1', '-p', '0'])
  const [, endpoint = ''] = await moto.said(/Running on (http:\S+)/, 'stderr')
  const environment = { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: 'testing', AWS_SECRET_ACCESS_KEY: 'testing' }
  await using aws = await shell(`set -e\n${block.text}`, environment)
  const { exitCode, stdout, stderr } = await aws.ended
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  // Moto does not show what a stack made by a change set puts out: test/integration/change-feed.test.ts looks at that.
  expect(stdout).toContain('Successfully created/updated stack - iam-changes')
}

function keyOf(credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }): Environment {
  return {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
  }
}

/** As it stands, but on free ports: of a flag given twice the last one counts. */
function startCommand({ text }: Block, environment: Environment = {}): Promise<Process> {
  const command = text.trimEnd()
  const ports = command.startsWith('npm start') ? '--port 0 --sandbox-port 0' : '--port 0'
  return shell(`exec ${command}${command.includes(' -- ') ? '' : ' --'} ${ports}`, environment)
}

function shell(script: string, environment: Environment = {}): Promise<Process> {
  return run('sh', ['-c', script], environment)
}

function onPort(text: string, port: number, url: string): string {
  return text.replaceAll(`127.0.0.1:${port}`, new URL(url).host)
}

function wayOf(block: Block): Way | undefined {
  return ways.find(({ command }) => commandsOf(block).every(one => command.test(one)))
}

function commandsOf({ text }: Block): string[] {
  return text.replaceAll('\\\n', ' ').trimEnd().split('\n')
}
