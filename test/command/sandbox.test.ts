import { GetUserCommand, IAMClient, ListUsersCommand } from '@aws-sdk/client-iam'
import { describe, expect, test } from 'vitest'
import { listAll } from '../sandbox/list.ts'
import { runSandbox, sandboxAnnounced } from './announcement.ts'
import { runNpm } from './process.ts'

describe('the sandbox alone', () => {
  test('through npm, takes every flag at once, and is ready with 5,000 users', { timeout: 60_000 }, async () => {
    const flags =
      '--port 0 --users 5000 --latency 40 --rate 35 --max-page 100 --seed 7 --access-key-id K --secret-access-key S'
    await using npm = await runNpm(['run', 'sandbox', '--', ...flags.split(' ')])
    await using sandbox = await sandboxAnnounced(npm)
    expect(sandbox.exported).toMatchObject({
      AWS_ENDPOINT_URL_IAM: sandbox.sandboxUrl,
      AWS_ENDPOINT_URL_STS: sandbox.sandboxUrl,
      AWS_ACCESS_KEY_ID: 'K',
      AWS_SECRET_ACCESS_KEY: 'S',
    })
    const { Users, IsTruncated } = await sandbox.iam.send(new ListUsersCommand({ MaxItems: 1000 }))
    expect(Users).toHaveLength(100)
    expect(IsTruncated).toBe(true)
    // One page behind the other, each 40 ms late: slower than the rate allows. The gateway's own user makes it 5,000.
    expect(await listAll(sandbox.iam, 'users')).toHaveLength(5000)
  })

  test('takes the access key it was given and no other', async () => {
    const flags = ['--users', '0', '--access-key-id', 'K', '--secret-access-key', 'S']
    await using sandbox = await runSandbox(flags)
    const getUserBy = (accessKeyId: string, secretAccessKey: string) => {
      const credentials = { accessKeyId, secretAccessKey }
      const iam = new IAMClient({ endpoint: sandbox.sandboxUrl, region: 'us-east-1', credentials, maxAttempts: 1 })
      return iam.send(new GetUserCommand()).finally(() => iam.destroy())
    }
    expect((await getUserBy('K', 'S')).User?.UserName).toBe('gateway')
    await expect(getUserBy('K', 'T')).rejects.toMatchObject({ Code: 'SignatureDoesNotMatch' })
    await expect(getUserBy('L', 'S')).rejects.toMatchObject({ Code: 'InvalidClientTokenId' })
  })

  test("prints a role's key, which has no implicit user", async () => {
    await using sandbox = await runSandbox(['--users', '0'])
    const [, accessKeyId = '', secretAccessKey = '', sessionToken = ''] =
      /As a role[\s\S]*AWS_ACCESS_KEY_ID=(\S+) AWS_SECRET_ACCESS_KEY=(\S+)\s+export AWS_SESSION_TOKEN=(\S+)/.exec(
        sandbox.heard().stdout,
      ) ?? []
    const credentials = { accessKeyId, secretAccessKey, sessionToken }
    const iam = new IAMClient({ endpoint: sandbox.sandboxUrl, region: 'us-east-1', credentials, maxAttempts: 1 })
    await expect(iam.send(new GetUserCommand())).rejects.toMatchObject({
      Code: 'ValidationError',
      message: 'Must specify userName when calling with non-User credentials',
    })
    expect((await iam.send(new ListUsersCommand())).Users).toHaveLength(1)
    iam.destroy()
  })

  test('takes its flags from the environment, too, and throttles each API for itself', async () => {
    // So slow that no token comes back while the test runs.
    await using sandbox = await runSandbox(['--rate', '0.001'], { IAM_GATEWAY_USERS: '4' })
    expect((await sandbox.iam.send(new ListUsersCommand())).Users).toHaveLength(5)
    await expect(sandbox.iam.send(new ListUsersCommand())).rejects.toMatchObject({ Code: 'Throttling' })
    expect((await sandbox.iam.send(new GetUserCommand())).User?.UserName).toBe('gateway')
  })
})
