import {
  CreateServiceSpecificCredentialCommand,
  DeleteServiceSpecificCredentialCommand,
  DeleteSigningCertificateCommand,
  DeleteUserCommand,
} from '@aws-sdk/client-iam'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { startSandbox } from '../../src/sandbox/server.ts'
import { disable, disableCredential, openUsers } from './elsewhere.ts'
import { callsOf, certificates, credentials, memoryStore, next, startReconciliation } from './running.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** Milliseconds between rounds, where there are several. */

const again = 100

describe('IAM is asked', () => {
  test('for nothing while nobody subscribes, and then for nothing but what is subscribed to', async () => {
    await using sandbox = await startSandbox()
    using account = await openUsers(sandbox, 'ann', 'ben')
    await using running = startReconciliation(sandbox)
    await account.certificate('ann')
    running.watch(credentials, 'ben')
    await running.compared(credentials)
    expect(callsOf(sandbox)).toEqual(['ListServiceSpecificCredentials ben'])
  })

  test('for the users that subscriptions name, and for one that is named later alone', async () => {
    await using sandbox = await startSandbox()
    using _account = await openUsers(sandbox, 'ann', 'ben', 'cid', 'dan')
    await using running = startReconciliation(sandbox)
    running.watch(certificates, 'ann')
    running.watch(certificates, 'BEN')
    await running.compared(certificates)
    expect(callsOf(sandbox)).toEqual(['ListSigningCertificates ann', 'ListSigningCertificates ben'])
    running.watch(certificates, 'cid')
    running.watch(certificates, 'ann')
    await running.compared(certificates, 2)
    expect(callsOf(sandbox).slice(2)).toEqual(['ListSigningCertificates cid'])
  })

  test('for everybody where a subscription names nobody: by one list where IAM has it', async () => {
    await using sandbox = await startSandbox({ users: 3 })
    await using running = startReconciliation(sandbox)
    running.watch(certificates)
    running.watch(credentials)
    await Promise.all([running.compared(certificates), running.compared(credentials)])
    const calls = callsOf(sandbox).sort()
    expect(calls.filter(call => !call.startsWith('ListSigningCertificates '))).toEqual([
      'ListServiceSpecificCredentials',
      'ListUsers',
    ])
    expect(calls).toHaveLength(2 + 4)
  })

  test('by one list, too, for the credentials of many users', async () => {
    await using sandbox = await startSandbox()
    const names = Array.from({ length: 12 }, (_, index) => `user${index}`)
    using account = await openUsers(sandbox, ...names)
    const credentialId = await account.credential('user7', 'codecommit.amazonaws.com')
    await using running = startReconciliation(sandbox, { interval: again })
    const subscriptions = names.map(name => running.watch(credentials, name))
    await running.compared(credentials)
    expect(new Set(callsOf(sandbox))).toEqual(new Set(['ListServiceSpecificCredentials']))
    await disableCredential(account, 'user7', credentialId)
    const changes = subscriptions[7] ?? expect.unreachable()
    expect(await next(changes)).toMatchObject([{ userName: 'user7', status: 'Inactive' }])
  })

  test('no more once nobody subscribes any more', async () => {
    await using sandbox = await startSandbox()
    using account = await openUsers(sandbox, 'ann', 'ben')
    await using running = startReconciliation(sandbox, { interval: 1 })
    const watching = running.watch(certificates, 'ann')
    await running.compared(certificates, 3)
    await watching.return?.()
    const changes = running.watch(credentials, 'ben')
    await running.compared(credentials)
    sandbox.clearCalls()
    await account.credential('ben', 'codecommit.amazonaws.com')
    await next(changes)
    expect(new Set(callsOf(sandbox))).toEqual(new Set(['ListServiceSpecificCredentials ben']))
  })
})

