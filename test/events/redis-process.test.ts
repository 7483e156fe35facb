import { describe, expect, test } from 'vitest'
import { startSandbox } from '../../src/sandbox/server.ts'
import { runMain } from '../command/process.ts'
import { redisServer, startRedis } from './redis.ts'

describe.skipIf(!redisServer)('a gateway whose Redis', () => {
  test('goes and returns says each in a line, however often it tried, and never the password', async () => {
    await using redis = await startRedis(['--requirepass', 'open sesame'])
    await using gateway = await serve(redis.url)
    await gateway.said(/gateway serves/, 'stderr')
    expect(lines(gateway.heard().stderr)).toEqual([])
    await redis.kill()
    await gateway.said(/Redis is away/, 'stderr')
    await redis.start()
    await gateway.said(/Redis is back/, 'stderr')
    // It kept nothing on its disk.
    expect(lines(gateway.heard().stderr)).toEqual([
      'Redis is away: changes are told once it is back',
      'changes were lost, for Redis came back empty or older, or was away too long: subscribers query again',
      'Redis is back',
    ])
    expect(gateway.heard().stderr).not.toMatch(/sesame/)
  })

  test('was never there serves all the same, and says once that it is away', async () => {
    await using redis = await startRedis([], false)
    await using gateway = await serve(redis.url)
    await gateway.said(/gateway serves/, 'stderr')
    expect(lines(gateway.heard().stderr)).toEqual(['Redis is away: changes are told once it is back'])
    gateway.kill('SIGTERM')
    expect(await gateway.ended).toMatchObject({ exitCode: 0 })
  })
})

async function serve(redisUrl: string) {
  const url = new URL(redisUrl)
  url.password = 'open sesame'
  const sandbox = await startSandbox({ users: 1 })
  const { accessKeyId, secretAccessKey } = sandbox.credentials
  const gateway = await runMain(['serve', '--port=0', `--redis-url=${url.href}`], {
    AWS_ENDPOINT_URL_IAM: sandbox.url,
    AWS_ENDPOINT_URL_STS: sandbox.url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  })
  const end = gateway[Symbol.asyncDispose]
  return Object.assign(gateway, {
    async [Symbol.asyncDispose]() {
      await end()
      await sandbox.close()
    },
  })
}

/** What was said of Redis, a line each. */
function lines(stderr: string): string[] {
  const said = stderr.split('\n').flatMap(line => (line.startsWith('{') ? [JSON.parse(line) as { msg: string }] : []))
  return said.map(({ msg }) => msg).filter(msg => msg.includes('Redis'))
}
