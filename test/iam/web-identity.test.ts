import { describe, expect, test } from 'vitest'
import { createIamClient } from '../../src/iam/client.ts'
import { beginOperation } from '../../src/iam/operation.ts'
import { createPacer } from '../../src/iam/pacer.ts'
import { listSigningCertificates, updateSigningCertificate } from '../../src/iam/signing-certificate.ts'
import { getUser } from '../../src/iam/user.ts'
import { createSessions } from '../../src/iam/web-identity.ts'
import { anonymous } from '../../src/principal.ts'
import { htmlOf, refusalOf, type StubAnswer, type StubCall, startStubIam } from '../stub-iam.ts'
import { granted, own, role, startStubCallers } from './stub-callers.ts'
import { aPrincipal, aToken } from './token.ts'

const admin = 'arn:aws:iam::111111111111:role/admin'
const page = { userName: 'alice', marker: undefined, maxItems: 100 }
const disable = { userName: 'alice', certificateId: 'A'.repeat(32), status: 'Inactive' } as const

const alice = aPrincipal()
const bob = aPrincipal(aToken({ subject: 'bob' }))
const toExchange = (answer: (earlier: number) => StubAnswer | undefined) => (call: StubCall) =>
  call.action === 'AssumeRoleWithWebIdentity' ? answer(call.earlier) : undefined

describe('in a caller’s name', () => {
  test('the token is exchanged once, unsigned, and IAM is asked with what came of it', async () => {
    await using stubbed = await startStubCallers()
    await Promise.all(['carol', 'dave', 'eve'].map(name => getUser(stubbed.as(alice), name)))
    expect(stubbed.exchanges).toHaveLength(1)
    expect(stubbed.exchanges[0]).toMatchObject({
      parameters: {
        RoleArn: role,
        RoleSessionName: 'alice',
        WebIdentityToken: alice.token?.text,
        DurationSeconds: '3600',
      },
    })
    expect(stubbed.exchanges[0]?.headers).not.toHaveProperty('authorization')
    expect(stubbed.signed).toEqual(Array(3).fill('GetUser ASIAreaderalice'))
    expect(stubbed.stub.calls.at(-1)?.headers['x-amz-security-token']).toBe('session of readeralice')
  })

  test('each asks for himself, and the gateway goes on asking for itself', async () => {
    await using stubbed = await startStubCallers()
    await getUser(stubbed.as(alice), 'carol')
    await getUser(stubbed.as(bob), 'carol')
    await getUser(stubbed.iam, 'carol')
    await updateSigningCertificate(stubbed.as(bob), disable)
    expect(stubbed.signed).toEqual([
      'GetUser ASIAreaderalice',
      'GetUser ASIAreaderbob',
      'GetUser AKIAOWN',
      'UpdateSigningCertificate ASIAreaderbob',
    ])
  })

  test('changes are made by the assumed role’s ARN, as STS and CloudTrail call it', async () => {
    await using stubbed = await startStubCallers()
    expect(stubbed.sessions.of(alice).arn).toBe('arn:aws:sts::111111111111:assumed-role/reader/alice')
    expect([stubbed.as(alice).session?.arn, stubbed.iam.session]).toEqual([stubbed.sessions.of(alice).arn, undefined])
  })

  test('the role is the one that the token names', async () => {
    await using stubbed = await startStubCallers(undefined, { roles: [role, admin], roleClaim: 'role' })
    const asked = { ...aToken(), claims: { role: 'admin' } }
    await getUser(stubbed.as(aPrincipal(asked)), 'carol')
    expect(stubbed.signed).toEqual(['GetUser ASIAadminalice'])
    expect(() => stubbed.sessions.of(alice)).toThrow(expect.objectContaining({ code: 'ROLE_REFUSED' }))
  })

  test('whoever showed no token asks nothing and changes nothing, nor does the gateway for him', async () => {
    await using stubbed = await startStubCallers()
    const nobody = stubbed.as(anonymous)
    const refused = { code: 'ROLE_REFUSED' }
    await expect(getUser(nobody, 'carol')).rejects.toMatchObject(refused)
    await expect(updateSigningCertificate(nobody, disable)).rejects.toMatchObject(refused)
    expect(stubbed.stub.calls).toEqual([])
  })
})

