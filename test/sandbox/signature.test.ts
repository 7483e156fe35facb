import { GetUserCommand } from '@aws-sdk/client-iam'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { createIamClient } from './client.ts'
import { type Signing, sendRaw, signCall } from './raw.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox.close())

const getUser = { Action: 'GetUser', UserName: 'gateway' }

async function send(signing: Signing = {}, headers: Readonly<Record<string, string>> = {}) {
  const call = signCall(sandbox, getUser, signing)
  return sendRaw(sandbox, { ...call, headers: { ...call.headers, ...headers } })
}

async function refused(signing: Signing, headers: Readonly<Record<string, string>> = {}) {
  const answer = await send(signing, headers)
  return { status: answer.status, code: answer.element('Code'), message: answer.element('Message') }
}

const minutes = (count: number) => new Date(Date.now() + count * 60_000)

describe('a signed call', () => {
  test('passes from the SDK and from a signer of our own', async () => {
    const { User } = await createIamClient(sandbox).send(new GetUserCommand({ UserName: 'gateway' }))
    expect(User?.UserName).toBe('gateway')
    const answer = await send()
    expect([answer.status, answer.element('UserName')]).toEqual([200, 'gateway'])
  })

  test('may come with a query string, runs of spaces in a header, and a clock a little off', async () => {
    expect((await send({ path: '/?a=1&b=x%20y' })).status).toBe(200)
    expect((await send({ headers: { 'x-amz-note': '  two   words ' } })).status).toBe(200)
    expect((await send({ date: minutes(-4) })).status).toBe(200)
    expect((await send({ date: minutes(4) })).status).toBe(200)
  })

  test('is known by the key in the log, also when it was refused', async () => {
    sandbox.clearCalls()
    await send()
    await send({ secretAccessKey: 'wrong' })
    const { accessKeyId } = sandbox.credentials
    expect(sandbox.calls.map(call => [call.accessKeyId, call.status, call.code])).toEqual([
      [accessKeyId, 200, undefined],
      [accessKeyId, 403, 'SignatureDoesNotMatch'],
    ])
  })
})

describe('the signature is refused', () => {
  test('when there is none', async () => {
    const answer = await sendRaw(sandbox, { body: 'Action=GetUser&Version=2010-05-08' })
    expect([answer.status, answer.element('Code'), answer.element('Message')]).toEqual([
      403,
      'MissingAuthenticationToken',
      'Request is missing Authentication Token',
    ])
  })

  test('when nobody has the access key', async () => {
    expect(await refused({ accessKeyId: 'AKIAAAAAAAAAAAAAAAAA' })).toEqual({
      status: 403,
      code: 'InvalidClientTokenId',
      message: 'The security token included in the request is invalid',
    })
  })

  const mismatch = {
    status: 403,
    code: 'SignatureDoesNotMatch',
    message:
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  }

  test('when it was made with another secret', async () => {
    expect(await refused({ secretAccessKey: 'another' })).toEqual(mismatch)
  })

  test('when the body, a signed header, the query or the signature itself was changed on the way', async () => {
    const call = signCall(sandbox, getUser, { headers: { 'x-amz-note': 'one' } })
    const { authorization = '' } = call.headers
    const changed = [
      { ...call, body: `${call.body}x` },
      { ...call, headers: { ...call.headers, 'x-amz-note': 'two' } },
      { ...call, path: '/?a=1' },
      { ...call, headers: { ...call.headers, authorization: authorization.slice(0, -1) } },
    ]
    for (const request of changed) {
      const answer = await sendRaw(sandbox, request)
      expect([answer.status, answer.element('Code'), answer.element('Message')]).toEqual(Object.values(mismatch))
    }
  })

  test('when the clock is off by more than five minutes', async () => {
    const expired = await refused({ date: minutes(-6) })
    expect(expired).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
    expect(expired.message).toMatch(
      /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)$/,
    )
    const early = await refused({ date: minutes(6) })
    expect(early).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
    expect(early.message).toMatch(/^Signature not yet current: \S+ is still later than \S+ \(\S+ \+ 5 min\.\)$/)
  })

  test('when its scope names another region, another API, another ending, or another day', async () => {
    const messages = await Promise.all(
      [{ region: 'eu-west-1' }, { service: 's3' }, { terminator: 'aws5' }].map(async signing => {
        const { status, code, message } = await refused(signing)
        expect([status, code]).toEqual([403, 'SignatureDoesNotMatch'])
        return message
      }),
    )
    expect(messages).toEqual([
      'Credential should be scoped to a valid region, not &apos;eu-west-1&apos;.',
      'Credential should be scoped to correct service: &apos;iam&apos;.',
      'Credential should be scoped with a valid terminator: &apos;aws4_request&apos;, not &apos;aws5&apos;.',
    ])
    const otherDay = await refused({}, { 'x-amz-date': '20200101T000000Z' })
    expect(otherDay.message).toContain('Date in Credential scope does not match YYYYMMDD')
  })

  test('when it does not cover the host', async () => {
    const call = signCall(sandbox, getUser)
    const authorization = (call.headers['authorization'] ?? '').replace(';host;', ';')
    const answer = await sendRaw(sandbox, { ...call, headers: { ...call.headers, authorization } })
    expect(answer.element('Message')).toContain('must be a &apos;SignedHeader&apos;')
  })

  test.each([
    ['Basic Zm9vOmJhcg==', 'Unsupported AWS &apos;algorithm&apos;: &apos;Basic&apos;'],
    ['AWS4-HMAC-SHA256', 'requires &apos;Credential&apos; parameter.'],
    ['AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0', 'exactly 5 slash-delimited elements'],
    ['AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host', 'requires &apos;Signature&apos; parameter.'],
  ])('as incomplete when it reads %s', async (authorization, message) => {
    const answer = await refused({}, { authorization })
    expect(answer).toMatchObject({ status: 400, code: 'IncompleteSignature' })
    expect(answer.message).toContain(message)
  })

  test('as incomplete without a readable date', async () => {
    expect(await refused({}, { 'x-amz-date': 'yesterday' })).toMatchObject({ status: 400, code: 'IncompleteSignature' })
    const { 'x-amz-date': _, ...headers } = signCall(sandbox, getUser).headers
    const answer = await sendRaw(sandbox, { ...signCall(sandbox, getUser), headers })
    expect([answer.status, answer.element('Code')]).toEqual([400, 'IncompleteSignature'])
  })
})
