import { DeleteServiceSpecificCredentialCommand, ListSigningCertificatesCommand } from '@aws-sdk/client-iam'
import { describe, expect, test, vi } from 'vitest'
import type { NewChange } from '../../src/events/change.ts'
import type { ChangeStore } from '../../src/events/change-store.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import type { Account } from '../account.ts'
import { aCall, aChange } from '../events/change.ts'
import { notRemembered } from '../events/instance.ts'
import { disable, openUsers } from './elsewhere.ts'
import { callsOf, certificates, credentials, memoryStore, next, startReconciliation } from './running.ts'

const again = 50

describe('the first picture', () => {
  test('is taken silently, once, and whoever resumes from before it is told to query again', async () => {
    await using sandbox = await startSandbox()
    using account = await openUsers(sandbox, 'ann')
    const credentialId = await account.certificate('ann')
    await using running = startReconciliation(sandbox, { interval: again })
    const before = running.changes.latestId()
    const changes = running.watch(certificates, 'ann')
    await running.compared(certificates)
    await expect(async () => next(running.watch(certificates, 'ann', before))).rejects.toMatchObject(notRemembered)
    const since = running.changes.latestId()
    await running.comparedAgain(certificates)
    expect(running.changes.latestId()).toBe(since)
    await disable(account, 'ann', credentialId)
    const told = await next(changes)
    expect(told).toMatchObject([{ credentialId, status: 'Inactive' }])
    expect(await next(running.watch(certificates, 'ann', since))).toEqual(told)
  })

  test('is not taken of a list that does not show yet what was told', async () => {
    await using sandbox = await startSandbox({ consistencyDelay: 500 })
    using account = await openUsers(sandbox, 'ann')
    const credentialId = await account.certificate('ann')
    await shown(account)
    await using running = startReconciliation(sandbox, { interval: again, window: 1_000 })
    await disable(account, 'ann', credentialId)
    await running.changes.publish(disabled(credentialId))
    const changes = running.watch(certificates, 'ann')
    await running.compared(certificates, 3)
    const uploaded = await account.certificate('ann')
    expect(await next(changes)).toMatchObject([{ credentialId: uploaded }])
  })

  test('of everybody leaves the differences of those who had one before', async () => {
    await using sandbox = await startSandbox()
    using account = await openUsers(sandbox, 'ann', 'ben')
    const certificateId = await account.certificate('ann')
    const credentialId = await account.credential('ben', 'codecommit.amazonaws.com')
    await using running = startReconciliation(sandbox)
    running.watch(certificates, 'ann')
    running.watch(credentials, 'ben')
    await Promise.all([running.compared(certificates), running.compared(credentials)])
    await disable(account, 'ann', certificateId)
    await account.iam.send(
      new DeleteServiceSpecificCredentialCommand({ UserName: 'ben', ServiceSpecificCredentialId: credentialId }),
    )
    const [ofCertificates, ofCredentials] = [running.watch(certificates), running.watch(credentials)]
    expect(await next(ofCertificates)).toMatchObject([{ credentialId: certificateId, status: 'Inactive' }])
    expect(await next(ofCredentials)).toMatchObject([{ credentialId, status: undefined }])
  })

  test('is not taken of users whom IAM refuses, so that nothing is news once it lists them', async () => {
    await using sandbox = await startSandbox()
    using account = await openUsers(sandbox, 'ann')
    const credentialId = await account.certificate('ann')
    const undo = sandbox.fault({ action: 'ListSigningCertificates', answer: { code: 'AccessDenied', status: 403 } })
    await using running = startReconciliation(sandbox, { interval: again })
    const changes = running.watch(certificates)
    await running.compared(certificates)
    undo()
    await running.comparedAgain(certificates)
    await disable(account, 'ann', credentialId)
    expect(await next(changes)).toMatchObject([{ credentialId, previousStatus: 'Active', status: 'Inactive' }])
  })
})

