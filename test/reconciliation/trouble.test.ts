import { describe, expect, test, vi } from 'vitest'
import { listSigningCertificates } from '../../src/iam/signing-certificate.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { subscribe } from '../events/instance.ts'
import { startTestGateway } from '../gateway.ts'
import { setStatus } from '../schema/changing.ts'
import { disable, openUsers } from './elsewhere.ts'
import { callsOf, certificates, credentials, next, startReconciliation } from './running.ts'

describe('where IAM', () => {
  test('refuses to list one user, the others are compared, and a line a round says so', async () => {
    await using sandbox = await startSandbox()
    using account = await openUsers(sandbox, 'ann', 'ben')
    await account.certificate('ann')
    const credentialId = await account.certificate('ben')
    await using running = startReconciliation(sandbox, { interval: 50 })
    const changes = running.watch(certificates)
    await running.compared(certificates)
    const ann = { action: 'ListSigningCertificates', userName: 'ann' }
    sandbox.fault({ ...ann, answer: { code: 'AccessDenied', status: 403 } })
    await running.comparedAgain(certificates)
    const last = running.lines.findLastIndex(({ level }) => level === 20)
    expect(running.lines.slice(last - 1, last + 1)).toMatchObject([
      { level: 40, kind: certificates, code: 'AccessDenied', refused: 1 },
      // ListUsers, and a list for each of three users: the third is the gateway's own.
      { level: 20, told: 0, calls: 4 },
    ])
    await disable(account, 'ben', credentialId)
    expect(await next(changes)).toMatchObject([{ credentialId, status: 'Inactive' }])
  })

  test.each([
    ['ListUsers', { code: 'AccessDenied', status: 403 }, ['ListUsers']],
    [
      'ListSigningCertificates',
      { code: 'ServiceFailure', status: 500 },
      ['ListSigningCertificates ann', 'ListSigningCertificates ben', 'ListUsers'],
    ],
  ])(
    'does not answer %s, nothing is taken for deleted, and the next round finds what changed',
    async (action, answer, asked) => {
      await using sandbox = await startSandbox()
      using account = await openUsers(sandbox, 'ann', 'ben')
      const credentialId = await account.certificate('ann')
      await using running = startReconciliation(sandbox, { interval: 50 })
      const changes = running.watch(certificates)
      await running.compared(certificates)
      const undo = sandbox.fault({ action, answer })
      await running.comparedAgain(certificates)
      sandbox.clearCalls()
      await running.comparedAgain(certificates)
      const own = `ListSigningCertificates ${sandbox.credentials.userName}`
      expect([...new Set(callsOf(sandbox))].filter(call => call !== own).sort()).toEqual(asked)
      expect(running.lines).toContainEqual(expect.objectContaining({ level: 40, code: answer.code }))
      undo()
      await disable(account, 'ann', credentialId)
      expect(await next(changes)).toMatchObject([{ credentialId, previousStatus: 'Active', status: 'Inactive' }])
    },
  )

  test('cannot have a user of a name, nobody hears of it', async () => {
    await using sandbox = await startSandbox()
    await using running = startReconciliation(sandbox)
    // Longer than the lists of this kind take.
    running.watch(credentials, 'n'.repeat(65))
    await running.compared(credentials)
    expect(callsOf(sandbox)).toHaveLength(1)
    expect(running.lines).toMatchObject([{ level: 20, told: 0 }])
  })

  test('fails for everybody, it is not asked for everybody', async () => {
    await using sandbox = await startSandbox({ users: 30 })
    sandbox.fault({ action: 'ListSigningCertificates', answer: { code: 'ServiceFailure', status: 500 } })
    await using running = startReconciliation(sandbox)
    running.watch(certificates)
    await running.compared(certificates)
    // As many as are asked at once, and each three times.
    expect(callsOf(sandbox).length).toBeLessThanOrEqual(1 + 3 * 8)
  })

  test('throttles, whoever waits for an answer goes first', async () => {
    await using sandbox = await startSandbox({ users: 60, rate: 20, burst: 1 })
    await using running = startReconciliation(sandbox)
    running.watch(certificates)
    const lists = () => sandbox.calls.filter(({ action }) => action === 'ListSigningCertificates')
    await vi.waitUntil(() => lists().length > 10, { timeout: 20_000, interval: 5 })
    const { userName } = sandbox.example ?? expect.unreachable()
    const own = Array.from({ length: 12 }, (_, index) => index + 1)
    await Promise.all(
      own.map(maxItems => listSigningCertificates(running.iam, { userName, marker: undefined, maxItems })),
    )
    await running.compared(certificates)
    const answered = lists().filter(({ status }) => status === 200)
    const mine = answered.map(({ parameters }) => Number(parameters['MaxItems']) <= own.length)
    const [first, last] = [mine.indexOf(true), mine.lastIndexOf(true)]
    // Those that were under way already.
    expect(mine.slice(first, last).filter(isMine => !isMine).length).toBeLessThanOrEqual(4)
    expect(mine.length - last).toBeGreaterThan(20)
  })
})

test('whoever closes does not wait for IAM, and nothing is asked any more', async () => {
  await using sandbox = await startSandbox({ users: 20 })
  const undo = sandbox.fault({ action: 'ListSigningCertificates', answer: 'hang' })
  await using running = startReconciliation(sandbox)
  running.watch(certificates)
  await vi.waitUntil(() => callsOf(sandbox).includes('ListUsers') && callsOf(sandbox).length > 1)
  await running.reconciliation.close()
  undo()
  const before = callsOf(sandbox).length
  await using other = startReconciliation(sandbox)
  other.watch(credentials)
  await other.compared(credentials)
  expect(callsOf(sandbox).slice(before)).toEqual(['ListServiceSpecificCredentials'])
  expect(running.lines).toEqual([])
})

describe('a change of which IAM did not say whether it was made', () => {
  const flags = ['--reconcile-interval=3600', '--consistency-window=0.3', '--sandbox-users=2']

  test('is told where it was', async () => {
    await using gateway = await startTestGateway(...flags)
    const { events } = gateway.gateway
    const changes = subscribe(events)
    const first = changes.next()
    const silent = events.latestId()
    await vi.waitUntil(() => events.latestId() !== silent, { timeout: 20_000 })
    const { example } = gateway.sandbox
    const update = { action: 'UpdateSigningCertificate', after: true } as const
    const disabled = { userName: example?.userName, certificateId: example?.certificateId, status: 'INACTIVE' }
    gateway.sandbox.fault({ ...update, answer: 'reset' })
    const { data } = await gateway.ask(setStatus, { input: disabled })
    expect(data.result).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    expect((await first).value).toMatchObject({
      credentialId: example?.certificateId,
      previousStatus: 'Active',
      status: 'Inactive',
      source: 'RECONCILIATION',
    })
  })

  test('costs no list where nobody subscribes', async () => {
    await using gateway = await startTestGateway(...flags)
    const { example } = gateway.sandbox
    gateway.sandbox.fault({ action: 'UpdateSigningCertificate', answer: 'reset' })
    const input = { userName: example?.userName, certificateId: example?.certificateId, status: 'ACTIVE' }
    const calls = await gateway.callsOf(() => gateway.ask(setStatus, { input }))
    expect(calls.filter(call => call.startsWith('List'))).toHaveLength(1)
  })
})
