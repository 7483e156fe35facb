import { describe, expect, test } from 'vitest'
import type { IamError } from '../../src/iam/errors.ts'
import { beginOperation } from '../../src/iam/operation.ts'
import { createPacer } from '../../src/iam/pacer.ts'
import {
  listSigningCertificates,
  recallSigningCertificates,
  updateSigningCertificate,
} from '../../src/iam/signing-certificate.ts'
import { getUser } from '../../src/iam/user.ts'
import { answerOf, htmlOf, refusalOf } from '../stub-iam.ts'
import { inTurn, startStubClient, user } from './stub-client.ts'

const noCertificates = answerOf('ListSigningCertificates', '<Certificates/><IsTruncated>false</IsTruncated>')
const updated = answerOf('UpdateSigningCertificate')

const disable = { userName: 'alice', certificateId: 'A'.repeat(32), status: 'Inactive' } as const

describe('a signal', () => {
  const reason = new Error('gone')

  test('ends a question in flight, and its connection', async () => {
    await using client = await startStubClient(() => 'hang')
    const controller = new AbortController()
    const asked = listSigningCertificates(client.iam, page, { signal: controller.signal })
    await client.stub.arrived(1)
    controller.abort(reason)
    await expect(asked).rejects.toBe(reason)
    await client.stub.calls[0]?.over
    expect(client.stub.calls).toHaveLength(1)
  })

  test('ends a question that still queues: it is never sent', async () => {
    const open = latch()
    const pacer = createPacer({ concurrency: 1 })
    await using client = await startStubClient(() => open.promise.then(() => noCertificates), { pacer })
    const controller = new AbortController()
    const first = listSigningCertificates(client.iam, page)
    const queued = listSigningCertificates(client.iam, { ...page, userName: 'bob' }, { signal: controller.signal })
    await client.stub.arrived(1)
    controller.abort(reason)
    await expect(queued).rejects.toBe(reason)
    expect([pacer.queued, pacer.underWay]).toEqual([0, 1])
    open.open()
    await first
    await listSigningCertificates(client.iam, page)
    expect(client.stub.calls.map(({ parameters }) => parameters['UserName'])).toEqual(['alice', 'alice'])
    expect([pacer.queued, pacer.underWay, client.iam.sharing.underWay]).toEqual([0, 0, 0])
  })

  test('ends the wait between two attempts', async () => {
    await using client = await startStubClient(() => refusalOf('Throttling'))
    const controller = new AbortController()
    const asked = listSigningCertificates(client.iam, page, { signal: controller.signal })
    await client.stub.arrived(2)
    controller.abort(reason)
    await expect(asked).rejects.toBe(reason)
  })

  test('that was given already asks nothing', async () => {
    await using client = await startStubClient(() => noCertificates)
    const asked = listSigningCertificates(client.iam, page, { signal: AbortSignal.abort(reason), urgent: true })
    await expect(asked).rejects.toBe(reason)
    expect(client.stub.calls).toEqual([])
  })
})

describe('of many questions', () => {
  test('no more than the concurrency are under way', async () => {
    let underWay = 0
    let most = 0
    const full = latch()
    await using client = await startStubClient(
      async () => {
        most = Math.max(most, ++underWay)
        if (underWay === 4) full.open()
        await full.promise
        underWay -= 1
        return noCertificates
      },
      { pacer: createPacer({ concurrency: 4 }) },
    )
    const asked = Array.from({ length: 40 }, (_, user) => ({ ...page, userName: `user-${user}` }))
    await Promise.all(asked.map(request => listSigningCertificates(client.iam, request)))
    expect(client.stub.calls).toHaveLength(40)
    expect(most).toBe(4)
  })

  test('an urgent one does not queue, nor does a change', async () => {
    const open = latch()
    await using client = await startStubClient(
      ({ action }) =>
        action === 'GetUser' ? open.promise.then(() => user) : action.startsWith('List') ? noCertificates : updated,
      { pacer: createPacer({ concurrency: 1 }) },
    )
    const slow = getUser(client.iam, 'alice')
    expect(await listSigningCertificates(client.iam, page, { urgent: true })).toEqual({ items: [], marker: undefined })
    expect(await updateSigningCertificate(client.iam, disable)).toMatchObject({ requestId: 'stub-request' })
    open.open()
    await slow
  })
})

test('a change goes out on a connection of its own, which nobody may be closing', async () => {
  await using client = await startStubClient(({ action }) => (action === 'GetUser' ? user : updated))
  for (let round = 0; round < 2; round++) {
    await getUser(client.iam, 'alice')
    await updateSigningCertificate(client.iam, disable)
  }
  const ports = client.stub.calls.map(({ port }) => port)
  expect(ports[2]).toBe(ports[0])
  expect(new Set(ports).size).toBe(3)
})

describe('whether IAM answers lately', () => {
  test('is not doubted before it was asked', async () => {
    await using client = await startStubClient(() => user)
    expect(client.iam.answersLately()).toBe(true)
  })

  test('is denied once it was silent, until it answers, if only by refusing', async () => {
    const silences: IamError[] = []
    const failures = [htmlOf(502), htmlOf(502), htmlOf(502)] as const
    await using client = await startStubClient(inTurn(...failures, refusalOf('AccessDenied', 403)), {
      onSilence: error => silences.push(error),
    })
    await expect(getUser(client.iam, 'alice')).rejects.toMatchObject({ code: 'IAM_UNREACHABLE' })
    expect(client.iam.answersLately()).toBe(false)
    expect(silences).toMatchObject([{ code: 'IAM_UNREACHABLE', cause: { $metadata: { httpStatusCode: 502 } } }])
    await expect(getUser(client.iam, 'alice')).rejects.toMatchObject({ code: 'AccessDenied' })
    expect(client.iam.answersLately()).toBe(true)
    expect(silences).toHaveLength(1)
  })

  test('is denied where a page answers 200 in its place, and where a change stays unanswered', async () => {
    await using client = await startStubClient(({ action }) =>
      action === 'GetUser' ? user : { body: '<html><body>Sign in first.</body></html>' },
    )
    await expect(listSigningCertificates(client.iam, page)).rejects.toMatchObject({ code: 'IAM_UNREACHABLE' })
    expect(client.iam.answersLately()).toBe(false)
    await getUser(client.iam, 'alice')
    expect(client.iam.answersLately()).toBe(true)
    const enable = { ...disable, status: 'Active' } as const
    await expect(updateSigningCertificate(client.iam, enable)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    expect(client.iam.answersLately()).toBe(false)
  })
})

describe('what is remembered', () => {
  test('is recalled at once, counted, and no more once nobody waits for it', async () => {
    await using client = await startStubClient(() => noCertificates, { cacheTtl: 60_000 })
    const gone = new AbortController()
    const operation = beginOperation({ client: gone.signal, timeout: 60_000, maxCalls: 10 })
    const iam = client.iam.on(operation)
    expect(recallSigningCertificates(iam, page)).toBeUndefined()
    const listed = await listSigningCertificates(iam, page)
    expect(recallSigningCertificates(iam, page)).toBe(listed)
    expect([operation.cost.calls, operation.cost.cached]).toEqual([1, 1])
    gone.abort()
    expect(recallSigningCertificates(iam, page)).toBeUndefined()
    operation.end()
  })
})

const page = { userName: 'alice', marker: undefined, maxItems: 100 }

/** Closed until it is opened. */
function latch() {
  let open = () => {}
  const promise = new Promise<void>(resolve => {
    open = resolve
  })
  return { promise, open: () => open() }
}
