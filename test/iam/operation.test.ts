import { getEventListeners } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { beginOperation } from '../../src/iam/operation.ts'
import { getUser } from '../../src/iam/user.ts'
import { refusalOf } from '../stub-iam.ts'
import { startStubClient, user } from './stub-client.ts'

const endless = { timeout: 60_000, maxCalls: 10 }
const timeout = { code: 'OPERATION_TIMEOUT', message: 'The operation took longer than 0.05 s.' }
const clientGone = { code: 'CLIENT_GONE' }

describe('an operation', () => {
  test('tells of each call that it may still cost, and whether a change owes it; what refuses is passed on', () => {
    const told: boolean[] = []
    const operation = beginOperation({
      timeout: 60_000,
      maxCalls: 3,
      onSpend(owed) {
        if (told.length === 2) throw new Error('enough')
        told.push(owed)
      },
    })
    operation.spend()
    operation.spend(true)
    expect(() => operation.spend()).toThrow('enough')
    expect(() => operation.spend()).toThrow(expect.objectContaining({ code: 'IAM_CALLS_EXCEEDED' }))
    expect(told).toEqual([false, true])
    operation.end()
  })

  test('ends with its time, for its reads and its changes', async () => {
    const operation = beginOperation({ timeout: 50, maxCalls: 10 })
    await vi.waitUntil(() => operation.deadline.aborted, { timeout: 20_000 })
    expect(operation.deadline.reason).toMatchObject(timeout)
    expect(operation.signal.reason).toBe(operation.deadline.reason)
  })

  test('ends for its reads alone when the client goes away', () => {
    const client = new AbortController()
    const operation = beginOperation({ ...endless, client: client.signal })
    client.abort()
    expect(operation.signal.reason).toMatchObject(clientGone)
    expect(operation.deadline.aborted).toBe(false)
    operation.end()
  })

  test('of a client that has gone already has ended for its reads', () => {
    const operation = beginOperation({ ...endless, client: AbortSignal.abort() })
    expect(operation.signal.reason).toMatchObject(clientGone)
    operation.end()
  })

  test('that is over listens to no clock and to no client any more', async () => {
    const client = new AbortController()
    const operation = beginOperation({ timeout: 20, maxCalls: 10, client: client.signal })
    const later = beginOperation({ timeout: 40, maxCalls: 10 })
    operation.end()
    expect(getEventListeners(client.signal, 'abort')).toEqual([])
    client.abort()
    await vi.waitUntil(() => later.deadline.aborted, { timeout: 20_000 })
    expect([operation.signal.aborted, operation.deadline.aborted]).toEqual([false, false])
  })

  test('is of somebody who waits, unless it says otherwise', () => {
    const operations = [beginOperation(endless), beginOperation({ ...endless, lane: 'background' })]
    expect(operations.map(({ lane }) => lane)).toEqual(['waiting', 'background'])
    for (const { end } of operations) end()
  })
})

describe('on behalf of an operation', () => {
  test('a read that IAM throttles is asked again until the time is over', async () => {
    await using client = await startStubClient(() => refusalOf('Throttling'))
    const operation = beginOperation({ timeout: 50, maxCalls: 10 })
    await expect(getUser(client.iam.on(operation), 'alice')).rejects.toMatchObject(timeout)
    await vi.waitFor(() => expect(client.iam.pacer).toMatchObject({ queued: 0, underWay: 0 }), { timeout: 20_000 })
    expect(client.iam.sharing.underWay).toBe(0)
  })

  test('each waits for a shared answer no longer than its own time', async () => {
    let answer = () => {}
    const answered = new Promise<void>(resolve => {
      answer = resolve
    })
    await using client = await startStubClient(() => answered.then(() => user))
    const [hurried, patient] = [beginOperation({ timeout: 50, maxCalls: 10 }), beginOperation(endless)]
    const late = expect(getUser(client.iam.on(hurried), 'alice')).rejects.toMatchObject(timeout)
    const asked = getUser(client.iam.on(patient), 'alice')
    await late
    answer()
    expect(await asked).toMatchObject({ userName: 'alice' })
    expect(client.stub.calls).toHaveLength(1)
    patient.end()
  })

  test('no more calls are made than it may cost; what is shared or remembered costs none', async () => {
    await using client = await startStubClient(() => user, { cacheTtl: 60_000 })
    const operation = beginOperation({ ...endless, maxCalls: 2 })
    const iam = client.iam.on(operation)
    await Promise.all(['alice', 'Alice', 'bob'].map(name => getUser(iam, name)))
    await getUser(iam, 'bob')
    await expect(getUser(iam, 'carol')).rejects.toMatchObject({
      code: 'IAM_CALLS_EXCEEDED',
      message: 'The operation may cost 2 IAM calls, and has cost them.',
    })
    await getUser(iam, 'alice')
    expect(client.stub.calls).toHaveLength(2)
    expect(operation.cost).toMatchObject({ calls: 2, shared: 1, cached: 2, throttled: 0 })
    operation.end()
  })

  test('what it may cost is its own: another asks on', async () => {
    await using client = await startStubClient(() => user)
    const [poor, other] = [beginOperation({ ...endless, maxCalls: 0 }), beginOperation(endless)]
    await expect(getUser(client.iam.on(poor), 'alice')).rejects.toMatchObject({ code: 'IAM_CALLS_EXCEEDED' })
    expect(await getUser(client.iam.on(other), 'alice')).toMatchObject({ userName: 'alice' })
    for (const { end } of [poor, other]) end()
  })

  test('each repetition is counted, and what IAM throttled of them', async () => {
    await using client = await startStubClient(({ earlier }) =>
      earlier === 0 ? refusalOf('ServiceFailure', 500) : earlier === 1 ? refusalOf('Throttling') : user,
    )
    const operation = beginOperation(endless)
    await getUser(client.iam.on(operation), 'alice')
    expect(operation.cost).toMatchObject({ calls: 3, throttled: 1 })
    expect(operation.cost.waited).toBeGreaterThan(0)
    operation.end()
  })
})