describe('a session', () => {
  const tags = 'https://aws.amazon.com/tags'
  const tagged = (team: string) => ({ [tags]: { principal_tags: { team: [team] } } })

  test.each([
    ['another token', aToken(), true],
    ['the same claims', aToken({ claims: { [tags]: undefined } }), true],
    ['another issuer', aToken({ issuer: 'https://other.example' }), false],
    ['another subject', aToken({ subject: 'bob' }), false],
    ['tags', aToken({ claims: tagged('red') }), false],
    ['a source identity', aToken({ claims: { 'https://aws.amazon.com/source_identity': 'alice' } }), false],
    ['another audience, which the role may not trust', aToken({ claims: { aud: 'other' } }), false],
  ])('of a token with %s: is it the same?', async (_which, token, isSame) => {
    await using stubbed = await startStubCallers()
    const before = stubbed.sessions.of(alice)
    expect(stubbed.sessions.of(aPrincipal(token)) === before).toBe(isSame)
  })

  test('of the same tags is one, and of others another', async () => {
    await using stubbed = await startStubCallers()
    const [red, again, blue] = ['red', 'red', 'blue'].map(team =>
      stubbed.sessions.of(aPrincipal(aToken({ claims: tagged(team) }))),
    )
    expect([red === again, red === blue]).toEqual([true, false])
  })

  test('that was not used for longest is forgotten, and serves whoever still holds it', async () => {
    await using stubbed = await startStubCallers(undefined, { max: 1 })
    const held = stubbed.as(alice)
    await getUser(held, 'carol')
    await getUser(stubbed.as(bob), 'carol')
    await getUser(held, 'dave')
    expect(stubbed.exchanges).toHaveLength(2)
    await getUser(stubbed.as(alice), 'carol')
    expect(stubbed.exchanges).toHaveLength(3)
  })
})

describe('where there is no session to be had', () => {
  test.each([
    ['AccessDenied', 403],
    ['ExpiredTokenException', 400],
    ['InvalidIdentityToken', 400],
    ['IDPRejectedClaim', 403],
  ])('each question fails with STS’s %s, and STS is asked once for all', async (code, status) => {
    await using stubbed = await startStubCallers(toExchange(() => refusalOf(code, status)))
    const names = Array.from({ length: 100 }, (_, index) => `user-${index}`)
    const rows = await Promise.allSettled(names.map(name => getUser(stubbed.as(alice), name)))
    const told = { status: 'rejected', reason: { code, status, requestId: 'stub-refusal' } }
    expect(rows).toMatchObject(names.map(() => told))
    await expect(getUser(stubbed.as(alice), 'later')).rejects.toMatchObject({ code })
    expect(stubbed.stub.calls).toHaveLength(1)
  })

  test.each([
    ['InvalidIdentityToken', 400, 1],
    ['AccessDenied', 403, 1],
    ['ExpiredTokenException', 400, 1],
    ['IDPRejectedClaim', 403, 1],
    ['PackedPolicyTooLarge', 400, 0],
    ['InternalFailure', 500, 0],
  ])('of STS’s %s it is told whom it refused what, once for each exchange', async (code, status, times) => {
    const refused: unknown[] = []
    await using stubbed = await startStubCallers(
      toExchange(() => refusalOf(code, status)),
      { onRefused: (...told) => refused.push(told) },
    )
    await Promise.allSettled(['carol', 'dave'].map(name => getUser(stubbed.as(alice), name)))
    const { arn } = stubbed.sessions.of(alice)
    const told = [expect.objectContaining({ code }), { name: 'alice', token: alice.token }, arn]
    expect(refused).toEqual(Array(times).fill(told))
  })

  test('a change is refused with STS’s code: IAM was not asked, and nothing is in doubt', async () => {
    const doubts: unknown[] = []
    await using stubbed = await startStubCallers(
      toExchange(() => refusalOf('AccessDenied', 403)),
      { onDoubt: (...doubt) => doubts.push(doubt) },
    )
    await expect(updateSigningCertificate(stubbed.as(alice), disable)).rejects.toMatchObject({ code: 'AccessDenied' })
    expect([stubbed.signed, doubts]).toEqual([[], []])
  })

  test.each([
    ['cannot reach the issuer', refusalOf('IDPCommunicationError', 400)],
    ['fails', refusalOf('InternalFailure', 500)],
    ['throttles', refusalOf('Throttling', 400)],
    ['breaks off', 'reset'],
  ] as const)('the exchange is made again where STS %s', async (_what, trouble) => {
    await using stubbed = await startStubCallers(toExchange(earlier => (earlier < 2 ? trouble : undefined)))
    expect(await getUser(stubbed.as(alice), 'carol')).toMatchObject({ userName: 'alice' })
    expect(stubbed.exchanges).toHaveLength(3)
  })

  test.each([
    ['is silent', 'reset'],
    ['is not STS', htmlOf(200)],
  ] as const)(
    'it is said where STS %s, to the log as well; of a change too, which was not made',
    async (_what, trouble) => {
      const silent: string[] = []
      await using stubbed = await startStubCallers(
        toExchange(() => trouble),
        { onSilence: ({ message }) => silent.push(message) },
      )
      const message =
        "STS could not be reached, or its answer was not one of STS: IAM cannot be asked in the caller's name."
      await expect(getUser(stubbed.as(alice), 'carol')).rejects.toMatchObject({ code: 'IAM_UNREACHABLE', message })
      await expect(updateSigningCertificate(stubbed.as(alice), disable)).rejects.toMatchObject({
        code: 'IAM_UNREACHABLE',
      })
      expect([stubbed.signed, stubbed.exchanges.length, silent]).toEqual([[], 3, [message]])
      expect(stubbed.iam.answersLately()).toBe(true)
    },
  )

  test('nobody waits for STS longer than his operation', async () => {
    await using stubbed = await startStubCallers(toExchange(() => 'hang'))
    const operation = beginOperation({ timeout: 50, maxCalls: 10 })
    const timeout = { code: 'OPERATION_TIMEOUT' }
    await expect(getUser(stubbed.as(alice).on(operation), 'carol')).rejects.toMatchObject(timeout)
    await expect(updateSigningCertificate(stubbed.as(alice).on(operation), disable)).rejects.toMatchObject({
      ...timeout,
      message: 'The operation took longer than 0.05 s. Nothing was changed.',
    })
    expect(stubbed.signed).toEqual([])
  })
})

