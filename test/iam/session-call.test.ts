import { describe, expect, test } from 'vitest'
import { beginOperation } from '../../src/iam/operation.ts'
import { updateSigningCertificate } from '../../src/iam/signing-certificate.ts'
import { getUser } from '../../src/iam/user.ts'
import { refusalOf, type StubAnswer, type StubCall } from '../stub-iam.ts'
import { granted, own, type StubCallers, signerOf, startStubCallers } from './stub-callers.ts'
import { aPrincipal } from './token.ts'

const alice = aPrincipal()
const certificate = { userName: 'alice', certificateId: 'A'.repeat(32) }
const update = ({ iam }: Pick<StubCallers, 'iam'>, status: 'Active' | 'Inactive') =>
  updateSigningCertificate(iam, { ...certificate, status })

const [first, second] = ['ASIAreaderalice1', 'ASIAreaderalice2']
const gone = refusalOf('InvalidClientTokenId', 403)

/** STS gives a new key each time; IAM answers by it. */
const byKey = (answer: (key: string, call: StubCall) => StubAnswer | undefined) => (call: StubCall) => {
  if (call.action !== 'AssumeRoleWithWebIdentity') return answer(signerOf(call) ?? '', call)
  return granted({ ...call, parameters: { ...call.parameters, RoleSessionName: `alice${call.earlier + 1}` } })
}
/** Of the session that a caller has by then, AWS takes nothing any more. */
const firstIsGone = byKey(key => (key === first ? gone : undefined))

describe('a session that AWS takes no longer', () => {
  test.each([
    ['InvalidClientTokenId', 403],
    ['ExpiredToken', 403],
    ['ExpiredToken', 400],
  ])('is exchanged anew where IAM says %s (%i), and the question asked once more', async (code, status) => {
    await using stubbed = await startStubCallers(byKey(key => (key === first ? refusalOf(code, status) : undefined)))
    expect(await getUser(stubbed.as(alice), 'carol')).toMatchObject({ userName: 'alice' })
    expect(stubbed.signed).toEqual([`GetUser ${first}`, `GetUser ${second}`])
    await getUser(stubbed.as(alice), 'dave')
    expect([stubbed.signed.at(-1), stubbed.exchanges.length]).toEqual([`GetUser ${second}`, 2])
  })

  test('is exchanged once for all questions that were under way, and for those that waited for their turn', async () => {
    await using stubbed = await startStubCallers(firstIsGone)
    const names = Array.from({ length: 100 }, (_, index) => `user-${index}`)
    await Promise.all(names.map(name => getUser(stubbed.as(alice), name)))
    expect(stubbed.exchanges).toHaveLength(2)
    expect(stubbed.signed.filter(call => call.endsWith(second))).toHaveLength(100)
  })

  test.each(['Active', 'Inactive'] as const)('had no change made in it, which is made once more: %s', async status => {
    await using stubbed = await startStubCallers(firstIsGone)
    const changed = await update({ iam: stubbed.as(alice) }, status)
    expect(changed).toMatchObject({ accessKeyId: second })
    expect(stubbed.signed).toEqual([`UpdateSigningCertificate ${first}`, `UpdateSigningCertificate ${second}`])
  })

  test('counts as one call of the operation’s, as what IAM throttled does', async () => {
    await using stubbed = await startStubCallers(firstIsGone)
    const operation = beginOperation({ timeout: 60_000, maxCalls: 1 })
    await getUser(stubbed.as(alice).on(operation), 'carol')
    operation.end()
    expect([operation.cost.calls, stubbed.signed.length]).toEqual([2, 2])
  })

  test('that is new and refused, too, has that for its answer, and STS is left alone for a moment', async () => {
    const doubts: unknown[] = []
    let time = Date.now()
    await using stubbed = await startStubCallers(
      byKey(() => gone),
      { now: () => time, onDoubt: (...doubt) => doubts.push(doubt) },
    )
    const refused = { code: 'InvalidClientTokenId', requestId: 'stub-refusal' }
    await expect(getUser(stubbed.as(alice), 'carol')).rejects.toMatchObject(refused)
    await expect(getUser(stubbed.as(alice), 'dave')).rejects.toMatchObject(refused)
    await expect(update({ iam: stubbed.as(alice) }, 'Inactive')).rejects.toMatchObject(refused)
    expect([stubbed.signed.length, stubbed.exchanges.length, doubts]).toEqual([4, 2, []])
    time += 5_000
    await expect(getUser(stubbed.as(alice), 'eve')).rejects.toMatchObject(refused)
    expect([stubbed.signed.length, stubbed.exchanges.length]).toEqual([6, 3])
  })

  test.each([
    ['refuses', refusalOf('AccessDenied', 403)],
    ['is silent', 'reset'],
  ] as const)(
    'and that STS %s to renew: IAM’s refusal is the answer, and nothing was changed',
    async (_what, answer) => {
      const doubts: unknown[] = []
      await using stubbed = await startStubCallers(
        call => (call.action === 'AssumeRoleWithWebIdentity' && call.earlier > 0 ? answer : firstIsGone(call)),
        { onDoubt: (...doubt) => doubts.push(doubt) },
      )
      await expect(update({ iam: stubbed.as(alice) }, 'Inactive')).rejects.toMatchObject({
        code: 'InvalidClientTokenId',
      })
      expect([stubbed.signed.length, doubts, stubbed.iam.answersLately()]).toEqual([1, [], true])
      expect(stubbed.exchanges.length).toBeGreaterThan(1)
    },
  )

  test('ends no doubt: whether the attempt before was made nobody knows', async () => {
    await using stubbed = await startStubCallers(
      byKey((_key, { action, earlier }) =>
        action !== 'UpdateSigningCertificate' ? undefined : earlier === 0 ? 'reset' : gone,
      ),
    )
    await expect(update({ iam: stubbed.as(alice) }, 'Inactive')).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    expect(stubbed.signed).toEqual([first, first, second].map(key => `UpdateSigningCertificate ${key}`))
  })

  test('is a caller’s: in its own name the gateway asks once', async () => {
    await using stubbed = await startStubCallers(byKey(() => gone))
    await expect(getUser(stubbed.iam, 'carol')).rejects.toMatchObject({ code: 'InvalidClientTokenId' })
    await expect(update(stubbed, 'Inactive')).rejects.toMatchObject({ code: 'InvalidClientTokenId' })
    expect(stubbed.signed).toEqual([`GetUser ${own.accessKeyId}`, `UpdateSigningCertificate ${own.accessKeyId}`])
    expect(stubbed.exchanges).toEqual([])
  })
})
