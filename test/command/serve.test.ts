import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { runSandbox, runServe } from './announcement.ts'
import { type Environment, type Process, runMain } from './process.ts'

const witness = { NODE_OPTIONS: `--import ${new URL('witness.mjs', import.meta.url)}` }

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ users: 2 })
})
beforeEach(() => sandbox.clearCalls())
afterAll(() => sandbox.close())

describe('serve says as whom it asks which IAM:', () => {
  test('by STS, where both endpoints are elsewhere', async () => {
    await using alone = await runSandbox(['--users', '3'])
    await using serve = await runServe([], { ...alone.exported, ...witness })
    expect(serve).toMatchObject({ identity: gatewayArn(), endpoint: alone.sandboxUrl })
    expect(hostsAskedBy(serve)).toEqual([alone.sandboxUrl])
    const { data } = await serve.ask('{ viewer { arn } users { nodes { userName } } }')
    expect(data).toMatchObject({ viewer: { arn: serve.identity }, users: { nodes: { length: 4 } } })
  })

  test('by IAM’s GetUser, and never by STS, where IAM’s endpoint alone is elsewhere', async () => {
    await using serve = await runServe([], { ...key(), AWS_ENDPOINT_URL_IAM: sandbox.url, ...witness })
    expect(serve).toMatchObject({ identity: gatewayArn(), endpoint: sandbox.url })
    expect(actions()).toEqual(['GetUser'])
    expect(hostsAskedBy(serve)).toEqual([sandbox.url])
  })

  test('by STS, where IAM is AWS’s own', async () => {
    await using serve = await runServe([], { ...key(), AWS_ENDPOINT_URL_STS: sandbox.url, ...witness })
    expect(serve).toMatchObject({ identity: gatewayArn(), endpoint: 'https://iam.amazonaws.com' })
    expect(actions()).toEqual(['GetCallerIdentity'])
    expect(hostsAskedBy(serve)).toEqual([sandbox.url])
  })

  test('as AWS_PROFILE has it in the shared configuration', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'serve-test-'))
    try {
      const { accessKeyId, secretAccessKey } = sandbox.credentials
      const profile = [
        '[profile emulator]',
        `aws_access_key_id = ${accessKeyId}`,
        `aws_secret_access_key = ${secretAccessKey}`,
        'services = emulator',
        '[services emulator]',
        'iam =',
        `  endpoint_url = ${sandbox.url}`,
      ]
      const AWS_CONFIG_FILE = join(folder, 'config')
      await writeFile(AWS_CONFIG_FILE, `${profile.join('\n')}\n`)
      await using serve = await runServe([], { AWS_CONFIG_FILE, AWS_PROFILE: 'emulator', ...witness })
      expect(serve).toMatchObject({ identity: gatewayArn(), endpoint: sandbox.url })
      expect(actions()).toEqual(['GetUser'])
      expect(hostsAskedBy(serve)).toEqual([sandbox.url])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test.each([
    ['GetCallerIdentity', 'AWS_ENDPOINT_URL'],
    ['GetUser', 'AWS_ENDPOINT_URL_IAM'],
  ])('by the last four of the access key, where %s is refused', async (action, variable) => {
    await using serve = await runServe([], { ...key(), AWS_SECRET_ACCESS_KEY: 'wrong', [variable]: sandbox.url })
    expect(actions()).toContain(action)
    const lastFour = sandbox.credentials.accessKeyId.slice(-4)
    const identity = `access key …${lastFour} (whose it is was not to be had: SignatureDoesNotMatch)`
    expect(serve).toMatchObject({ identity, endpoint: sandbox.url })
    const { errors } = await serve.ask('{ users { nodes { userName } } }')
    expect(errors?.map(error => error.extensions.code)).toEqual(['SignatureDoesNotMatch'])
  })
})

