import { describe, expect, test, vi } from 'vitest'
import { startSandbox } from '../../src/sandbox/server.ts'
import { startInstance, subscribe } from '../events/instance.ts'
import { redisServer, startRedis } from '../events/redis.ts'
import { disable, openUsers } from './elsewhere.ts'
import { callsOf, certificates, credentials, memoryStore, next, startReconciliation } from './running.ts'

describe.skipIf(!redisServer)('instances with one Redis', () => {
  test('ask once for what is subscribed to at any of them, and tell it at all', async () => {
    await using redis = await startRedis()
    await using sandbox = await startSandbox()
    using account = await openUsers(sandbox, 'ann', 'ben')
    const credentialId = await account.certificate('ben')
    await using one = await startInstance(redis)
    await using two = await startInstance(redis)
    await using holder = startReconciliation(sandbox, { store: one.store, changes: one.log, interval: 500 })
    holder.watch(certificates, 'ann')
    await holder.compared(certificates)
    await using other = startReconciliation(sandbox, { store: two.store, changes: two.log, interval: 500 })
    const changes = other.watch(certificates, 'ben')
    const told = subscribe(one.log)
    await holder.compared(certificates, 2)
    await disable(account, 'ben', credentialId)
    expect(await next(changes)).toMatchObject([{ userName: 'ben', status: 'Inactive', source: 'RECONCILIATION' }])
    expect(other.lines).toEqual([])
    expect(await next(told)).toMatchObject([{ credentialId, status: 'Inactive' }])
  })

  test('one goes on where the one that compared has ended', async () => {
    await using redis = await startRedis()
    await using sandbox = await startSandbox()
    using account = await openUsers(sandbox, 'ann')
    const credentialId = await account.certificate('ann')
    await using one = await startInstance(redis)
    await using two = await startInstance(redis)
    await using first = startReconciliation(sandbox, { store: one.store, changes: one.log, interval: 50 })
    first.watch(certificates, 'ann')
    await first.compared(certificates)
    await using second = startReconciliation(sandbox, { store: two.store, changes: two.log, interval: 50 })
    const changes = second.watch(certificates, 'ann')
    await first.reconciliation.close()
    await disable(account, 'ann', credentialId)
    expect(await next(changes)).toMatchObject([{ credentialId, previousStatus: 'Active', status: 'Inactive' }])
  })

  test('find, once they are started again, what changed while none was there', async () => {
    await using redis = await startRedis()
    await using sandbox = await startSandbox()
    using account = await openUsers(sandbox, 'ann', 'ben')
    const credentialId = await account.certificate('ann')
    let seen = ''
    {
      await using instance = await startInstance(redis)
      await using running = startReconciliation(sandbox, { store: instance.store, changes: instance.log })
      const silent = instance.log.latestId()
      running.watch(certificates)
      await vi.waitUntil(() => instance.log.latestId() !== silent, { timeout: 20_000 })
      await running.compared(certificates)
      seen = instance.log.latestId()
    }
    await disable(account, 'ann', credentialId)
    const uploaded = await account.certificate('ben')
    await using instance = await startInstance(redis)
    await using running = startReconciliation(sandbox, { store: instance.store, changes: instance.log })
    const told = await next(running.watch(certificates, undefined, seen), 2)
    expect(told.map(change => [change.credentialId, change.previousStatus, change.status])).toEqual(
      expect.arrayContaining([
        [credentialId, 'Active', 'Inactive'],
        [uploaded, undefined, 'Active'],
      ]),
    )
  })

  test('ask nothing for a name that no user can have, and go on for the others', async () => {
    await using redis = await startRedis()
    await using sandbox = await startSandbox()
    await using instance = await startInstance(redis)
    await using running = startReconciliation(sandbox, { store: instance.store, changes: instance.log })
    // So many that the list of the whole account is asked, which refuses no name.
    for (let user = 0; user < 10; user += 1) running.watch(credentials, `user-${user}`)
    running.watch(credentials, '\ud800')
    await running.compared(credentials)
    expect(instance.states).toEqual(['ok'])
  })

  test('wait for it while it is away, and take a picture anew where it was emptied', async () => {
    await using redis = await startRedis()
    await using sandbox = await startSandbox()
    using account = await openUsers(sandbox, 'ann')
    const credentialId = await account.certificate('ann')
    await using instance = await startInstance(redis)
    await using running = startReconciliation(sandbox, {
      store: instance.store,
      changes: instance.log,
    })
    running.watch(certificates, 'ann')
    await running.compared(certificates)
    await redis.kill()
    await instance.until('degraded')
    await redis.start({ isEmpty: true })
    await instance.until('ok')
    const silent = instance.log.latestId()
    // Whoever subscribed was told to query again, and subscribes again.
    const changes = running.watch(certificates, 'ann')
    await vi.waitUntil(() => instance.log.latestId() !== silent, { timeout: 20_000 })
    await disable(account, 'ann', credentialId)
    running.reconciliation.check(certificates, 'Ann')
    expect(await next(changes)).toMatchObject([{ credentialId, previousStatus: 'Active', status: 'Inactive' }])
  })
})

test('an instance alone forgets its picture with its end', async () => {
  await using sandbox = await startSandbox()
  using account = await openUsers(sandbox, 'ann')
  const credentialId = await account.certificate('ann')
  {
    await using running = startReconciliation(sandbox, { store: memoryStore() })
    running.watch(certificates, 'ann')
    await running.compared(certificates)
  }
  await disable(account, 'ann', credentialId)
  await using running = startReconciliation(sandbox, { store: memoryStore() })
  running.watch(certificates, 'ann')
  await running.compared(certificates)
  expect(running.lines).toMatchObject([{ told: 0 }])
  expect(callsOf(sandbox)).toEqual(['ListSigningCertificates ann', 'ListSigningCertificates ann'])
})
