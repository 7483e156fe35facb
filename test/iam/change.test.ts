import { describe, expect, test, vi } from 'vitest'
import { GatewayError } from '../../src/gateway-error.ts'
import { beginOperation } from '../../src/iam/operation.ts'
import { updateSigningCertificate, uploadSigningCertificate } from '../../src/iam/signing-certificate.ts'
import { answerOf, htmlOf, refusalOf, type StubAnswer, type StubCall } from '../stub-iam.ts'
import { inTurn, type StubClient, startStubClient } from './stub-client.ts'

const updated = answerOf('UpdateSigningCertificate')
const certificate = { userName: 'alice', certificateId: 'A'.repeat(32) }
const enable = ({ iam }: StubClient) => updateSigningCertificate(iam, { ...certificate, status: 'Active' })
const disable = ({ iam }: StubClient) => updateSigningCertificate(iam, { ...certificate, status: 'Inactive' })
const upload = ({ iam }: StubClient) => uploadSigningCertificate(iam, { userName: 'alice', certificateBody: 'body' })

const lost: [string, StubAnswer][] = [
  ['no answer', 'hang'],
  ['a closed connection', 'close'],
  ['a reset', 'reset'],
  ['a reset inside the answer', { body: '<UpdateSigningCertificateResponse>', cut: 'reset' }],
  ['an answer that breaks off', { body: '<UpdateSigningCertificateResponse>', cut: 'close' }],
  ['an answer that stops', { body: '<UpdateSigningCertificateResponse>', cut: 'stall' }],
  ['an empty answer', { body: '' }],
  ['a page', { headers: { 'content-type': 'text/html' }, body: '<html><body>Sign in first.</body></html>' }],
  ['a page that is no XML', htmlOf(200)],
  ['the page of a proxy', htmlOf(502)],
  ['the page of a gatekeeper', htmlOf(403)],
  ['a redirection', { status: 302, headers: { location: '/login' }, body: '' }],
  ['JSON', { status: 400, headers: { 'content-type': 'application/json' }, body: '{"message":"no"}' }],
]

describe.each(lost)('of a change that met %s', (_what, answer) => {
  const start = (answers: (call: StubCall) => StubAnswer) => startStubClient(answers, { callTimeout: 300 })

  test.each([
    ['an upload', upload],
    ['enabling', enable],
  ])('nobody knows whether it was made, and %s is not sent again', async (_kind, make) => {
    await using client = await start(inTurn(answer, updated))
    await expect(make(client)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', requestId: null })
    await client.stub.arrived(1)
    expect(client.stub.calls).toHaveLength(1)
  })

  test('disabling is sent again', async () => {
    await using client = await start(inTurn(answer, updated))
    expect(await disable(client)).toMatchObject({ requestId: 'stub-request' })
    expect(client.stub.calls).toHaveLength(2)
  })
})

describe('disabling', () => {
  test('is given up after four attempts', async () => {
    await using client = await startStubClient(() => 'reset')
    await expect(disable(client)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: { code: 'ECONNRESET' } })
    expect(client.stub.calls).toHaveLength(4)
  })

  test('that met a failure of IAM is sent again, and tells it where it stays', async () => {
    await using client = await startStubClient(() => refusalOf('ServiceFailure', 500))
    await expect(disable(client)).rejects.toMatchObject({ code: 'ServiceFailure', requestId: 'stub-refusal' })
    expect(client.stub.calls).toHaveLength(4)
  })

  test('whose first attempt was lost is in doubt, also where IAM throttles the next until the time is over', async () => {
    await using client = await startStubClient(inTurn('reset', refusalOf('Throttling')))
    const { inTime, over } = timed(client)
    const doubt = { code: 'OUTCOME_UNKNOWN', cause: { Code: 'Throttling' } }
    const told = expect(disable(inTime)).rejects.toMatchObject(doubt)
    await client.stub.arrived(2)
    over()
    await told
    expect(client.stub.calls).toHaveLength(2)
  })

  test('whose first attempt was lost is in doubt, also where the others are never sent', async () => {
    await using client = await startStubClient(() => {
      void client.stub.close()
      return 'hang'
    })
    await expect(disable(client)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: { code: 'ECONNREFUSED' } })
    expect(client.stub.calls).toHaveLength(1)
  })

  test('whose first attempt was lost is refused where IAM then refuses it', async () => {
    await using client = await startStubClient(inTurn('reset', refusalOf('NoSuchEntity', 404)))
    await expect(disable(client)).rejects.toMatchObject({ code: 'NoSuchEntity' })
    expect(client.stub.calls).toHaveLength(2)
  })
})

