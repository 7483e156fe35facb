import { describe, expect, test } from 'vitest'
import { readRecord, recordedApis } from '../../src/events/record.ts'
import { certificateId, credentialId, type Json, record } from '../change-feed/record.ts'

const alice = { userName: 'alice', certificateId }
const alices = { userName: 'alice', serviceSpecificCredentialId: credentialId }
const certificate = {
  ...alice,
  certificateBody: '-----BEGIN…',
  status: 'Active',
  uploadDate: 'Jan 31, 2026 12:00:00 PM',
}
const credential = {
  ...alices,
  createDate: 'Jan 31, 2026 12:00:00 PM',
  serviceName: 'codecommit.amazonaws.com',
  serviceUserName: 'alice-at-123456789012',
  servicePassword: 'HIDDEN_DUE_TO_SECURITY_REASONS',
  status: 'Active',
}
const ofCertificate = { kind: 'SigningCertificate', userName: 'alice', credentialId: certificateId }
const ofCredential = { kind: 'ServiceSpecificCredential', userName: 'alice', credentialId }

describe('a record becomes a change:', () => {
  test.each<[string, Json, Json | null, Json]>([
    [
      'UploadSigningCertificate',
      { userName: 'Alice', certificateBody: '-----BEGIN…' },
      { certificate },
      { ...ofCertificate, status: 'Active' },
    ],
    ['UpdateSigningCertificate', { ...alice, status: 'Inactive' }, null, { ...ofCertificate, status: 'Inactive' }],
    ['UpdateSigningCertificate', { ...alice, status: 'Active' }, null, { ...ofCertificate, status: 'Active' }],
    ['DeleteSigningCertificate', alice, null, { ...ofCertificate, status: undefined }],
    [
      'CreateServiceSpecificCredential',
      { userName: 'Alice', serviceName: 'CodeCommit.amazonaws.com' },
      { serviceSpecificCredential: credential },
      { ...ofCredential, status: 'Active', serviceName: 'codecommit.amazonaws.com' },
    ],
    [
      'UpdateServiceSpecificCredential',
      { ...alices, status: 'Inactive' },
      null,
      { ...ofCredential, status: 'Inactive', serviceName: undefined },
    ],
    ['DeleteServiceSpecificCredential', alices, null, { ...ofCredential, status: undefined, serviceName: undefined }],
  ])('%s %j', (eventName, requestParameters, responseElements, change) => {
    expect(lessonOf({ eventName, requestParameters, responseElements })).toEqual({
      is: 'change',
      change: {
        ...change,
        previousStatus: undefined,
        changedAt: new Date('2026-01-31T12:00:00Z'),
        changedBy: 'arn:aws:iam::123456789012:user/ops',
        source: 'CLOUDTRAIL',
        call: {
          api: eventName,
          requestId: 'c79bb3a1-6de6-4bd6-9ef6-3f7b6f4cd5e4',
          accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
        },
      },
    })
    expect(recordedApis()).toContain(eventName)
  })
})

describe('whose credential it is,', () => {
  test('where the call names nobody, the caller’s', () => {
    const requestParameters = { certificateId, status: 'Inactive' }
    expect(lessonOf({ requestParameters })).toMatchObject({ change: { userName: 'ops' } })
  })

  test.each([
    ['a role has no credentials', { type: 'AssumedRole', arn: 'arn:aws:sts::123456789012:assumed-role/ops/me' }],
    ['the root user’s name is the account’s alias', { type: 'Root', userName: 'our-alias' }],
  ])('is not known where the call names nobody and %s', (_why, userIdentity) => {
    const lesson = lessonOf({ userIdentity, requestParameters: { certificateId, status: 'Inactive' } })
    expect(lesson).toMatchObject({ is: 'unreadable', reason: 'expected requestParameters.userName to be there' })
  })
})

describe('an upload of a certificate that the user has already changes nothing:', () => {
  test.each([
    ['Jan 31, 2026 11:59:54 AM', 'nothing'],
    ['Jan 30, 2026, 12:00:00\u202fPM', 'nothing'],
    ['Jan 31, 2026 11:59:59 AM', 'change'],
    ['Jan 31, 2026 12:00:01 PM', 'change'],
    ['some day', 'change'],
    [{}, 'change'],
  ])('one uploaded at noon with the date %j is %s', (uploadDate, is) => {
    const responseElements = { certificate: { ...certificate, uploadDate } }
    expect(lessonOf({ eventName: 'UploadSigningCertificate', responseElements })).toMatchObject({ is })
  })
})