test('a comparison goes on where whoever subscribes comes back at once', async () => {
  await using sandbox = await startSandbox({ users: 40, latency: 30 })
  const store = memoryStore()
  await using running = startReconciliation(sandbox, { store })
  const watching = running.watch(certificates)
  await vi.waitUntil(() => callsOf(sandbox).length > 4, { interval: 1 })
  await watching.return?.()
  await vi.waitUntil(async () => (await store.watchedByAnybody()).size === 0, { interval: 1 })
  running.watch(certificates)
  await running.compared(certificates)
  expect(callsOf(sandbox).filter(call => call === 'ListUsers')).toHaveLength(1)
})

test('many users are checked at once without a warning', async () => {
  const warned = vi.fn<(warning: Error) => void>()
  process.on('warning', warned)
  onTestFinished(() => void process.removeListener('warning', warned))
  await using sandbox = await startSandbox()
  await using running = startReconciliation(sandbox)
  running.watch(certificates)
  await running.compared(certificates)
  for (let user = 0; user < 20; user += 1) running.reconciliation.check(certificates, `user-${user}`)
  await running.compared(certificates, 41)
  expect(warned).not.toHaveBeenCalled()
})

test('a comparison ends where nobody subscribes to it any more', async () => {
  await using sandbox = await startSandbox({ users: 60, rate: 20, burst: 1 })
  await using running = startReconciliation(sandbox)
  const watching = running.watch(certificates)
  const lists = () => callsOf(sandbox).filter(call => call.startsWith('ListSigningCertificates')).length
  await vi.waitUntil(() => lists() > 5, { timeout: 20_000, interval: 5 })
  await watching.return?.()
  await vi.waitUntil(() => running.iam.pacer.queued + running.iam.pacer.underWay === 0, { timeout: 20_000 })
  expect(lists()).toBeLessThan(40)
  expect(running.lines).toEqual([])
})

