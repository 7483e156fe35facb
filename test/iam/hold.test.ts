import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openAccount } from '../account.ts'
import { startTestGateway } from '../gateway.ts'
import { expectIdle, gone, recorded, turnOver } from './recorded-pacer.ts'

describe('beside a change', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const change = { lane: 'urgent', api: 'UpdateSigningCertificate' } as const

  test('few calls go out until it is made: not even between its read and itself', async () => {
    const { ask, order, end, endAll, pacer } = recorded(25)
    const asked = Array.from({ length: 20 }, () => ask('sweep'))
    const read = { lane: 'urgent', api: 'ListSigningCertificates' } as const
    asked.push(ask('read', read).then(() => ask('change', change)))
    for (let round = 0; round < 5; round += 1) await end()
    const between = order.slice(order.indexOf('read') + 1, order.indexOf('change'))
    expect(order).toContain('change')
    expect(between.length).toBeLessThanOrEqual(2)
    await endAll()
    await Promise.all(asked)
    expectIdle(pacer)
  })

  test('others go on all the same where changes follow each other without an end', async () => {
    const { ask, order, endAll, pacer } = recorded(25)
    let changes = 0
    const changeAgain = async (): Promise<string> => {
      changes += 1
      const made = await ask('change', change)
      return changes < 50 ? changeAgain() : made
    }
    const asked = [changeAgain(), ...Array.from({ length: 40 }, () => ask('sweep'))]
    await endAll()
    await Promise.all(asked)
    expect(order.lastIndexOf('sweep')).toBeLessThan(order.lastIndexOf('change'))
    expectIdle(pacer)
  })

  test('others go on where it stays without an answer', async () => {
    const { ask, order, end, endAll, pacer } = recorded(25)
    const hanging = ask('change', change)
    const asked = Array.from({ length: 20 }, () => ask('sweep'))
    await turnOver()
    expect(order.toSorted()).toEqual(['change', 'sweep'])
    await vi.advanceTimersByTimeAsync(1_001)
    expect(order.length).toBeGreaterThan(2)
    await end()
    await endAll()
    await Promise.all([hanging, ...asked])
    expectIdle(pacer)
  })
})

test('a mutation’s change follows what it reads, whatever else goes on unthrottled', async () => {
  await using gateway = await startTestGateway('--sandbox-users=300', '--sandbox-latency=200')
  const { sandbox } = gateway
  using account = openAccount(sandbox)
  await account.user('apart')
  const certificateId = await account.certificate('apart')
  sandbox.clearCalls()
  const sweep = gateway.ask('{ users(first: 1000) { nodes { signingCertificates { nodes { id } } } } }')
  await vi.waitUntil(() => sandbox.calls.length > 100, { timeout: 20_000, interval: 5 })
  await gateway.ask(
    'mutation ($input: SetSigningCertificateStatusInput!) { setSigningCertificateStatus(input: $input) { __typename } }',
    { input: { userName: 'apart', certificateId, status: 'INACTIVE' } },
  )
  const names = sandbox.calls.map(({ action, parameters: { UserName } }) =>
    UserName === 'apart' ? action.replace(/[A-Z][^A-Z]*$/, '') : 'sweep',
  )
  const between = names.slice(names.lastIndexOf('ListSigning') + 1, names.indexOf('UpdateSigning'))
  expect(names).toContain('UpdateSigning')
  expect(between.length).toBeLessThanOrEqual(5)
  expect((await sweep).errors).toBeUndefined()
})

test('a mutation in the middle of a sweep is sent before the sixth call that the sweep goes on with', async () => {
  await using gateway = await startTestGateway('--sandbox-users=150', '--sandbox-rate=35')
  const { sandbox } = gateway
  using account = openAccount(sandbox)
  await account.user('apart')
  const certificateId = await account.certificate('apart')
  const set = (status: string) =>
    gateway.ask(
      'mutation ($input: SetSigningCertificateStatusInput!) { setSigningCertificateStatus(input: $input) { __typename } }',
      { input: { userName: 'apart', certificateId, status } },
    )
  // The first time costs more of everything.
  await set('INACTIVE')
  sandbox.clearCalls()
  const leaving = new AbortController()
  const sweep = fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ users(first: 1000) { nodes { signingCertificates { nodes { id } } } } }' }),
    signal: leaving.signal,
  })
  // Its rate is found by then: what was under way at the first throttle was sent long before.
  const sinceThrottled = () => sandbox.calls.slice(sandbox.calls.findIndex(({ code }) => code === 'Throttling'))
  await vi.waitFor(() => expect(sinceThrottled().filter(({ code }) => code === undefined).length).toBeGreaterThan(30), {
    timeout: 20_000,
    interval: 5,
  })
  const before = sandbox.calls.length
  const { data } = await set('ACTIVE')
  expect(data.setSigningCertificateStatus.__typename).toBe('SetSigningCertificateStatusPayload')
  const since = sandbox.calls.slice(before)
  const own = since.findIndex(({ action }) => action === 'UpdateSigningCertificate')
  const ofSweep = since.slice(0, own).filter(({ parameters: { UserName } }) => UserName !== 'apart')
  expect(ofSweep.length).toBeLessThanOrEqual(5)
  // The sweep was not over: it would have gone on.
  expect(sandbox.calls.length).toBeLessThan(150)
  leaving.abort(gone)
  await expect(sweep).rejects.toBe(gone)
})
