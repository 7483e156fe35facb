import { describe, expect, test } from 'vitest'
import * as errors from '../../src/iam/errors.ts'
import { IamError, iamError, isRefusal, withoutSecret } from '../../src/iam/errors.ts'

describe('a code of IAM', () => {
  test.each([
    ['NoSuchEntity', errors.NoSuchEntityError],
    ['LimitExceeded', errors.LimitExceededError],
    ['EntityAlreadyExists', errors.EntityAlreadyExistsError],
    ['MalformedCertificate', errors.MalformedCertificateError],
    ['InvalidCertificate', errors.InvalidCertificateError],
    ['DuplicateCertificate', errors.DuplicateCertificateError],
    ['ConcurrentModification', errors.ConcurrentModificationError],
    ['InvalidInput', errors.InvalidInputError],
    ['ServiceFailure', errors.ServiceFailureError],
    ['ValidationError', errors.ValidationError],
    ['AccessDenied', errors.AccessDeniedError],
    ['Throttling', errors.ThrottlingError],
    ['ExpiredToken', IamError],
    ['NoSuchEntityException', IamError],
  ])('%s has its class', (code, type) => {
    const error = iamError(code, 'No.', 'id')
    expect(error.constructor).toBe(type)
    expect(error).toMatchObject({ code, message: 'No.', requestId: 'id', extensions: { code, requestId: 'id' } })
  })

  test('without a request id does not pretend to one', () => {
    expect(iamError('NoSuchEntity', 'No.', null).extensions).toEqual({ code: 'NoSuchEntity' })
    expect(IamError.own('OUTCOME_UNKNOWN', 'Unknown.').extensions).toEqual({ code: 'OUTCOME_UNKNOWN' })
  })
})

describe('a refusal', () => {
  test.each(['NoSuchEntity', 'AccessDenied', 'ValidationError', 'LimitExceeded', 'ExpiredToken'])('is %s', code => {
    expect(isRefusal(iamError(code, 'No.', null))).toBe(true)
  })

  test.each([
    'Throttling',
    'ServiceFailure',
    'InternalFailure',
    'ServiceUnavailable',
    'RequestExpired',
    'OUTCOME_UNKNOWN',
    'IAM_UNREACHABLE',
  ])('is not %s, which passes', code => {
    expect(isRefusal(iamError(code, 'No.', null))).toBe(false)
  })

  test('is not an error of any other kind', () => {
    expect(isRefusal(new Error('NoSuchEntity'))).toBe(false)
  })
})

describe('from a message is cut', () => {
  const body = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'

  test.each([
    [`Certificate ${body} is malformed.`, 'Certificate <body cut> is malformed.'],
    ['Certificate what was sent\nas one is malformed.', 'Certificate <body cut> is malformed.'],
    ['Certificate MIIB is malformed. Try again.', 'Certificate <body cut> is malformed. Try again.'],
    ['Certificate Certificate is malformed. is malformed.', 'Certificate <body cut> is malformed.'],
    [`got ${body}and ${body}.`, 'got <body cut>\nand <body cut>\n.'],
    ['got "-----BEGIN EC PRIVATE KEY-----\\nMHcC', 'got "<body cut>'],
  ])('whatever was sent as a certificate: %j', (message, cut) => {
    expect(withoutSecret(message)).toBe(cut)
    expect(iamError('MalformedCertificate', message, null).message).toBe(cut)
  })

  test('a JWT', () => {
    expect(withoutSecret('Could not verify eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln-_ of the issuer')).toBe(
      'Could not verify <token cut> of the issuer',
    )
  })

  test('a session token that AWS repeats', () => {
    const message =
      "should have been 'POST\n/\n\nhost:sts\nx-amz-security-token:FwoG+/x==\n\nhost;x-amz-security-token'"
    expect(iamError('SignatureDoesNotMatch', message, null).message).toBe(
      "should have been 'POST\n/\n\nhost:sts\nx-amz-security-token:<token cut>\n\nhost;x-amz-security-token'",
    )
  })

  test.each(['The Certificate with id ABC cannot be found.', 'Duplicate certificate uploaded.'])(
    'nothing else: %s',
    message => {
      expect(withoutSecret(message)).toBe(message)
    },
  )
})
