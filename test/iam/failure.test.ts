import { errors } from 'undici'
import { describe, expect, test } from 'vitest'
import { IamError } from '../../src/iam/errors.ts'
import { changeFailure, type Fate, fateOf, questionFailure } from '../../src/iam/failure.ts'

const answer = (Code: string, httpStatusCode: number, more: object = {}) =>
  Object.assign(new Error('As IAM said.'), { Code, $metadata: { httpStatusCode, requestId: 'id', ...more } })
const system = (code: string, syscall: string) => Object.assign(new Error(code), { code, syscall })
const noCredentials = Object.assign(new Error('none'), { name: 'CredentialsProviderError' })

test.each<[string, unknown, Fate]>([
  ['throttled', answer('Throttling', 400), 'deferred'],
  ['signed by a wrong clock', answer('SignatureDoesNotMatch', 403, { clockSkewCorrected: true }), 'deferred'],
  ['wrongly signed', answer('SignatureDoesNotMatch', 403), 'refused'],
  // The SDK notes a corrected clock on every refusal while the clock is wrong.
  ['refused while the clock is wrong', answer('NoSuchEntity', 404, { clockSkewCorrected: true }), 'refused'],
  ['over quota', answer('LimitExceeded', 409), 'refused'],
  ['failed', answer('ServiceFailure', 500), 'failed'],
  ['unavailable', answer('ServiceUnavailable', 503), 'failed'],
  ['refused by a closed port', system('ECONNREFUSED', 'connect'), 'unsent'],
  ['without a route', system('EHOSTUNREACH', 'connect'), 'unsent'],
  ['to an address that does not answer', new errors.ConnectTimeoutError('Connect Timeout Error'), 'unsent'],
  ['without a name', system('ENOTFOUND', 'getaddrinfo'), 'unsent'],
  ['without credentials', noCredentials, 'unsent'],
  [
    'refused at every address',
    new AggregateError([system('ECONNREFUSED', 'connect'), system('ETIMEDOUT', 'connect')]),
    'unsent',
  ],
  ['cut off from an open connection', system('EHOSTUNREACH', 'read'), 'lost'],
  ['reset', system('ECONNRESET', 'read'), 'lost'],
  ['unreadable', new Error('no XML'), 'lost'],
  ['no error at all', undefined, 'lost'],
])('a call that is %s', (_what, error, fate) => {
  expect(fateOf(error)).toBe(fate)
})

describe('a question that fails', () => {
  test("has IAM's code, words and request id", () => {
    expect(questionFailure(answer('NoSuchEntity', 404))).toMatchObject({
      code: 'NoSuchEntity',
      message: 'As IAM said.',
      requestId: 'id',
    })
  })

  test('for want of credentials says so', () => {
    expect(questionFailure(noCredentials)).toMatchObject({
      code: 'IAM_UNREACHABLE',
      message: 'The gateway has no AWS credentials to ask IAM with.',
      cause: noCredentials,
    })
  })

  test('because its answer was not complete tells that', () => {
    const incomplete = IamError.own('IAM_UNREACHABLE', "IAM's answer was not complete.")
    expect(questionFailure(incomplete)).toBe(incomplete)
  })
})

describe('a change that fails', () => {
  test.each<[string, unknown, string, string]>([
    ['refused', answer('LimitExceeded', 409), 'LimitExceeded', 'OUTCOME_UNKNOWN'],
    ['of what is not there', answer('NoSuchEntity', 404), 'NoSuchEntity', 'NoSuchEntity'],
    ['failed', answer('ServiceFailure', 500), 'ServiceFailure', 'ServiceFailure'],
    ['throttled', answer('Throttling', 400), 'Throttling', 'OUTCOME_UNKNOWN'],
    ['not sent', system('ECONNREFUSED', 'connect'), 'IAM_UNREACHABLE', 'OUTCOME_UNKNOWN'],
    ['lost', system('ECONNRESET', 'read'), 'OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN'],
  ])('because it was %s', (_what, error, code, codeWhereDoubtful) => {
    expect(changeFailure(error, false).code).toBe(code)
    expect(changeFailure(error, true).code).toBe(codeWhereDoubtful)
  })
})
