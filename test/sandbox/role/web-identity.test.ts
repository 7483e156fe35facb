import { GetUserCommand, ListUsersCommand } from '@aws-sdk/client-iam'
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createStsClient, refusal } from '../client.ts'
import { sendRaw, signCall } from '../raw.ts'
import { createSqsClient, refusal as queueRefusal } from '../sqs/client.ts'
import { allow, everything, startFederation } from './federation.ts'

const tags = 'https://aws.amazon.com/tags'
const sourceIdentity = 'https://aws.amazon.com/source_identity'

afterEach(() => {
  vi.useRealTimers()
})

describe('AssumeRoleWithWebIdentity', () => {
  test('gives a session of the role to the bearer of a token, for as long as it was asked for', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T10:00:00.700Z') })
    await using federation = await startFederation()
    const { sandbox, providerArn } = federation
    const answer = await federation.assume({ DurationSeconds: 900, RoleSessionName: 'alice@example.com' })
    const arn = `arn:aws:sts::${sandbox.accountId}:assumed-role/auditor/alice@example.com`
    expect(answer).toEqual({
      $metadata: expect.objectContaining({ httpStatusCode: 200 }),
      Credentials: {
        AccessKeyId: expect.stringMatching(/^ASIA[A-Z2-7]{16}$/),
        SecretAccessKey: expect.stringMatching(/^.{40}$/),
        SessionToken: expect.stringMatching(/^.{200,}$/),
        Expiration: new Date('2026-11-22T10:15:00Z'),
      },
      SubjectFromWebIdentityToken: 'alice',
      AssumedRoleUser: { AssumedRoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}:alice@example.com$/), Arn: arn },
      Provider: providerArn,
      Audience: 'iam-gateway',
    })
    const [call] = sandbox.calls
    expect(call).toMatchObject({ action: 'AssumeRoleWithWebIdentity', accessKeyId: undefined, status: 200 })
  })

  test('lasts an hour unless said otherwise, and no longer than the role allows', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T10:00:00Z') })
    await using federation = await startFederation(() => [
      { RoleName: 'long', MaxSessionDuration: 7200, PolicyDocument: everything },
    ])
    expect((await federation.assume()).Credentials?.Expiration).toEqual(new Date('2026-11-22T11:00:00Z'))
    const longest = await federation.assume({ DurationSeconds: 7200 })
    expect(longest.Credentials?.Expiration).toEqual(new Date('2026-11-22T12:00:00Z'))
    expect(await federation.refused({ DurationSeconds: 7201 })).toEqual({
      code: 'ValidationError',
      status: 400,
      message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    })
  })

  test.each([
    ['for too short', { DurationSeconds: 899 }, /durationSeconds.*have value greater than or equal to 900/],
    ['with a space in the name', { RoleSessionName: 'Al Ice' }, /roleSessionName.*regular expression pattern: \[\\w/],
    ['with a name too short', { RoleSessionName: 'a' }, /roleSessionName.*have length greater than or equal to 2/],
    ['by a token too long', { WebIdentityToken: 'x'.repeat(20_001) }, /webIdentityToken.*or equal to 20000/],
    ['of what is no ARN', { RoleArn: 'not an ARN of any kind' }, /^Request ARN is invalid$/],
    ['with a policy', { Policy: '{}' }, /does not support a session policy$/],
    ['with policies', { PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/A' }] }, /does not support a session policy$/],
    ['of another kind of provider', { ProviderId: 'www.amazon.com' }, /does not support a ProviderId/],
  ])('%s is a ValidationError', async (_, input, message) => {
    await using federation = await startFederation()
    const refused = await federation.refused(input)
    expect(refused).toMatchObject({ code: 'ValidationError', status: 400 })
    expect(refused.message).toMatch(message)
    expect(federation.sandbox.sessions).toEqual([])
  })

  test('of a role that there is not is denied, and does not say so', async () => {
    await using federation = await startFederation()
    const denied = {
      code: 'AccessDenied',
      status: 403,
      message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
    }
    expect(await federation.refused({ RoleArn: federation.sandbox.roleArn('nobody') })).toEqual(denied)
    expect(await federation.refused({ RoleArn: 'arn:aws:iam::999999999999:role/auditor' })).toEqual(denied)
    expect(await federation.refused({ RoleArn: federation.sandbox.roleArn('operator') })).toEqual(denied)
  })

  test('throttles, and fails where a fault says so, in the words of STS', async () => {
    await using federation = await startFederation()
    const { sandbox } = federation
    const undo = sandbox.fault({ action: 'AssumeRoleWithWebIdentity', answer: { code: 'IDPRejectedClaim' } })
    expect(await federation.refused()).toMatchObject({ code: 'IDPRejectedClaim', status: 403 })
    undo()
    sandbox.fault({ action: 'AssumeRoleWithWebIdentity', times: 1, answer: { code: 'AccessDenied' } })
    expect((await federation.refused()).message).toBe('Not authorized to perform sts:AssumeRoleWithWebIdentity')
    sandbox.setRate({ action: 'AssumeRoleWithWebIdentity', rate: 0.001 })
    await federation.assume()
    expect(await federation.refused()).toMatchObject({ code: 'Throttling' })
  })
})

describe('a session', () => {
  test('signs calls, and is known by its name', async () => {
    await using federation = await startFederation()
    const { sandbox } = federation
    const keys = await federation.keys({ RoleSessionName: 'alice' })
    const arn = `arn:aws:sts::${sandbox.accountId}:assumed-role/auditor/alice`
    expect(await createStsClient(sandbox, keys).send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: sandbox.accountId,
      Arn: arn,
      UserId: expect.stringMatching(/^AROA[A-Z2-7]{17}:alice$/),
    })
    const iam = await federation.iam({ RoleSessionName: 'alice' })
    await iam.send(new ListUsersCommand({}))
    expect(sandbox.calls.at(-1)).toMatchObject({ action: 'ListUsers', callerArn: arn })
  })

  test('has no implicit user', async () => {
    await using federation = await startFederation()
    const iam = await federation.iam()
    expect(await refusal(iam.send(new GetUserCommand({})))).toEqual({
      code: 'ValidationError',
      status: 400,
      message: 'Must specify userName when calling with non-User credentials',
    })
  })

  test('is unknown without its token or with another, and its signature is checked', async () => {
    await using federation = await startFederation()
    const { sandbox } = federation
    const [keys, others] = [await federation.keys(), await federation.keys()]
    const answered = async (signing: object) => {
      const call = signCall(sandbox, { Action: 'GetUser', UserName: 'gateway' }, signing)
      const { status, element } = await sendRaw(sandbox, call)
      return [status, element('Code')]
    }
    expect(await answered(keys)).toEqual([200, undefined])
    const { sessionToken: _, ...tokenless } = keys
    expect(await answered(tokenless)).toEqual([403, 'InvalidClientTokenId'])
    expect(await answered({ ...keys, sessionToken: others.sessionToken })).toEqual([403, 'InvalidClientTokenId'])
    expect(await answered({ ...keys, secretAccessKey: others.secretAccessKey })).toEqual([403, 'SignatureDoesNotMatch'])
  })

  test('is refused once it is over', async () => {
    const begun = new Date('2026-11-22T10:00:00Z').getTime()
    vi.useFakeTimers({ toFake: ['Date'], now: begun })
    await using federation = await startFederation()
    const iam = await federation.iam({ DurationSeconds: 900 })
    vi.setSystemTime(begun + 899_000)
    await iam.send(new ListUsersCommand({}))
    vi.setSystemTime(begun + 900_000)
    expect(await refusal(iam.send(new ListUsersCommand({})))).toEqual({
      code: 'ExpiredToken',
      status: 403,
      message: 'The security token included in the request is expired',
    })
  })

  test('keeps the tags and the source identity of its token', async () => {
    await using federation = await startFederation()
    const claim = { principal_tags: { team: ['platform'], Project: ['x'] }, transitive_tag_keys: ['team'] }
    const answer = await federation.assume({ token: { claims: { [tags]: claim, [sourceIdentity]: 'alice.k' } } })
    expect(answer).toMatchObject({ PackedPolicySize: 1, SourceIdentity: 'alice.k' })
    expect(federation.sandbox.sessions).toEqual([
      {
        accessKeyId: answer.Credentials?.AccessKeyId,
        arn: answer.AssumedRoleUser?.Arn,
        roleArn: federation.sandbox.roleArn('auditor'),
        subject: 'alice',
        tags: { team: 'platform', Project: 'x' },
        transitiveTagKeys: ['team'],
        sourceIdentity: 'alice.k',
        expiration: answer.Credentials?.Expiration,
      },
    ])
  })

  test.each([
    ['a text', 'team=platform'],
    ['no tags', { transitive_tag_keys: [] }],
    ['a value that is no list', { principal_tags: { team: 'platform' } }],
    ['two values', { principal_tags: { team: ['platform', 'security'] } }],
    ['keys that differ by case alone', { principal_tags: { team: ['a'], Team: ['b'] } }],
    ['a transitive key that is no tag', { principal_tags: { team: ['a'] }, transitive_tag_keys: ['project'] }],
    ['a value with a line feed', { principal_tags: { team: ['a\nb'] } }],
  ])('does not begin with tags that are %s', async (_, claim) => {
    await using federation = await startFederation()
    expect(await federation.refused({ token: { claims: { [tags]: claim } } })).toEqual({
      code: 'InvalidIdentityToken',
      status: 400,
      message: 'The session tags in the token are malformed',
    })
  })

  test('does not begin with more tags than there is room for', async () => {
    await using federation = await startFederation()
    const principal_tags = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`t${index}`, ['x'.repeat(256)]]),
    )
    expect(await federation.refused({ token: { claims: { [tags]: { principal_tags } } } })).toMatchObject({
      code: 'PackedPolicyTooLarge',
      status: 400,
    })
  })

  test('reads the queue only where its role allows that', async () => {
    await using federation = await startFederation(() => [
      { RoleName: 'auditor', PolicyDocument: allow('iam:*') },
      { RoleName: 'reader', PolicyDocument: allow('sqs:ReceiveMessage') },
    ])
    const { sandbox } = federation
    const read = async (role: string) => {
      const sqs = createSqsClient(sandbox, { credentials: await federation.keys({ RoleArn: sandbox.roleArn(role) }) })
      return sqs.send(new ReceiveMessageCommand({ QueueUrl: sandbox.queueUrl }))
    }
    expect(await queueRefusal(read('auditor'))).toMatchObject({ name: 'AccessDenied', status: 403 })
    expect(await read('reader')).toMatchObject({ $metadata: { httpStatusCode: 200 } })
  })
})