describe('a change made elsewhere is told', () => {
  test('once two lists agree, with when IAM listed it', async () => {
    await using sandbox = await startSandbox()
    using account = await openUsers(sandbox, 'Ann')
    const credentialId = await account.certificate('Ann')
    await using running = startReconciliation(sandbox, { interval: again })
    const changes = running.watch(certificates, 'ann')
    await running.compared(certificates)
    const before = Math.floor(Date.now() / 1000) * 1000
    await disable(account, 'Ann', credentialId)
    const [change] = await next(changes)
    expect(change).toMatchObject({
      kind: certificates,
      userName: 'Ann',
      credentialId,
      previousStatus: 'Active',
      status: 'Inactive',
      changedBy: undefined,
      source: 'RECONCILIATION',
      call: undefined,
      superseded: false,
    })
    expect(change?.changedAt.getTime()).toBeGreaterThanOrEqual(before)
    expect(change?.changedAt.getTime()).toBeLessThanOrEqual(Date.now())
    await running.comparedAgain(certificates)
    expect(running.lines.map(({ told = 0 }) => told).reduce((sum, told) => sum + told)).toBe(1)
  })

  test('where it is an upload or a deletion, also of a whole user', async () => {
    await using sandbox = await startSandbox()
    using account = await openUsers(sandbox, 'ann', 'ben')
    const [annOwn, benOwn] = [await account.certificate('ann'), await account.certificate('ben')]
    await using running = startReconciliation(sandbox, { interval: again })
    const changes = running.watch(certificates)
    await running.compared(certificates)
    const uploaded = await account.certificate('ann')
    expect(await next(changes)).toMatchObject([
      { userName: 'ann', credentialId: uploaded, previousStatus: undefined, status: 'Active' },
    ])
    await account.iam.send(new DeleteSigningCertificateCommand({ UserName: 'ann', CertificateId: annOwn }))
    expect(await next(changes)).toMatchObject([
      { userName: 'ann', credentialId: annOwn, previousStatus: 'Active', status: undefined },
    ])
    await account.iam.send(new DeleteSigningCertificateCommand({ UserName: 'ben', CertificateId: benOwn }))
    await account.iam.send(new DeleteUserCommand({ UserName: 'ben' }))
    expect(await next(changes)).toMatchObject([
      { userName: 'ben', credentialId: benOwn, previousStatus: 'Active', status: undefined },
    ])
  })

  test('of a user who is named and gone, with when IAM said so', async () => {
    await using sandbox = await startSandbox()
    using account = await openUsers(sandbox, 'ann')
    const credentialId = await account.certificate('ann')
    await using running = startReconciliation(sandbox, { interval: again })
    const changes = running.watch(certificates, 'ann')
    await running.compared(certificates)
    const before = Math.floor(Date.now() / 1000) * 1000
    await account.iam.send(new DeleteSigningCertificateCommand({ UserName: 'ann', CertificateId: credentialId }))
    await account.iam.send(new DeleteUserCommand({ UserName: 'ann' }))
    const [change] = await next(changes)
    expect(change).toMatchObject({ userName: 'ann', credentialId, previousStatus: 'Active', status: undefined })
    expect(change?.changedAt.getMilliseconds()).toBe(0)
    expect(change?.changedAt.getTime()).toBeGreaterThanOrEqual(before)
  })

  test('of service-specific credentials with their service', async () => {
    await using sandbox = await startSandbox()
    using account = await openUsers(sandbox, 'ann')
    await using running = startReconciliation(sandbox, { interval: again })
    const changes = running.watch(credentials)
    await running.compared(credentials)
    const credentialId = await account.credential('ann', 'codecommit.amazonaws.com')
    const change = { userName: 'ann', credentialId, serviceName: 'codecommit.amazonaws.com', source: 'RECONCILIATION' }
    expect(await next(changes)).toMatchObject([{ ...change, previousStatus: undefined, status: 'Active' }])
    await disableCredential(account, 'ann', credentialId)
    expect(await next(changes)).toMatchObject([{ ...change, previousStatus: 'Active', status: 'Inactive' }])
    await account.iam.send(
      new DeleteServiceSpecificCredentialCommand({ UserName: 'ann', ServiceSpecificCredentialId: credentialId }),
    )
    expect(await next(changes)).toMatchObject([{ ...change, previousStatus: 'Inactive', status: undefined }])
  })

  test('of one that expired, which no call of any API made', async () => {
    await using sandbox = await startSandbox()
    using account = await openUsers(sandbox, 'ann')
    await account.iam.send(
      new CreateServiceSpecificCredentialCommand({
        UserName: 'ann',
        ServiceName: 'bedrock.amazonaws.com',
        CredentialAgeDays: 1,
      }),
    )
    await using running = startReconciliation(sandbox, { interval: again })
    const changes = running.watch(credentials, 'ann')
    await running.compared(credentials)
    // The sandbox's clock and the gateway's are one.
    const later = Date.now() + 2 * 86_400_000
    vi.useFakeTimers({ toFake: ['Date'], now: later })
    expect(await next(changes)).toMatchObject([
      { previousStatus: 'Active', status: 'Expired', serviceName: 'bedrock.amazonaws.com' },
    ])
  })

  test('of users by each one’s list where IAM refuses that of the account', async () => {
    await using sandbox = await startSandbox()
    using account = await openUsers(sandbox, 'ann')
    const credentialId = await account.credential('ann', 'codecommit.amazonaws.com')
    sandbox.fault({ action: 'ListServiceSpecificCredentials', times: 1, answer: { code: 'AccessDenied', status: 403 } })
    await using running = startReconciliation(sandbox, { interval: again })
    const changes = running.watch(credentials)
    await running.compared(credentials)
    expect(callsOf(sandbox)).toEqual(
      expect.arrayContaining(['ListServiceSpecificCredentials', 'ListUsers', 'ListServiceSpecificCredentials ann']),
    )
    await disableCredential(account, 'ann', credentialId)
    expect(await next(changes)).toMatchObject([{ userName: 'ann', status: 'Inactive' }])
  })
})
