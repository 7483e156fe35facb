import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FaultAnswer } from '../../src/sandbox/server.ts'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { type Account, openAccount } from '../account.ts'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { setStatus, toldDuring, upload } from './changing.ts'

let gateway: TestGateway
let account: Account
beforeEach(async () => {
  gateway = await startTestGateway('--sandbox-users=0', '--report-cost=false')
  account = openAccount(gateway.sandbox)
  for (const userName of ['Ann', 'Ben']) await account.user(userName)
  gateway.sandbox.clearCalls()
})
afterEach(async () => {
  account[Symbol.dispose]()
  await gateway[Symbol.asyncDispose]()
})

const anything = { userName: 'Ann', certificateBody: 'body' }
const unknown = { userName: 'Ann', certificateId: 'A'.repeat(32) }
const calls = () => gateway.sandbox.calls.map(({ action }) => action)

describe('uploadSigningCertificate', () => {
  test('answers with the certificate as IAM has it now', async () => {
    const certificateBody = mintCertificate()
    const input = { userName: 'ann', certificateBody, clientMutationId: 'mine' }
    expect(await gateway.ask(upload, { input })).toEqual({
      data: {
        result: {
          __typename: 'UploadSigningCertificatePayload',
          clientMutationId: 'mine',
          signingCertificate: {
            userName: 'Ann',
            certificateId: expect.stringMatching(/^[A-Z2-7]{32}$/),
            certificateBody,
            status: 'ACTIVE',
            uploadDate: expect.any(String),
          },
        },
      },
    })
    expect(calls()).toEqual(['UploadSigningCertificate', 'ListSigningCertificates'])
  })

  test('over quota costs exactly one IAM call', async () => {
    await account.certificate('Ann')
    await account.certificate('Ann')
    gateway.sandbox.clearCalls()
    const { data } = await gateway.ask(upload, { input: { userName: 'Ann', certificateBody: mintCertificate() } })
    expect(data.result).toEqual({
      __typename: 'LimitExceededError',
      code: 'LimitExceeded',
      message: 'Cannot exceed quota for CertificatesPerUser: 2',
      requestId: gateway.sandbox.calls[0]?.requestId,
    })
    expect(calls()).toEqual(['UploadSigningCertificate'])
  })

  test('of what is no certificate leaves the judgement to IAM, and cuts the body from its words', async () => {
    const { data } = await gateway.ask(upload, { input: { ...anything, certificateBody: 'what I found' } })
    expect(data.result).toMatchObject({
      __typename: 'MalformedCertificateError',
      code: 'MalformedCertificate',
      message: 'Certificate <body cut> is malformed.',
    })
  })

  test('of a certificate that another user has is a duplicate', async () => {
    const certificateBody = mintCertificate()
    await gateway.ask(upload, { input: { userName: 'Ann', certificateBody } })
    const { data } = await gateway.ask(upload, { input: { userName: 'Ben', certificateBody } })
    expect(data.result).toMatchObject({ __typename: 'DuplicateCertificateError', code: 'DuplicateCertificate' })
  })

  test.each([
    ['nobody', 'NoSuchEntityError', 'The user with name nobody cannot be found.'],
    ['a b', 'ValidationError', expect.stringMatching(/^The specified value for userName is invalid\./)],
    ['', 'ValidationError', expect.any(String)],
  ])('for the user %j is %s, and not for anybody else', async (userName, type, message) => {
    const { data } = await gateway.ask(upload, { input: { userName, certificateBody: mintCertificate() } })
    expect(data.result).toMatchObject({ __typename: type, message })
    expect(calls()).toEqual(['UploadSigningCertificate'])
  })

  test.each([
    ['NoSuchEntity', 'NoSuchEntityError'],
    ['LimitExceeded', 'LimitExceededError'],
    ['EntityAlreadyExists', 'EntityAlreadyExistsError'],
    ['MalformedCertificate', 'MalformedCertificateError'],
    ['InvalidCertificate', 'InvalidCertificateError'],
    ['DuplicateCertificate', 'DuplicateCertificateError'],
    ['ConcurrentModification', 'ConcurrentModificationError'],
    ['ServiceFailure', 'ServiceFailureError'],
    ['ValidationError', 'ValidationError'],
    ['AccessDenied', 'AccessDeniedError'],
    ['ExpiredToken', 'RequestFailedError'],
    ['InvalidInput', 'RequestFailedError'],
  ])("that IAM refuses with %s is %s, once, with IAM's words and request id", async (code, type) => {
    gateway.sandbox.fault({ action: 'UploadSigningCertificate', answer: { code, message: 'As IAM said.' } })
    const { data, errors } = await gateway.ask(upload, { input: anything })
    const requestId = gateway.sandbox.calls[0]?.requestId
    // InvalidInput is not of this operation: what is not in its union is a RequestFailedError by its own code.
    expect(data.result).toEqual({ __typename: type, code, message: 'As IAM said.', requestId })
    expect(errors).toBeUndefined()
    expect(calls()).toEqual(['UploadSigningCertificate'])
  })

  test('that IAM goes on to throttle is a ThrottlingError when its time is over', async () => {
    await using hasty = await startTestGateway('--sandbox-users=0', '--operation-timeout=1')
    hasty.sandbox.fault({ action: 'UploadSigningCertificate', answer: { code: 'Throttling' } })
    const { data } = await hasty.ask(upload, { input: anything })
    expect(data.result).toMatchObject({ __typename: 'ThrottlingError', code: 'Throttling', message: 'Rate exceeded' })
    expect(new Set(hasty.sandbox.calls.map(({ action }) => action))).toEqual(new Set(['UploadSigningCertificate']))
  })

  test.each<[string, FaultAnswer]>([
    ['nothing', 'reset'],
    ['an empty body', { status: 200, contentType: 'text/xml', body: '' }],
    ['a page', { status: 200, contentType: 'text/html', body: '<html><body>Sign in first.</body></html>' }],
    ['the page of a proxy', { status: 502, contentType: 'text/html', body: '<html>Bad Gateway</html>' }],
  ])('that is answered with %s has an unknown outcome, and is not sent again', async (_what, answer) => {
    gateway.sandbox.fault({ action: 'UploadSigningCertificate', after: true, answer })
    const input = { userName: 'Ann', certificateBody: mintCertificate() }
    const told = await toldDuring(gateway.gateway.events, async () => {
      expect((await gateway.ask(upload, { input })).data.result).toEqual({
        __typename: 'RequestFailedError',
        code: 'OUTCOME_UNKNOWN',
        message: 'IAM did not answer: the change may or may not have been made.',
        requestId: null,
      })
    })
    expect(told).toEqual([])
    expect(calls()).toEqual(['UploadSigningCertificate'])
  })

  test.each(['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'private key'])(
    'of a body with a %s never leaves the gateway, and is not echoed',
    async label => {
      const key = `-----BEGIN ${label}-----\nc2VjcmV0\n-----END ${label}-----\n`
      const answer = await gateway.ask(upload, {
        input: { userName: 'Ann', certificateBody: `${mintCertificate()}${key}` },
      })
      expect(answer.data.result).toMatchObject({
        __typename: 'RequestFailedError',
        code: 'PRIVATE_KEY_REFUSED',
        requestId: null,
      })
      expect(JSON.stringify(answer)).not.toMatch(/c2VjcmV0|BEGIN|CERTIFICATE-----/)
      expect(calls()).toEqual([])
    },
  )
})

describe('setSigningCertificateStatus', () => {
  test('answers with the certificate and its new status', async () => {
    const certificateId = await account.certificate('Ann')
    gateway.sandbox.clearCalls()
    const input = { userName: 'Ann', certificateId, status: 'INACTIVE', clientMutationId: 'mine' }
    expect(await gateway.ask(setStatus, { input })).toEqual({
      data: {
        result: {
          __typename: 'SetSigningCertificateStatusPayload',
          clientMutationId: 'mine',
          signingCertificate: {
            userName: 'Ann',
            certificateId,
            certificateBody: expect.stringContaining('BEGIN CERTIFICATE'),
            status: 'INACTIVE',
            uploadDate: expect.any(String),
          },
        },
      },
    })
    expect(calls()).toEqual(['ListSigningCertificates', 'UpdateSigningCertificate'])
  })

  test('of a certificate that the user does not have is a NoSuchEntityError', async () => {
    const { data } = await gateway.ask(setStatus, { input: { ...unknown, status: 'INACTIVE' } })
    expect(data.result).toMatchObject({
      __typename: 'NoSuchEntityError',
      message: `The Certificate with id ${unknown.certificateId} cannot be found.`,
    })
    expect(calls()).toEqual(['ListSigningCertificates', 'UpdateSigningCertificate'])
  })

  test('of a malformed id is a ValidationError', async () => {
    const { data } = await gateway.ask(setStatus, { input: { ...unknown, certificateId: 'A', status: 'INACTIVE' } })
    expect(data.result).toMatchObject({ __typename: 'ValidationError', code: 'ValidationError' })
  })

  test.each([
    ['NoSuchEntity', 'NoSuchEntityError'],
    ['LimitExceeded', 'LimitExceededError'],
    ['InvalidInput', 'InvalidInputError'],
    ['ServiceFailure', 'ServiceFailureError'],
    ['ValidationError', 'ValidationError'],
    ['AccessDenied', 'AccessDeniedError'],
    ['ExpiredToken', 'RequestFailedError'],
    ['ConcurrentModification', 'RequestFailedError'],
  ])("that IAM refuses with %s is %s, once, with IAM's words and request id", async (code, type) => {
    gateway.sandbox.fault({ action: 'UpdateSigningCertificate', answer: { code, message: 'As IAM said.' } })
    const { data, errors } = await gateway.ask(setStatus, { input: { ...unknown, status: 'ACTIVE' } })
    const requestId = gateway.sandbox.calls[1]?.requestId
    expect(data.result).toEqual({ __typename: type, code, message: 'As IAM said.', requestId })
    expect(errors).toBeUndefined()
    expect(calls()).toEqual(['ListSigningCertificates', 'UpdateSigningCertificate'])
  })

  test('that IAM goes on to throttle is a ThrottlingError when its time is over', async () => {
    await using hasty = await startTestGateway('--sandbox-users=0', '--operation-timeout=1')
    hasty.sandbox.fault({ action: 'UpdateSigningCertificate', answer: { code: 'Throttling' } })
    const { data } = await hasty.ask(setStatus, { input: { ...unknown, status: 'ACTIVE' } })
    expect(data.result).toMatchObject({ __typename: 'ThrottlingError', code: 'Throttling' })
    const [list, ...changes] = hasty.sandbox.calls.map(({ action }) => action)
    expect(list).toBe('ListSigningCertificates')
    expect(new Set(changes)).toEqual(new Set(['UpdateSigningCertificate']))
  })

  test('that enables and is not answered has an unknown outcome, and is not sent again', async () => {
    const certificateId = await account.certificate('Ann')
    gateway.sandbox.clearCalls()
    gateway.sandbox.fault({ action: 'UpdateSigningCertificate', after: true, answer: 'reset' })
    const { data } = await gateway.ask(setStatus, { input: { userName: 'Ann', certificateId, status: 'ACTIVE' } })
    expect(data.result).toMatchObject({ __typename: 'RequestFailedError', code: 'OUTCOME_UNKNOWN', requestId: null })
    expect(calls()).toEqual(['ListSigningCertificates', 'UpdateSigningCertificate'])
  })

  test('that disables and is not answered is sent again until it is, and told once', async () => {
    const certificateId = await account.certificate('Ann')
    gateway.sandbox.clearCalls()
    gateway.sandbox.fault({ action: 'UpdateSigningCertificate', times: 2, after: true, answer: 'reset' })
    const input = { userName: 'Ann', certificateId, status: 'INACTIVE' }
    const told = await toldDuring(gateway.gateway.events, async () => {
      expect((await gateway.ask(setStatus, { input })).data.result).toMatchObject({
        signingCertificate: { status: 'INACTIVE' },
      })
    })
    expect(told).toMatchObject([{ credentialId: certificateId, previousStatus: 'Active', status: 'Inactive' }])
    expect(calls()).toEqual(['ListSigningCertificates', ...Array(3).fill('UpdateSigningCertificate')])
  })

  test('that disables and is never answered has an unknown outcome', async () => {
    gateway.sandbox.fault({ action: 'UpdateSigningCertificate', answer: 'reset' })
    const { data } = await gateway.ask(setStatus, { input: { ...unknown, status: 'INACTIVE' } })
    expect(data.result).toMatchObject({ __typename: 'RequestFailedError', code: 'OUTCOME_UNKNOWN', requestId: null })
    expect(calls()).toEqual(['ListSigningCertificates', ...Array(4).fill('UpdateSigningCertificate')])
  })
})

test.each([
  [upload, anything],
  [setStatus, { ...unknown, status: 'INACTIVE' }],
])('where IAM refuses the connection, nothing was changed, and the answer says so', async (mutation, input) => {
  await gateway.sandbox.close()
  const { data, errors } = await gateway.ask(mutation, { input })
  expect(data.result).toMatchObject({
    __typename: 'RequestFailedError',
    code: 'IAM_UNREACHABLE',
    message: expect.stringContaining('Nothing was changed.'),
    requestId: null,
  })
  expect(errors).toBeUndefined()
})