describe.each([
  ['an upload', upload],
  ['enabling', enable],
  ['disabling', disable],
])('%s', (_kind, make) => {
  const uploaded = answerOf(
    'UploadSigningCertificate',
    '<Certificate><UserName>alice</UserName><CertificateId>A</CertificateId><CertificateBody>body</CertificateBody>' +
      '<Status>Active</Status><UploadDate>2026-01-02T03:04:05Z</UploadDate></Certificate>',
  )
  const made = ({ action }: StubCall) => (action === 'UploadSigningCertificate' ? uploaded : updated)

  test('is sent again where IAM throttled it: nothing was done', async () => {
    await using client = await startStubClient(call => (call.earlier === 0 ? refusalOf('Throttling') : made(call)))
    expect(await make(client)).toMatchObject({ requestId: 'stub-request' })
    expect(client.stub.calls).toHaveLength(2)
  })

  test('is sent again where it was signed by a clock that is wrong', async () => {
    const date = new Date(Date.now() - 3_600_000).toUTCString()
    const early = refusalOf('SignatureDoesNotMatch', 403, 'Signature not yet current', { date })
    await using client = await startStubClient(call => (call.earlier === 0 ? early : made(call)))
    expect(await make(client)).toMatchObject({ requestId: 'stub-request' })
    expect(client.stub.calls).toHaveLength(2)
  })

  test('is sent again for as long as there is time, and then tells that IAM throttled it', async () => {
    await using client = await startStubClient(() => refusalOf('Throttling'))
    const { inTime, over } = timed(client)
    const told = expect(make(inTime)).rejects.toMatchObject({ code: 'Throttling', requestId: 'stub-refusal' })
    await client.stub.arrived(2)
    over()
    await told
    expect(client.stub.calls).toHaveLength(2)
  })

  test('that never came to its turn in time was not made', async () => {
    await using client = await startStubClient(() => refusalOf('Throttling'))
    const throttled = timed(client)
    const before = expect(make(throttled.inTime)).rejects.toMatchObject({ code: 'Throttling' })
    await client.stub.arrived(1)
    await vi.waitFor(() => expect(client.iam.pacer).toMatchObject({ queued: 1, underWay: 0 }), { timeout: 20_000 })
    const { inTime, over } = timed(client)
    const told = expect(make(inTime)).rejects.toMatchObject({
      code: 'OPERATION_TIMEOUT',
      message: 'No more time. Nothing was changed.',
    })
    over()
    throttled.over()
    await Promise.all([told, before])
    expect(client.stub.calls).toHaveLength(1)
    expect(client.iam.pacer).toMatchObject({ queued: 0, underWay: 0 })
  })

  test('that the operation may not make any more was not made', async () => {
    await using client = await startStubClient(made)
    const operation = beginOperation({ timeout: 60_000, maxCalls: 0 })
    await expect(make({ ...client, iam: client.iam.on(operation) })).rejects.toMatchObject({
      code: 'IAM_CALLS_EXCEEDED',
      message: 'The operation may cost 0 IAM calls, and has cost them. Nothing was changed.',
    })
    operation.end()
    expect(client.stub.calls).toEqual([])
  })

  test('once sent is not aborted, neither in the end of its time nor by its client', async () => {
    let answer = () => {}
    const answered = new Promise<void>(resolve => {
      answer = resolve
    })
    await using client = await startStubClient(async call => {
      await answered
      return made(call)
    })
    const gone = new AbortController()
    const { inTime, over } = timed(client, gone.signal)
    const asked = make(inTime)
    await client.stub.arrived(1)
    gone.abort()
    over()
    answer()
    expect(await asked).toMatchObject({ requestId: 'stub-request' })
    expect(client.stub.calls).toHaveLength(1)
  })

  test.each(['LimitExceeded', 'ConcurrentModification', 'AccessDenied', 'ExpiredToken'])(
    'is not sent again where IAM said %s',
    async code => {
      await using client = await startStubClient(() => refusalOf(code, 409))
      await expect(make(client)).rejects.toMatchObject({ code, requestId: 'stub-refusal' })
      expect(client.stub.calls).toHaveLength(1)
    },
  )

  test('of a refused connection was never sent: nothing was changed', async () => {
    await using client = await startStubClient(made)
    await client.stub.close()
    await expect(make(client)).rejects.toMatchObject({
      code: 'IAM_UNREACHABLE',
      message: expect.stringContaining('Nothing was changed.'),
    })
  })

  test('has the time of IAM, not of this machine', async () => {
    await using client = await startStubClient(call => {
      const answer = made(call)
      return typeof answer === 'string'
        ? answer
        : { ...answer, headers: { ...answer.headers, date: 'Fri, 02 Jan 2026 03:04:06 GMT' } }
    })
    expect(await make(client)).toMatchObject({ answeredAt: new Date('2026-01-02T03:04:06Z') })
  })

  test('says with which access key it was made, and when it was under way', async () => {
    await using client = await startStubClient(made)
    const before = performance.now()
    const { accessKeyId, span } = await make(client)
    expect(accessKeyId).toBe('AKIASTUBSTUBSTUBSTUB')
    const times = [before, span.sentAt, span.answeredAt, performance.now()]
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })
})

test('an upload is in doubt where its answer does not show the certificate', async () => {
  await using client = await startStubClient(() => answerOf('UploadSigningCertificate', ''))
  await expect(upload(client)).rejects.toMatchObject({
    code: 'OUTCOME_UNKNOWN',
    cause: { message: "IAM's answer was not complete: expected Certificate, got none." },
  })
})

/** The client on behalf of an operation whose time is over when the test says so. */
function timed(client: StubClient, gone?: AbortSignal) {
  const deadline = new AbortController()
  const operation = {
    ...beginOperation({ client: gone, timeout: 60_000, maxCalls: 10 }),
    deadline: deadline.signal,
  }
  return {
    inTime: { ...client, iam: client.iam.on(operation) },
    over() {
      operation.end()
      deadline.abort(new GatewayError('OPERATION_TIMEOUT', 'No more time.'))
    },
  }
}
