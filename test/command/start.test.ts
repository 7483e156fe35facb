import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  GetUserCommand,
  ListSigningCertificatesCommand,
  ListUsersCommand,
  UploadSigningCertificateCommand,
} from '@aws-sdk/client-iam'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import type { Data } from '../gateway.ts'
import { part } from '../part.ts'
import { type GatewayProcess, runStart, type SandboxProcess } from './announcement.ts'
import { outlineOf } from './outline.ts'
import { run } from './process.ts'

const aws = part('aws')

let start: GatewayProcess & SandboxProcess
beforeAll(async () => {
  start = await runStart(['--sandbox-users', '20'])
})
afterAll(() => start[Symbol.asyncDispose]())

describe('start', () => {
  test('says what to open, where its sandbox is and which access key that takes', () => {
    expect(start.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/graphql$/)
    expect(start.sandboxUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(start.exported).toEqual({
      AWS_ENDPOINT_URL_IAM: start.sandboxUrl,
      AWS_ENDPOINT_URL_STS: start.sandboxUrl,
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: expect.stringMatching(/^AKIA[A-Z2-7]{16}$/),
      AWS_SECRET_ACCESS_KEY: expect.stringMatching(/^\S{40}$/),
    })
    expect(start.heard().stderr).toBe('')
  })

  test('serves GraphQL on that sandbox, and GraphiQL', async () => {
    const { data } = await start.ask('{ viewer { userName } users { nodes { userName } } }')
    expect(data.viewer).toEqual({ userName: 'gateway' })
    expect(data.users.nodes).toHaveLength(21)
    const page = await fetch(start.url, { headers: { accept: 'text/html' } })
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toMatch(/^text\/html/)
    expect(/<title>(.*)<\/title>/.exec(await page.text())?.[1]).toBe('iam-graphql-gateway: sandbox')
  })

  test('is alive and ready', async () => {
    const { origin } = new URL(start.url)
    expect((await fetch(`${origin}/health`)).status).toBe(200)
    expect((await fetch(`${origin}/ready`)).status).toBe(200)
  })

  test('lets a mutation act on the user whose access key it has', async () => {
    expect(await upload({ certificateBody: mintCertificate() })).toMatchObject({ userName: 'gateway' })
  })

  test('has an SDK with its printed variables, and no other settings, list users as it does itself', async () => {
    const script = `
      import { IAMClient, ListUsersCommand } from '@aws-sdk/client-iam'
      import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
      const { Users } = await new IAMClient().send(new ListUsersCommand())
      const { Arn } = await new STSClient().send(new GetCallerIdentityCommand())
      console.log(JSON.stringify({ names: Users.map(user => user.UserName), Arn }))
    `
    await using sdk = await run(process.execPath, ['--input-type=module', '--eval', script], start.exported)
    const { exitCode, stdout, stderr } = await sdk.ended
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const { data } = await start.ask('{ viewer { arn } users { nodes { userName } } }')
    expect(JSON.parse(stdout)).toEqual({
      names: data.users.nodes.map((user: Data) => user.userName),
      Arn: data.viewer.arn,
    })
  })

  test('shows an SDK the certificate that a mutation uploaded, and a query the one that the SDK uploaded', async () => {
    const mutated = await upload({ userName: 'bob', certificateBody: mintCertificate() })
    const { Certificates = [] } = await start.iam.send(new ListSigningCertificatesCommand({ UserName: 'bob' }))
    expect(Certificates.map(({ CertificateId }) => CertificateId)).toEqual([mutated.certificateId])

    const command = { UserName: 'bob', CertificateBody: mintCertificate() }
    const { Certificate } = await start.iam.send(new UploadSigningCertificateCommand(command))
    expect(await certificateIds('bob')).toEqual([mutated.certificateId, Certificate?.CertificateId].toSorted())
  })
})

describe.skipIf(!aws)('the AWS CLI, in a shell where the printed lines were pasted', { timeout: 120_000 }, () => {
  test('lists the users that GraphQL lists', async () => {
    const { Users } = await inShell('iam list-users')
    const { data } = await start.ask('{ users { nodes { userName } } }')
    expect(Users.map((user: Data) => user.UserName)).toEqual(data.users.nodes.map((user: Data) => user.userName))
  })

  test('is the user that the gateway is', async () => {
    const { data } = await start.ask('{ viewer { arn } }')
    expect((await inShell('sts get-caller-identity')).Arn).toBe(data.viewer.arn)
  })

  test('lists a certificate that a mutation uploaded, and uploads one that a query then lists', async () => {
    const { UserName } = (await inShell('iam create-user --user-name shell')).User
    const mutated = await upload({ userName: UserName, certificateBody: mintCertificate() })
    const { Certificates } = await inShell('iam list-signing-certificates --user-name shell')
    expect(Certificates.map((certificate: Data) => certificate.CertificateId)).toEqual([mutated.certificateId])

    const folder = await mkdtemp(join(tmpdir(), 'start-test-'))
    try {
      const file = join(folder, 'certificate.pem')
      await writeFile(file, mintCertificate())
      const command = `iam upload-signing-certificate --user-name shell --certificate-body 'file://${file}'`
      const { Certificate } = await inShell(command)
      expect(await certificateIds('shell')).toEqual([mutated.certificateId, Certificate.CertificateId].toSorted())
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('the sandbox of start', () => {
  test('throttles each API for itself at --sandbox-rate', async () => {
    // So slow that no token comes back while the test runs.
    await using slow = await runStart(['--sandbox-users', '2', '--sandbox-rate', '0.001'])
    await slow.iam.send(new ListUsersCommand())
    await expect(slow.iam.send(new ListUsersCommand())).rejects.toMatchObject({ Code: 'Throttling' })
    expect((await slow.iam.send(new GetUserCommand())).User?.UserName).toBe('gateway')
  })

  test('makes the same account of the same --sandbox-seed, whatever else differs', async () => {
    const flags = ['--sandbox-users', '30', '--sandbox-seed', '7', '--sandbox-max-page', '7', '--sandbox-latency', '2']
    const variables = { IAM_GATEWAY_SANDBOX_USERS: '30', IAM_GATEWAY_SANDBOX_SEED: '7' }
    await using one = await runStart(flags)
    await using same = await runStart([], variables)

    // Both are what was asked for, and not alike in everything.
    expect(await one.iam.send(new ListUsersCommand({ MaxItems: 10 }))).toMatchObject({
      Users: { length: 7 },
      IsTruncated: true,
    })
    expect((await same.iam.send(new ListUsersCommand())).Users).toHaveLength(31)

    const outline = await outlineOf(one)
    expect(outline.gatewayAge).toBe(400)
    expect(outline.users).toHaveLength(31)
    expect(await outlineOf(same)).toEqual(outline)
    expect((await outlineOf(start)).users.slice(0, 10)).not.toEqual(outline.users.slice(0, 10))
  })

  test('waits for --sandbox-latency before each answer', async () => {
    await using distant = await runStart(['--sandbox-users', '0', '--sandbox-latency', '300'])
    const asked = performance.now()
    await distant.iam.send(new GetUserCommand())
    // Not sooner: however slow the machine is, this holds. A millisecond is left to the rounding of timers.
    expect(performance.now() - asked).toBeGreaterThan(298)
  })
})

async function upload(input: { readonly userName?: string; readonly certificateBody: string }): Promise<Data> {
  const document = `mutation ($input: UploadSigningCertificateInput!) {
    uploadSigningCertificate(input: $input) {
      ... on UploadSigningCertificatePayload { signingCertificate { certificateId userName } }
    }
  }`
  const { data } = await start.ask(document, { input })
  return data.uploadSigningCertificate.signingCertificate
}

async function certificateIds(userName: string): Promise<string[]> {
  const document =
    'query ($userName: String!) { user(userName: $userName) { signingCertificates { nodes { certificateId } } } }'
  const { data } = await start.ask(document, { userName })
  return data.user.signingCertificates.nodes.map((certificate: Data) => certificate.certificateId).toSorted()
}

/** Runs an AWS CLI command behind the lines as they were printed, and reads its JSON. */
async function inShell(command: string): Promise<Data> {
  await using shell = await run('sh', ['-c', `${start.exportLines}exec "${aws}" ${command} --output json`])
  const { exitCode, stdout, stderr } = await shell.ended
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  return JSON.parse(stdout)
}
