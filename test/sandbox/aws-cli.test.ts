import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { type Issuer, startIssuer } from '../auth/issuer.ts'
import { part } from '../part.ts'
import { allow } from './role/federation.ts'

const aws = part('aws')
const reading = allow('iam:List*')

// The CLI takes the better part of a second to start, and longer where others use the machine.
describe.skipIf(!aws)('the AWS CLI', { timeout: 120_000 }, () => {
  let sandbox: Sandbox
  let issuer: Issuer
  let home: string
  beforeAll(async () => {
    issuer = await startIssuer()
    const provider = { Url: issuer.url, ClientIDList: ['iam-gateway'] }
    const roles = { OpenIDConnectProviders: [provider], Roles: [{ RoleName: 'auditor', PolicyDocument: reading }] }
    sandbox = await startSandbox({ users: 12, roles: JSON.stringify(roles) })
    home = await mkdtemp(join(tmpdir(), 'aws-cli-'))
  })
  afterAll(async () => {
    await sandbox.close()
    await issuer.close()
    await rm(home, { recursive: true })
  })

  /** Runs one command with nothing of the machine's own settings, and reads its JSON. */
  function run(command: string, ...args: readonly string[]) {
    const { accessKeyId, secretAccessKey } = sandbox.credentials
    return runAs({ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }, command, ...args)
  }

  async function runAs(identity: Readonly<Record<string, string>>, command: string, ...args: readonly string[]) {
    const { stdout } = await promisify(execFile)(
      aws ?? '',
      [...command.split(' '), ...args, '--endpoint-url', sandbox.url, '--output', 'json'],
      {
        env: {
          PATH: process.env['PATH'],
          HOME: home,
          ...identity,
          AWS_DEFAULT_REGION: 'us-east-1',
          AWS_EC2_METADATA_DISABLED: 'true',
          AWS_MAX_ATTEMPTS: '1',
          AWS_PAGER: '',
        },
      },
    )
    return stdout === '' ? undefined : JSON.parse(stdout)
  }

  test('lists users page by page', async () => {
    sandbox.clearCalls()
    const { Users } = await run('iam list-users --page-size 5')
    expect(Users).toHaveLength(13)
    expect(new Set(Users.map((user: { UserId: string }) => user.UserId)).size).toBe(13)
    expect(sandbox.calls.map(call => call.parameters['MaxItems'])).toEqual(['5', '5', '5'])
  })

  test('uploads, lists, disables and deletes a signing certificate', async () => {
    const body = mintCertificate()
    const file = join(home, 'certificate.pem')
    await writeFile(file, body)
    const user = ['--user-name', 'bob']
    const { Certificate } = await run('iam upload-signing-certificate', ...user, '--certificate-body', `file://${file}`)
    expect(Certificate).toMatchObject({ UserName: 'bob', Status: 'Active', CertificateBody: body })
    expect(await run('iam list-signing-certificates', ...user)).toEqual({ Certificates: [Certificate] })
    const id = ['--certificate-id', Certificate.CertificateId]
    await run('iam update-signing-certificate --status Inactive', ...user, ...id)
    expect((await run('iam list-signing-certificates', ...user)).Certificates).toEqual([
      { ...Certificate, Status: 'Inactive' },
    ])
    await run('iam delete-signing-certificate', ...user, ...id)
    expect((await run('iam list-signing-certificates', ...user)).Certificates).toEqual([])
  })

  test('creates, lists, resets and deletes a service-specific credential', async () => {
    const user = ['--user-name', 'bob']
    const { ServiceSpecificCredential: created } = await run(
      'iam create-service-specific-credential --service-name cassandra.amazonaws.com',
      ...user,
    )
    const { ServicePassword, ...shown } = created
    expect(ServicePassword).toHaveLength(60)
    const list = async () => (await run('iam list-service-specific-credentials', ...user)).ServiceSpecificCredentials
    expect(await list()).toContainEqual(shown)
    const id = ['--service-specific-credential-id', created.ServiceSpecificCredentialId]
    const { ServiceSpecificCredential: reset } = await run('iam reset-service-specific-credential', ...user, ...id)
    expect(reset).toEqual({ ...shown, ServicePassword: expect.stringMatching(/^.{60}$/) })
    expect(reset.ServicePassword).not.toBe(ServicePassword)
    await run('iam delete-service-specific-credential', ...user, ...id)
    expect(await list()).not.toContainEqual(shown)
  })

  test('generates and gets a credential report', async () => {
    expect((await run('iam generate-credential-report')).State).toBe('STARTED')
    expect((await run('iam generate-credential-report')).State).toBe('COMPLETE')
    const { Content } = await run('iam get-credential-report')
    expect(Buffer.from(Content, 'base64').toString()).toMatch(/^user,arn,user_creation_time,.*\n<root_account>,/)
  })

  test('asks who it is', async () => {
    expect(await run('sts get-caller-identity')).toEqual({
      Account: sandbox.accountId,
      Arn: `arn:aws:iam::${sandbox.accountId}:user/service/gateway`,
      UserId: expect.stringMatching(/^AIDA/),
    })
  })

  test('assumes a role by a token: for one session, and as its own identity', async () => {
    const token = await issuer.token()
    const arn = `arn:aws:sts::${sandbox.accountId}:assumed-role/auditor/alice`
    const role = ['--role-arn', sandbox.roleArn('auditor'), '--role-session-name', 'alice']
    const assumed = await runAs({}, 'sts assume-role-with-web-identity', ...role, '--web-identity-token', token)
    expect(assumed).toMatchObject({ AssumedRoleUser: { Arn: arn }, SubjectFromWebIdentityToken: 'alice' })
    const { AccessKeyId, SecretAccessKey, SessionToken } = assumed.Credentials
    const session = {
      AWS_ACCESS_KEY_ID: AccessKeyId,
      AWS_SECRET_ACCESS_KEY: SecretAccessKey,
      AWS_SESSION_TOKEN: SessionToken,
    }
    expect((await runAs(session, 'iam list-users --max-items 1')).Users).toHaveLength(1)
    await expect(runAs(session, 'iam delete-user --user-name bob')).rejects.toMatchObject({
      stderr: expect.stringContaining(`(AccessDenied) when calling the DeleteUser operation: User: ${arn} is not`),
    })

    const file = join(home, 'token')
    await writeFile(file, token)
    const own = {
      AWS_ROLE_ARN: sandbox.roleArn('auditor'),
      AWS_ROLE_SESSION_NAME: 'alice',
      AWS_WEB_IDENTITY_TOKEN_FILE: file,
      // --endpoint-url is not for the exchange.
      AWS_ENDPOINT_URL_STS: sandbox.url,
    }
    expect((await runAs(own, 'sts get-caller-identity')).Arn).toBe(arn)
  })

  test("shows IAM's code and message when refused", async () => {
    await expect(run('iam get-user --user-name nobody')).rejects.toMatchObject({
      stderr: expect.stringContaining(
        'An error occurred (NoSuchEntity) when calling the GetUser operation: The user with name nobody cannot be found.',
      ),
    })
  })
})