describe('a difference', () => {
  test('that a stale list shows is not told', async () => {
    await using sandbox = await startSandbox({ consistencyDelay: 400 })
    using account = await openUsers(sandbox, 'ann')
    const credentialId = await account.certificate('ann')
    await shown(account)
    await using running = startReconciliation(sandbox, { interval: 1, window: 800 })
    const changes = running.watch(certificates, 'ann')
    await running.compared(certificates)
    await disable(account, 'ann', credentialId)
    await running.changes.publish(disabled(credentialId))
    const uploaded = await account.certificate('ann')
    expect(await next(changes, 2)).toMatchObject([
      { credentialId, source: 'GATEWAY', status: 'Inactive' },
      { credentialId: uploaded, source: 'RECONCILIATION', status: 'Active' },
    ])
  })

  test('that a second list does not confirm is not forgotten', async () => {
    await using sandbox = await startSandbox()
    using account = await openUsers(sandbox, 'ann')
    const credentialId = await account.certificate('ann')
    await using running = startReconciliation(sandbox, { interval: again, window: 500 })
    const changes = running.watch(certificates, 'ann')
    await running.compared(certificates)
    await disable(account, 'ann', credentialId)
    await listedSince(sandbox)
    sandbox.fault({ action: 'ListSigningCertificates', times: 1, answer: { code: 'AccessDenied', status: 403 } })
    expect(await next(changes)).toMatchObject([{ credentialId, status: 'Inactive' }])
    expect(running.lines).toContainEqual(expect.objectContaining({ level: 40, code: 'AccessDenied' }))
  })

  test('that somebody tells of meanwhile is told once, and IAM is not asked again for it', async () => {
    await using sandbox = await startSandbox()
    using account = await openUsers(sandbox, 'ann')
    const credentialId = await account.certificate('ann')
    const store = memoryStore()
    let looks = 0
    const watchedStore: ChangeStore = {
      ...store,
      async pictureOf(...asked) {
        looks += 1
        return store.pictureOf(...asked)
      },
    }
    await using running = startReconciliation(sandbox, { interval: again, window: 500, store: watchedStore })
    const changes = running.watch(certificates, 'ann')
    await running.compared(certificates)
    await disable(account, 'ann', credentialId)
    await listedSince(sandbox)
    // Behind each list is a look at the picture.
    await vi.waitUntil(() => looks === callsOf(sandbox).length, { timeout: 20_000, interval: 1 })
    const rounds = running.lines.length
    expect(await running.changes.tell({ ...disabled(credentialId), source: 'CLOUDTRAIL' })).toBe('told')
    await account.certificate('ann')
    expect(await next(changes, 2)).toMatchObject([
      { credentialId, source: 'CLOUDTRAIL' },
      { source: 'RECONCILIATION', status: 'Active' },
    ])
    expect(running.lines[rounds]).toMatchObject({ calls: 1, told: 0 })
  })

  test('that was told absorbs the record that CloudTrail sends late', async () => {
    await using sandbox = await startSandbox()
    using account = await openUsers(sandbox, 'ann')
    const credentialId = await account.certificate('ann')
    await using running = startReconciliation(sandbox, { interval: again })
    const changes = running.watch(certificates, 'ann')
    await running.compared(certificates)
    // CloudTrail's times are cut to the second, as IAM's own are.
    const changedAt = new Date(Math.floor(Date.now() / 1000) * 1000)
    await disable(account, 'ann', credentialId)
    await next(changes)
    const record = { ...disabled(credentialId), source: 'CLOUDTRAIL', changedAt } as const
    expect(await running.changes.tell(record)).toBe('repeated')
    const back = new Date(changedAt.getTime() + 60_000)
    expect(await running.changes.tell({ ...record, status: 'Active', changedAt: back, call: aCall() })).toBe('told')
  })
})

function disabled(credentialId: string): NewChange {
  return aChange({ credentialId, status: 'Inactive', changedAt: new Date() })
}

/** Until IAM's lists show ann's certificate. */
async function shown({ iam }: Account): Promise<void> {
  await vi.waitUntil(async () => {
    const { Certificates = [] } = await iam.send(new ListSigningCertificatesCommand({ UserName: 'ann' }))
    return Certificates.length > 0
  })
}

/** Until a list was asked that shows what was changed before. */
async function listedSince(sandbox: Sandbox): Promise<void> {
  const before = callsOf(sandbox).length
  await vi.waitUntil(() => callsOf(sandbox).length > before, { timeout: 20_000, interval: 1 })
}
