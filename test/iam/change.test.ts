import { describe, expect, test } from 'vitest'
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
  const start = (answers: (call: StubCall) => StubAnswer) => startStubClient(answers, { callTimeout: 100 })

  test.each([
    ['an upload', upload],
    ['enabling', enable],
  ])('nobody knows whether it was made, and %s is not sent again', async (_kind, make) => {
    await using client = await start(inTurn(answer, updated))
    await expect(make(client)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', requestId: null })
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

  test('whose first attempt was lost is in doubt, also where IAM throttles the others', async () => {
    await using client = await startStubClient(inTurn('reset', refusalOf('Throttling')))
    await expect(disable(client)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    expect(client.stub.calls).toHaveLength(4)
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
})

test('an upload is in doubt where its answer does not show the certificate', async () => {
  await using client = await startStubClient(() => answerOf('UploadSigningCertificate', ''))
  await expect(upload(client)).rejects.toMatchObject({
    code: 'OUTCOME_UNKNOWN',
    cause: { message: "IAM's answer was not complete: expected Certificate, got none." },
  })
})