describe('serve', () => {
  test('without credentials says so in one sentence and ends with 1, having asked nobody and opened nothing', async () => {
    await using serve = await runMain(['serve', '--port', '0'], witness)
    expect(await serve.ended).toEqual({
      exitCode: 1,
      signal: null,
      stdout: '',
      stderr: expect.stringMatching(
        /^iam-graphql-gateway: found no AWS credentials.*: set AWS_PROFILE, or .*, or try it without an account by "npm start"\.\n$/,
      ),
    })
  })

  test.each([
    ['notaurl', '"notaurl"'],
    ['localhost:4566', '"localhost://4566"'],
  ])('with %j for an endpoint says what was expected in one sentence, and ends with 1', async (endpoint, got) => {
    await using serve = await runMain(['serve', '--port', '0'], { ...key(), AWS_ENDPOINT_URL_IAM: endpoint })
    expect(await serve.ended).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: `iam-graphql-gateway: the configured AWS endpoint: expected a URL that starts with http:// or https://, got ${got}.\n`,
    })
  })

  test('on an IAM that does not answer says so, and is not ready', async () => {
    await using nobody = await startSandbox()
    await nobody.close()
    await using serve = await runServe([], { ...key(), AWS_ENDPOINT_URL_IAM: nobody.url })
    const lastFour = sandbox.credentials.accessKeyId.slice(-4)
    expect(serve.identity).toBe(`access key …${lastFour} (whose it is was not to be had: ECONNREFUSED)`)
    expect((await fetch(new URL('/ready', serve.url))).status).toBe(503)

    const response = await fetch(serve.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ viewer { userName } }' }),
    })
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'IAM_UNREACHABLE' } }] })
    const requestId = response.headers.get('x-request-id')
    const logged = serve
      .heard()
      .stderr.split('\n')
      .filter(line => line.includes(`"requestId":"${requestId}"`))
    expect(logged.map(line => JSON.parse(line).msg)).toEqual(['IAM did not answer'])
  })

  test('listens on its own port alone: there is no sandbox', async () => {
    await using serve = await runServe([], { ...key(), AWS_ENDPOINT_URL_IAM: sandbox.url, ...witness })
    expect(serve.heard().stderr.match(/witness: listens/g)).toHaveLength(1)
    expect(serve.heard().stdout).not.toContain('sandbox')
  })

  test('refuses a mutation that names no user, and asks IAM nothing for it', async () => {
    await using serve = await runServe([], { ...key(), AWS_ENDPOINT_URL_IAM: sandbox.url })
    sandbox.clearCalls()
    const { data } = await serve.ask(MUTATIONS, { body: mintCertificate() })
    const refused = { __typename: 'RequestFailedError', code: 'USER_NAME_REQUIRED' }
    expect(data).toEqual({ uploadSigningCertificate: refused, setSigningCertificateStatus: refused })
    expect(actions()).toEqual([])
  })

  test.each<[string[], Environment]>([
    [['--allow-implicit-user'], {}],
    [[], { IAM_GATEWAY_ALLOW_IMPLICIT_USER: 'true' }],
  ])('takes it for its own user’s where it is allowed to: %j %j', async (flags, environment) => {
    await using serve = await runServe(flags, { ...key(), AWS_ENDPOINT_URL_IAM: sandbox.url, ...environment })
    const { data } = await serve.ask(MUTATIONS, { body: mintCertificate() })
    expect(data).toEqual({
      uploadSigningCertificate: {
        __typename: 'UploadSigningCertificatePayload',
        signingCertificate: { userName: 'gateway' },
      },
      setSigningCertificateStatus: { __typename: 'NoSuchEntityError', code: 'NoSuchEntity' },
    })
  })
})

const MUTATIONS = `mutation ($body: String!) {
  uploadSigningCertificate(input: { certificateBody: $body }) {
    __typename
    ... on UploadSigningCertificatePayload { signingCertificate { userName } }
    ... on IamError { code }
  }
  setSigningCertificateStatus(input: { certificateId: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", status: INACTIVE }) {
    __typename
    ... on IamError { code }
  }
}`

function key(): Environment {
  const { accessKeyId, secretAccessKey } = sandbox.credentials
  return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }
}

function gatewayArn(): string {
  return `arn:aws:iam::${sandbox.accountId}:user/service/gateway`
}

function actions(): string[] {
  return sandbox.calls.map(call => call.action)
}

function hostsAskedBy(process: Process): string[] {
  return [...new Set([...process.heard().stderr.matchAll(/^witness: asks (.*)$/gm)].map(([, host = '']) => host))]
}
