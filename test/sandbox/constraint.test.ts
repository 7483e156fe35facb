import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { sendRaw, signCall } from './raw.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ users: 2 })
})
afterAll(() => sandbox.close())

async function refused(parameters: Readonly<Record<string, string>>) {
  const answer = await sendRaw(sandbox, signCall(sandbox, { UserName: 'alice', ...parameters }))
  const message = answer.element('Message')?.replaceAll('&apos;', "'")
  return { status: answer.status, code: answer.element('Code'), message }
}

const id = 'A'.repeat(32)
const one = (violation: string) => `1 validation error detected: Value at ${violation}`
const list = { Action: 'ListSigningCertificates' }
const remove = { Action: 'DeleteSigningCertificate' }
const upload = { Action: 'UploadSigningCertificate' }
const removeCredential = { Action: 'DeleteServiceSpecificCredential' }

describe('a broken constraint is a ValidationError that says which:', () => {
  test.each([
    [
      { ...list, UserName: '' },
      "'userName' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
    [
      { ...list, UserName: 'x'.repeat(129) },
      "'userName' failed to satisfy constraint: Member must have length less than or equal to 128",
    ],
    [
      { ...list, MaxItems: '0' },
      "'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ],
    [
      { ...list, MaxItems: '1001' },
      "'maxItems' failed to satisfy constraint: Member must have value less than or equal to 1000",
    ],
    [
      { ...list, Marker: 'x'.repeat(321) },
      "'marker' failed to satisfy constraint: Member must have length less than or equal to 320",
    ],
    [
      { ...list, Marker: 'x\u0100' },
      "'marker' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\u0020-\\u00FF]+",
    ],
    [
      { ...remove, CertificateId: 'A'.repeat(23) },
      "'certificateId' failed to satisfy constraint: Member must have length greater than or equal to 24",
    ],
    [
      { ...remove, CertificateId: 'A'.repeat(129) },
      "'certificateId' failed to satisfy constraint: Member must have length less than or equal to 128",
    ],
    [
      { ...remove, CertificateId: `${id}!` },
      "'certificateId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w]+",
    ],
    [
      { ...removeCredential, ServiceSpecificCredentialId: 'A'.repeat(19) },
      "'serviceSpecificCredentialId' failed to satisfy constraint: Member must have length greater than or equal to 20",
    ],
    [
      { ...upload, CertificateBody: 'x'.repeat(16_385) },
      "'certificateBody' failed to satisfy constraint: Member must have length less than or equal to 16384",
    ],
    [
      { ...upload, CertificateBody: 'x\u0100' },
      "'certificateBody' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+",
    ],
    [
      { Action: 'ListUsers', PathPrefix: '/'.repeat(513) },
      "'pathPrefix' failed to satisfy constraint: Member must have length less than or equal to 512",
    ],
  ])('%o', async (parameters, violation) => {
    expect(await refused(parameters)).toEqual({ status: 400, code: 'ValidationError', message: one(violation) })
  })
})

test('a required member left out is a broken constraint, too', async () => {
  expect(await refused(remove)).toEqual({
    status: 400,
    code: 'ValidationError',
    message:
      "1 validation error detected: Value null at 'certificateId' failed to satisfy constraint: Member must not be null",
  })
})

test('what just fits passes', async () => {
  const missing = { status: 404, code: 'NoSuchEntity' }
  for (const CertificateId of ['A'.repeat(24), 'a_0'.padEnd(128, 'Z')]) {
    expect(await refused({ ...remove, CertificateId })).toMatchObject(missing)
  }
  expect(await refused({ ...list, UserName: 'x'.repeat(128) })).toMatchObject(missing)
  for (const MaxItems of ['1', '1000']) {
    expect(await refused({ ...list, MaxItems })).toEqual({ status: 200, code: undefined, message: undefined })
  }
})

test('several are reported together, before anything is looked up', async () => {
  expect(
    await refused({ Action: 'UpdateSigningCertificate', UserName: 'x'.repeat(200), CertificateId: 'x!', Status: 'On' }),
  ).toEqual({
    status: 400,
    code: 'ValidationError',
    message: [
      "4 validation errors detected: Value at 'userName' failed to satisfy constraint: Member must have length less than or equal to 128",
      "Value at 'certificateId' failed to satisfy constraint: Member must have length greater than or equal to 24",
      "Value at 'certificateId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w]+",
      "Value at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive, Expired]",
    ].join('; '),
  })
})

test('bad characters in a user name come after the others, in words of their own', async () => {
  const { message } = await refused({ ...list, UserName: 'a b', MaxItems: '0' })
  expect(message).toContain("1 validation error detected: Value at 'maxItems'")
  expect(await refused({ ...list, UserName: 'a b', MaxItems: '1' })).toEqual({
    status: 400,
    code: 'ValidationError',
    message:
      'The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-',
  })
})

test.each(['1.0', '1e0', '', 'ten', '0x10', ' 1'])('MaxItems "%s", no integer, is MalformedInput', async MaxItems => {
  expect(await refused({ ...list, MaxItems })).toMatchObject({ status: 400, code: 'MalformedInput' })
})

test('a flag is true or false', async () => {
  const answer = await refused({ Action: 'ListServiceSpecificCredentials', AllUsers: 'yes' })
  expect(answer).toMatchObject({ status: 400, code: 'MalformedInput' })
})

test('members nobody declared are ignored', async () => {
  expect(await refused({ ...list, Colour: 'red' })).toMatchObject({ status: 200 })
})
