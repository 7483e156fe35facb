import { expect, test } from 'vitest'
import { answerOf, refusalOf, type StubAnswer, type StubCall, startStubIam } from '../stub-iam.ts'
import { setStatus, startOperations, toldDuring, upload } from './changing.ts'

/*
 * What the clocks of IAM and of this machine do to a change: an IAM whose dates are the test's, far from this machine's.
 */

const certificateId = 'A'.repeat(32)
const credentials = { accessKeyId: 'AKIASTUBSTUBSTUBSTUB', secretAccessKey: 'secret' }
const changedBy = 'arn:aws:iam::123456789012:user/gateway'
const date = 'Fri, 02 Jan 2026 03:04:06 GMT'

test('a change has the time of IAM, and is told as made by the gateway', async () => {
  await using stub = await startStubIam(({ action }) =>
    action.startsWith('List') ? list('Active', '2026-01-01T00:00:00Z') : answerOf(action, undefined, { date }),
  )
  await using operations = startOperations({ endpoint: stub.url, credentials }, { changedBy })
  const input = { userName: 'alice', certificateId, status: 'INACTIVE' }
  expect(await toldDuring(operations.events, () => operations.ask(setStatus, { input }))).toMatchObject([
    { changedAt: new Date('2026-01-02T03:04:06Z'), changedBy, source: 'GATEWAY' },
  ])
})

test.each([
  ['by the second of the answer', '2026-01-02T03:04:06Z'],
  ['a second before, for dates are cut to the second', '2026-01-02T03:04:05Z'],
])('an upload dated %s is new, and its change has the time of IAM', async (_what, uploadDate) => {
  const { answer, changes } = await uploaded('Active', uploadDate)
  expect(changes).toMatchObject([
    { previousStatus: undefined, status: 'Active', changedAt: new Date('2026-01-02T03:04:06Z') },
  ])
  expect(answer).toMatchObject({ status: 'ACTIVE', uploadDate: new Date(uploadDate).toISOString() })
})

test.each([
  ['Active', 'ACTIVE'],
  ['Inactive', 'INACTIVE'],
])('one dated long before was there already: %s, as the list says', async (stored, status) => {
  const { answer, changes } = await uploaded(stored, '2026-01-01T00:00:00Z')
  expect(changes).toEqual([])
  expect(answer).toMatchObject({ status, uploadDate: '2026-01-01T00:00:00.000Z' })
})

test('a row of another date in the list is of a certificate deleted meanwhile: the new one is told', async () => {
  const { answer, changes } = await uploaded('Inactive', '2026-01-02T03:04:06Z', '2025-01-01T00:00:00Z')
  expect(changes).toMatchObject([{ previousStatus: undefined, status: 'Active' }])
  expect(answer).toMatchObject({ status: 'ACTIVE' })
})

test("a change of the implicit user is told by the name that IAM gives, also where the list doesn't", async () => {
  await using stub = await startStubIam(implicit(answerOf('GetUser', user)))
  await using operations = startOperations({ endpoint: stub.url, credentials })
  const input = { certificateId, status: 'INACTIVE' }
  const changes = await toldDuring(operations.events, () => operations.ask(setStatus, { input }))
  expect(changes).toMatchObject([{ userName: 'gateway', status: 'Inactive' }])
})

test('a change of the implicit user that IAM will not name is made, not told, and logged', async () => {
  await using stub = await startStubIam(implicit(refusalOf('AccessDenied', 403)))
  await using operations = startOperations({ endpoint: stub.url, credentials })
  const input = { certificateId, status: 'INACTIVE' }
  const changes = await toldDuring(operations.events, async () => {
    const { data } = await operations.ask(setStatus, { input })
    expect(data?.result).toMatchObject({ __typename: 'SetSigningCertificateStatusPayload', signingCertificate: null })
  })
  expect(changes).toEqual([])
  expect(operations.log.join()).toMatch(/made but not told/)
})

const user =
  '<User><UserName>gateway</UserName><UserId>AIDA</UserId><Arn>arn:aws:iam::1:user/gateway</Arn><Path>/</Path>' +
  '<CreateDate>2026-01-01T00:00:00Z</CreateDate></User>'

/** Uploads to an IAM that answers with this date, and lists that status. */
async function uploaded(stored: string, uploadDate: string, listedDate = uploadDate) {
  await using stub = await startStubIam(({ action }) =>
    action.startsWith('List')
      ? list(stored, listedDate)
      : answerOf(action, `<Certificate>${certificate('Active', uploadDate)}</Certificate>`, { date }),
  )
  await using operations = startOperations({ endpoint: stub.url, credentials })
  const input = { userName: 'alice', certificateBody: 'body' }
  let answer: unknown
  const changes = await toldDuring(operations.events, async () => {
    const { data, errors } = await operations.ask(upload, { input })
    expect(errors).toBeUndefined()
    answer = data?.result.signingCertificate
  })
  return { answer, changes }
}

function list(status: string, uploadDate: string): StubAnswer {
  const member = `<member>${certificate(status, uploadDate)}</member>`
  return answerOf('ListSigningCertificates', `<Certificates>${member}</Certificates><IsTruncated>false</IsTruncated>`)
}

function certificate(status: string, uploadDate: string): string {
  return (
    `<UserName>alice</UserName><CertificateId>${certificateId}</CertificateId><CertificateBody>body</CertificateBody>` +
    `<Status>${status}</Status><UploadDate>${uploadDate}</UploadDate>`
  )
}

/** Lists nothing, updates, and says of the user whatever is asked of it. */
function implicit(getUser: StubAnswer) {
  return ({ action }: StubCall): StubAnswer =>
    action === 'GetUser' ? getUser : action.startsWith('List') ? refusalOf('AccessDenied', 403) : answerOf(action)
}