describe('between callers', () => {
  const remembered = { cacheTtl: 60_000 }

  test('nothing is shared of what is under way, or remembered', async () => {
    await using stubbed = await startStubCallers(undefined, remembered)
    const callers = [stubbed.as(alice), stubbed.as(bob), stubbed.iam]
    for (const _round of [1, 2]) await Promise.all(callers.map(iam => listSigningCertificates(iam, page)))
    expect([...stubbed.signed].sort()).toEqual([
      'ListSigningCertificates AKIAOWN',
      'ListSigningCertificates ASIAreaderalice',
      'ListSigningCertificates ASIAreaderbob',
    ])
  })

  test('nothing is shared by a user name that is made like another’s page', async () => {
    await using stubbed = await startStubCallers(undefined, remembered)
    await getUser(stubbed.as(bob), 'carol')
    const { key } = stubbed.sessions.of(bob)
    for (const name of ['carol', `carol\n${key}`, `carol\n${key}\n{}`]) await getUser(stubbed.as(alice), name)
    expect(stubbed.signed).toHaveLength(4)
  })

  test('what one changes, or is told of, nobody is shown as it was before', async () => {
    await using stubbed = await startStubCallers(undefined, remembered)
    const callers = [stubbed.as(alice), stubbed.as(bob), stubbed.iam]
    const read = () => Promise.all(callers.map(iam => listSigningCertificates(iam, page)))
    await read()
    await updateSigningCertificate(stubbed.as(bob), disable)
    await read()
    expect(stubbed.signed).toHaveLength(7)
    stubbed.iam.forget('SigningCertificate', 'Alice')
    await read()
    expect(stubbed.signed).toHaveLength(10)
  })

  test('who may change nothing has nobody read anew', async () => {
    await using stubbed = await startStubCallers(
      ({ action }) => (action === 'UpdateSigningCertificate' ? refusalOf('AccessDenied', 403) : undefined),
      remembered,
    )
    await listSigningCertificates(stubbed.as(alice), page)
    await expect(updateSigningCertificate(stubbed.as(bob), disable)).rejects.toMatchObject({ code: 'AccessDenied' })
    await listSigningCertificates(stubbed.as(alice), page)
    expect(stubbed.signed).toHaveLength(2)
  })

  test('the rate is one, and they take turns at it', async () => {
    let answer = () => {}
    const answered = new Promise<void>(resolve => {
      answer = resolve
    })
    await using stub = await startStubIam(async call => {
      if (call.action === 'GetUser') await answered
      return granted(call)
    })
    const pacer = createPacer({ concurrency: 1 })
    const iam = createIamClient({ endpoint: stub.url, region: 'us-east-1', credentials: own, pacer })
    const sts = { endpoint: stub.url, region: 'us-east-1' }
    const sessions = createSessions({ sts, roles: [role], roleClaim: undefined, duration: 900 })
    const operations = [alice, alice, bob].map(principal => ({
      iam: iam.as(sessions.of(principal)),
      operation: beginOperation({ timeout: 60_000, maxCalls: 10, caller: principal.key }),
    }))
    await Promise.all(operations.map(each => each.iam.session?.ready()))
    const names = ['first', 'second', 'third']
    const asked = operations.flatMap((each, index) =>
      names.map(name => getUser(each.iam.on(each.operation), `${name}-${index}`)),
    )
    await stub.arrived(3)
    answer()
    await Promise.all(asked)
    const order = stub.calls.flatMap(({ parameters }) => parameters['UserName'] ?? [])
    expect(order).toEqual([
      'first-0',
      'second-0',
      'first-2',
      'first-1',
      'second-2',
      'third-0',
      'third-2',
      'second-1',
      'third-1',
    ])
    for (const { operation } of operations) operation.end()
    sessions.destroy()
    iam.destroy()
  })
})