describe('a record is no news', () => {
  test.each<[string, Json]>([
    ['of a failed call', { errorCode: 'NoSuchEntityException', errorMessage: 'The Certificate …' }],
    ['of a refused call', { errorCode: 'AccessDenied', requestParameters: null }],
    ['of a call that failed in a way nobody knows', { errorCode: 1 }],
    ['of another service', { eventSource: 'sts.amazonaws.com' }],
    ['of another account', { recipientAccountId: '210987654321' }],
    ['of a new password', { eventName: 'ResetServiceSpecificCredential' }],
    ['of an API by another spelling', { eventName: 'updatesigningcertificate' }],
    ['of an API by the name of what every object has', { eventName: 'constructor' }],
    ['of no API', { eventName: ['UpdateSigningCertificate'] }],
  ])('%s', (_what, members) => {
    expect(lessonOf(members)).toEqual({ is: 'nothing', reason: expect.any(String) })
  })

  test.each([[undefined], [null], ['UpdateSigningCertificate'], [[]]])('where it is %j', detail => {
    expect(readRecord(detail, undefined)).toMatchObject({ is: 'nothing' })
  })
})

test('a record of any account is news where ours is not known', () => {
  expect(readRecord(record({ recipientAccountId: '210987654321' }), undefined)).toMatchObject({ is: 'change' })
})

describe('a record is not trusted:', () => {
  const long = 'A'.repeat(1_000_000)
  const parameters = { ...alice, status: 'Inactive' }
  test.each<[string, Json]>([
    ['requestParameters', { requestParameters: null }],
    ['requestParameters', { requestParameters: [alice] }],
    ['requestParameters', { requestParameters: 'alice' }],
    ['requestParameters.userName', { requestParameters: { ...parameters, userName: 7 } }],
    ['requestParameters.userName', { requestParameters: { ...parameters, userName: long } }],
    ['requestParameters.userName', { requestParameters: { ...parameters, userName: 'alice\n' } }],
    ['requestParameters.certificateId', { requestParameters: { ...parameters, certificateId: {} } }],
    ['requestParameters.certificateId', { requestParameters: { ...parameters, certificateId: 'short' } }],
    ['requestParameters.certificateId', { requestParameters: { ...parameters, certificateId: long } }],
    ['requestParameters.status', { requestParameters: { ...parameters, status: 'Expired' } }],
    ['requestParameters.status', { requestParameters: { ...parameters, status: 'toString' } }],
    ['requestParameters.status', { requestParameters: { ...parameters, status: ['Active'] } }],
    ['responseElements.certificate', { eventName: 'UploadSigningCertificate', responseElements: { certificate: 'x' } }],
    ['responseElements.certificate.certificateId', { eventName: 'UploadSigningCertificate', responseElements: null }],
    ['eventTime', { eventTime: 'yesterday' }],
    ['eventTime', { eventTime: '2026-13-31T12:00:00Z' }],
    ['eventTime', { eventTime: 1769860800 }],
    ['requestID', { requestID: long }],
  ])('an odd %s makes it unreadable, which says what was expected and not what was found', (path, members) => {
    const lesson = lessonOf(members)
    expect(lesson).toMatchObject({ is: 'unreadable', reason: expect.stringContaining(`expected ${path}`) })
    expect(JSON.stringify(lesson).length).toBeLessThan(300)
  })

  test('what every object inherits is no member of it', () => {
    const inherited = Object.create({ userName: 'alice', certificateId, status: 'Inactive' })
    expect(lessonOf({ requestParameters: inherited })).toMatchObject({ is: 'unreadable' })
    const poisoned = JSON.parse(`{"__proto__": ${JSON.stringify(parameters)}}`)
    expect(lessonOf({ requestParameters: poisoned })).toMatchObject({ is: 'unreadable' })
  })
})

test('a record without a request id is known again by its own id', () => {
  const members = { requestID: undefined, eventID: '0d4fbb55' }
  expect(lessonOf(members)).toMatchObject({ change: { call: { requestId: '0d4fbb55' } } })
  expect(lessonOf({ requestID: undefined, eventID: undefined })).toMatchObject({ is: 'unreadable' })
})

describe('a change is told without', () => {
  test.each([
    [{}],
    [null],
    ['ops'],
    [{ arn: `arn:aws:iam::123456789012:user/${'A'.repeat(10_000)}`, accessKeyId: 'A B' }],
    [{ arn: 7, accessKeyId: [] }],
  ])('who did it, where the record says %j', userIdentity => {
    const change = { changedBy: undefined, call: { accessKeyId: undefined } }
    expect(lessonOf({ userIdentity })).toMatchObject({ is: 'change', change })
  })

  test('the service, where its name is odd', () => {
    const responseElements = { serviceSpecificCredential: { ...credential, serviceName: 'code commit' } }
    const lesson = lessonOf({ eventName: 'CreateServiceSpecificCredential', responseElements })
    expect(lesson).toMatchObject({ is: 'change', change: { serviceName: undefined } })
  })
})

function lessonOf(members: Json) {
  return readRecord(record(members), '123456789012')
}
