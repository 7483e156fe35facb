import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createIamClient } from '../../src/iam/client.ts'
import { identify } from '../../src/iam/identity.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { answerOf, refusalOf, startStubIam } from '../stub-iam.ts'

let sandbox: Sandbox
beforeEach(async () => {
  sandbox = await startSandbox()
})
afterEach(() => sandbox.close())

const gatewayArn = 'arn:aws:iam::123456789012:user/service/gateway'

describe('where STS can be asked', () => {
  test.each([
    ['a user', () => sandbox.credentials, gatewayArn],
    ['a role', () => sandbox.roleCredentials, 'arn:aws:sts::123456789012:assumed-role/operator/sandbox'],
  ])('%s is known by its ARN', async (_who, credentials, arn) => {
    const target = { endpoint: sandbox.url, region: 'us-east-1', credentials: credentials() }
    const iam = createIamClient(target)
    expect(await identify(iam, { stsEndpoint: sandbox.url })).toEqual({
      arn,
      name: arn,
      endpoint: sandbox.url,
      lacksSts: false,
    })
    expect(sandbox.calls.map(({ action }) => action)).toEqual(['GetCallerIdentity'])
    iam.destroy()
  })

  test('and refuses, the access key is all that is known', async () => {
    const target = {
      endpoint: sandbox.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'AKIAUNKNOWNKEY1234', secretAccessKey: 'wrong' },
    }
    const iam = createIamClient(target)
    expect(await identify(iam, { stsEndpoint: sandbox.url })).toEqual({
      arn: undefined,
      name: 'access key …1234',
      endpoint: sandbox.url,
      lacksSts: false,
      reason: 'InvalidClientTokenId',
    })
    iam.destroy()
  })
})

/** The environment of a machine that has nothing else of AWS: what is read is what a test says. */
describe('by the environment alone', () => {
  let home: string
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'identity-'))
  })
  afterAll(() => rm(home, { recursive: true }))

  const keys = () => ({
    AWS_ACCESS_KEY_ID: sandbox.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: sandbox.credentials.secretAccessKey,
  })
  const actions = () => sandbox.calls.map(({ action }) => action)

  test("where IAM's endpoint is overridden and STS's is not, IAM itself is asked, and real AWS is not", async () => {
    const said = await serve({ ...keys(), AWS_ENDPOINT_URL_IAM: sandbox.url })
    expect(said).toContain(`Identity: ${gatewayArn}\nIAM:      ${sandbox.url}`)
    expect(actions()).toEqual(['GetUser'])
  })

  test('where both are overridden, STS is asked', async () => {
    const said = await serve({ ...keys(), AWS_ENDPOINT_URL_IAM: sandbox.url, AWS_ENDPOINT_URL_STS: sandbox.url })
    expect(said).toContain(`Identity: ${gatewayArn}\n`)
    expect(actions()).toEqual(['GetCallerIdentity'])
  })

  test('one endpoint for every service is one for both', async () => {
    const said = await serve({ ...keys(), AWS_ENDPOINT_URL: sandbox.url })
    expect(said).toContain(`Identity: ${gatewayArn}\nIAM:      ${sandbox.url}`)
    expect(actions()).toEqual(['GetCallerIdentity'])
  })

  test('a profile says all of it: credentials, region and endpoints', async () => {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = keys()
    const config = join(home, 'config')
    await writeFile(
      config,
      `[profile emulator]
aws_access_key_id = ${AWS_ACCESS_KEY_ID}
aws_secret_access_key = ${AWS_SECRET_ACCESS_KEY}
region = us-east-1
services = emulated
[services emulated]
iam =
  endpoint_url = ${sandbox.url}
`,
    )
    const said = await serve({ AWS_PROFILE: 'emulator', AWS_CONFIG_FILE: config })
    expect(said).toContain(`Identity: ${gatewayArn}\nIAM:      ${sandbox.url}`)
    expect(actions()).toEqual(['GetUser'])
  })

  test.each([
    ['refuses', refusalOf('AccessDenied', 403), 'AccessDenied'],
    ['answers without a user', answerOf('GetUser', ''), 'IAM_UNREACHABLE'],
    ['answers with a page', { body: '<html><body>Sign in first.</body></html>' }, 'IAM_UNREACHABLE'],
  ])("where IAM %s, the access key's last four characters name who it is", async (_what, answer, reason) => {
    await using stub = await startStubIam(() => answer)
    const said = await serve({ ...keys(), AWS_ENDPOINT_URL_IAM: stub.url })
    const lastFour = sandbox.credentials.accessKeyId.slice(-4)
    const who = `access key …${lastFour} (whose it is was not to be had: ${reason})`
    expect(said).toContain(`Identity: ${who}\nIAM:      ${stub.url}`)
    expect(said).not.toContain(sandbox.credentials.accessKeyId)
    // Again where it was not IAM that answered; never another.
    expect(new Set(stub.calls.map(({ action }) => action))).toEqual(new Set(['GetUser']))
  })

  test('where nobody answers at all, it serves nevertheless', async () => {
    await sandbox.close()
    const said = await serve({ ...keys(), AWS_ENDPOINT_URL_IAM: sandbox.url })
    const lastFour = sandbox.credentials.accessKeyId.slice(-4)
    expect(said).toContain(`Identity: access key …${lastFour} (whose it is was not to be had: ECONNREFUSED)\n`)
  })

  test('without credentials it says so in one sentence, and ends', async () => {
    const gateway = start({ AWS_ENDPOINT_URL_IAM: sandbox.url })
    const [said, complaint, [code]] = await Promise.all([
      text(gateway.stdout),
      text(gateway.stderr),
      once(gateway, 'exit'),
    ])
    expect(code).toBe(1)
    expect(said).toBe('')
    expect(complaint.trim().split('\n').at(-1)).toMatch(/^iam-graphql-gateway: found no AWS credentials \(.+\): .+\.$/)
    expect(actions()).toEqual([])
  })

  /** What it says once it serves. */
  async function serve(environment: Record<string, string>): Promise<string> {
    const gateway = start(environment)
    const exited = once(gateway, 'exit')
    gateway.stderr.resume()
    let said = ''
    for await (const chunk of gateway.stdout) {
      said += chunk
      if (said.includes('\nIAM:')) break
    }
    gateway.kill('SIGTERM')
    await exited
    return said
  }

  function start(environment: Record<string, string>) {
    const main = new URL('../../dist/main.js', import.meta.url).pathname
    return spawn(process.execPath, [main, 'serve', '--port=0'], {
      env: { HOME: home, AWS_EC2_METADATA_DISABLED: 'true', AWS_REGION: 'us-east-1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }
})
