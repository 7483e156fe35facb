import type { IncomingHttpHeaders } from 'node:http'
import { describe, expect, test } from 'vitest'
import { getUser } from '../../src/iam/user.ts'
import { htmlOf, refusalOf, type StubAnswer } from '../stub-iam.ts'
import { inTurn, startStubClient, user } from './stub-client.ts'

describe('a question', () => {
  test.each<[string, StubAnswer]>([
    ['IAM fails', refusalOf('ServiceFailure', 500)],
    ['a proxy answers in its place', htmlOf(502)],
    ['a page answers that is no XML', htmlOf(403)],
    ['the connection is reset', 'reset'],
    ['the connection is closed', 'close'],
    ['the answer breaks off', { ...(user as object), body: '<GetUserResponse>', cut: 'reset' }],
  ])('is asked again where %s', async (_where, failure) => {
    await using client = await startStubClient(inTurn(failure, failure, user))
    expect(await getUser(client.iam, 'alice')).toMatchObject({ userName: 'alice' })
    expect(client.stub.calls).toHaveLength(3)
  })

  test('is asked again where IAM throttles', async () => {
    await using client = await startStubClient(inTurn(refusalOf('Throttling'), user))
    expect(await getUser(client.iam, 'alice')).toMatchObject({ userName: 'alice' })
    expect(client.stub.calls).toHaveLength(2)
  })

  test('is asked again where it was signed by a clock that is wrong: then by the time of IAM', async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString()
    const late = refusalOf('SignatureDoesNotMatch', 403, 'Signature expired', { date })
    await using client = await startStubClient(inTurn(late, user))
    expect(await getUser(client.iam, 'alice')).toMatchObject({ userName: 'alice' })
    const [first, second] = client.stub.calls.map(({ headers }) => signedAt(headers))
    expect(first).toBeLessThan(Date.parse(date))
    expect(second).toBeGreaterThanOrEqual(Date.parse(date))
  })

  test.each(['LimitExceeded', 'NoSuchEntity', 'AccessDenied', 'SignatureDoesNotMatch', 'ExpiredToken'])(
    'is asked once where IAM judged it: %s',
    async code => {
      await using client = await startStubClient(() => refusalOf(code, 403, 'No.'))
      await expect(getUser(client.iam, 'alice')).rejects.toMatchObject({
        code,
        message: 'No.',
        requestId: 'stub-refusal',
      })
      expect(client.stub.calls).toHaveLength(1)
    },
  )

  test('gives up in the end, with what IAM said last', async () => {
    await using client = await startStubClient(() => refusalOf('ServiceFailure', 500))
    await expect(getUser(client.iam, 'alice')).rejects.toMatchObject({ code: 'ServiceFailure' })
    expect(client.stub.calls).toHaveLength(3)
  })

  test.each<[string, StubAnswer]>([
    ['never comes', 'hang'],
    ['stops in its middle', { ...(user as object), body: '<GetUserResponse>', cut: 'stall' }],
  ])('whose answer %s is given up in time', async (_what, answer) => {
    await using client = await startStubClient(() => answer, { callTimeout: 100 })
    await expect(getUser(client.iam, 'alice')).rejects.toMatchObject({ code: 'IAM_UNREACHABLE', requestId: null })
    expect(client.stub.calls).toHaveLength(3)
  })

  test.each<[string, StubAnswer]>([
    ['a page', { headers: { 'content-type': 'text/html' }, body: '<html><body>Sign in first.</body></html>' }],
    ['nothing', { body: '' }],
  ])('that is answered 200 with %s was not answered by IAM', async (_what, answer) => {
    await using client = await startStubClient(() => answer)
    await expect(getUser(client.iam, 'alice')).rejects.toMatchObject({ code: 'IAM_UNREACHABLE' })
  })

  test('of a refused connection could not be asked', async () => {
    await using client = await startStubClient(() => user)
    await client.stub.close()
    await expect(getUser(client.iam, 'alice')).rejects.toMatchObject({ code: 'IAM_UNREACHABLE' })
  })
})

function signedAt(headers: IncomingHttpHeaders): number {
  const [, ...parts] = /^(....)(..)(..T..)(..)(..Z)$/.exec(String(headers['x-amz-date'])) ?? []
  return Date.parse(`${parts.slice(0, 3).join('-')}:${parts.slice(3).join(':')}`)
}
