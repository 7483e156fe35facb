import { UpdateSigningCertificateCommand } from '@aws-sdk/client-iam'
import { describe, expect, test, vi } from 'vitest'
import { startSandbox } from '../../src/sandbox/server.ts'
import { aChange } from '../events/change.ts'
import { next, notRemembered, startInstance as startLog, subscribe } from '../events/instance.ts'
import { redisServer, startRedis } from '../events/redis.ts'
import { startTcpProxy } from '../events/tcp-proxy.ts'
import { createIamClient } from '../sandbox/client.ts'
import { startInstance } from './instance.ts'
import { drained } from './queue.ts'
import { createWatchers } from './watcher.ts'

const patient = { timeout: 20_000, interval: 20 }

describe.skipIf(!redisServer)('a client that is told to query again', () => {
  test('sees also what its instance was never told: nothing older is remembered', async () => {
    await using sandbox = await startSandbox({ users: 2 })
    await using redis = await startRedis()
    await using proxy = await startTcpProxy(redis.url)
    const flags = ['--cache-ttl=600', '--consistency-window=600', '--reconcile-interval=0']
    await using one = await startInstance({ sandbox, redis, flags, clockShift: 0 })
    const cutOff = { ...sandbox, queueUrl: 'none' }
    await using two = await startInstance({
      sandbox: cutOff,
      redis: { ...redis, url: proxy.url },
      flags,
      clockShift: 0,
    })
    await using watchers = await createWatchers()
    await using near = watchers.startWatcher([one.socketUrl])
    await using far = watchers.startWatcher([two.socketUrl])
    const { userName: UserName = '', certificateId: CertificateId = '' } = sandbox.example ?? {}
    const iam = createIamClient(sandbox, sandbox.roleCredentials)
    const set = (Status: 'Active' | 'Inactive') =>
      iam.send(new UpdateSigningCertificateCommand({ UserName, CertificateId, Status }))
    const shownBy = (watcher: typeof far) => watcher.picture.get(CertificateId)
    await vi.waitUntil(() => [near, far].every(watcher => shownBy(watcher) === 'ACTIVE'), patient)
    // So that it lies over what IAM lists, too.
    await set('Inactive')
    await set('Active')
    await vi.waitUntil(() => far.changes.length === 2 && shownBy(far) === 'ACTIVE', patient)
    await drained(sandbox)

    proxy.cut()
    await two.said(/Redis is away/, 'stderr')
    const before = near.changes.length
    await set('Inactive')
    await vi.waitUntil(() => near.changes.length > before, patient)
    await drained(sandbox)
    await redis.kill()
    await redis.start({ isEmpty: true })
    await proxy.mend()
    await vi.waitUntil(() => far.codes.length > 0, patient)
    await vi.waitUntil(() => shownBy(far) === 'INACTIVE', { timeout: 5_000, interval: 20 })
    iam.destroy()
  })
})

describe.skipIf(!redisServer)('an id that one instance gave out', () => {
  test('is good at another that has not come so far yet', async () => {
    await using redis = await startRedis()
    await using proxy = await startTcpProxy(redis.url)
    await using one = await startLog(redis)
    await using two = await startLog(proxy)
    proxy.cut()
    await two.until('degraded')
    const toldByOne = subscribe(one.log)
    await one.log.publish(aChange({ credentialId: 'a' }))
    // That a change is in the store does not say yet that the instance which put it there has read it.
    const [{ id: after } = {}] = await next(toldByOne, 1)
    const reached = two.log.reached(after)
    await proxy.mend()
    await reached
    const changes = subscribe(two.log, { after })
    await one.log.publish(aChange({ credentialId: 'b' }))
    expect(await next(changes, 1)).toMatchObject([{ credentialId: 'b' }])
  })

  test('of a history that nobody has is not waited for', async () => {
    await using redis = await startRedis()
    await using one = await startLog(redis)
    await one.log.reached('another.7.mark')
    await one.log.reached(one.log.latestId())
    await one.log.reached(null)
    const lost = one.log.latestId().replace(/\.\d+\.[^.]*$/, '.1000000.mark')
    await one.log.reached(lost)
    expect(() => subscribe(one.log, { after: lost })).toThrow(expect.objectContaining(notRemembered))
  })
})
