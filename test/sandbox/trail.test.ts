import {
  CreateUserCommand,
  DeleteUserCommand,
  GenerateCredentialReportCommand,
  GetCredentialReportCommand,
  GetUserCommand,
  ListServiceSpecificCredentialsCommand,
  ListSigningCertificatesCommand,
  ListUsersCommand,
  UpdateSigningCertificateCommand,
} from '@aws-sdk/client-iam'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createIamClient, createStsClient, refusal } from './client.ts'
import { sendRaw, signCall } from './raw.ts'
import { longDate, startTrail } from './trail.ts'

afterEach(() => {
  vi.useRealTimers()
})

describe('an event', () => {
  test('is an envelope of EventBridge around a record of CloudTrail', async () => {
    await using trail = await startTrail()
    const { sandbox } = trail
    const { $metadata } = await trail.iam.send(new CreateUserCommand({ UserName: 'Eve', Path: '/a/' }))
    const [event] = await trail.events()
    const uuid = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    const second = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    const arn = `arn:aws:iam::${sandbox.accountId}:user/a/Eve`
    expect(event).toEqual({
      version: '0',
      id: uuid,
      'detail-type': 'AWS API Call via CloudTrail',
      source: 'aws.iam',
      account: sandbox.accountId,
      time: event?.detail.eventTime,
      region: 'us-east-1',
      resources: [],
      detail: {
        eventVersion: '1.10',
        userIdentity: {
          type: 'IAMUser',
          principalId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
          arn: `arn:aws:iam::${sandbox.accountId}:user/service/gateway`,
          accountId: sandbox.accountId,
          accessKeyId: sandbox.credentials.accessKeyId,
          userName: 'gateway',
        },
        eventTime: second,
        eventSource: 'iam.amazonaws.com',
        eventName: 'CreateUser',
        awsRegion: 'us-east-1',
        sourceIPAddress: '127.0.0.1',
        userAgent: expect.stringMatching(/^aws-sdk-js\/3/),
        requestParameters: { userName: 'Eve', path: '/a/' },
        responseElements: {
          user: {
            path: '/a/',
            userName: 'Eve',
            userId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
            arn,
            createDate: longDate,
          },
        },
        requestID: $metadata.requestId,
        eventID: uuid,
        readOnly: false,
        eventType: 'AwsApiCall',
        managementEvent: true,
        recipientAccountId: sandbox.accountId,
        eventCategory: 'Management',
      },
    })
    expect(event?.id).not.toBe(event?.detail.eventID)
  })

  test.each([
    ['2023-07-10T12:24:29.000Z', '2023-07-10T12:24:29Z', 'Jul 10, 2023 12:24:29 PM'],
    ['2026-01-31T00:05:09.999Z', '2026-01-31T00:05:09Z', 'Jan 31, 2026 12:05:09 AM'],
    ['2026-12-01T23:59:59.500Z', '2026-12-01T23:59:59Z', 'Dec 1, 2026 11:59:59 PM'],
  ])('at %s says %s, and in its response %s', async (now, time, createDate) => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date(now) })
    await using trail = await startTrail()
    await trail.iam.send(new CreateUserCommand({ UserName: 'Eve' }))
    expect(await trail.events()).toMatchObject([
      { time, detail: { eventTime: time, responseElements: { user: { createDate } } } },
    ])
  })

  test('by a role names the role’s session and who issued it', async () => {
    await using trail = await startTrail()
    const { accountId, roleCredentials } = trail.sandbox
    const role = createIamClient(trail.sandbox, roleCredentials)
    await role.send(new DeleteUserCommand({ UserName: 'Ben' }))
    const [event] = await trail.events()
    const roleId = event?.detail.userIdentity.sessionContext?.sessionIssuer.principalId
    expect(roleId).toMatch(/^AROA[A-Z2-7]{17}$/)
    expect(event?.detail.userIdentity).toEqual({
      type: 'AssumedRole',
      principalId: `${roleId}:sandbox`,
      arn: `arn:aws:sts::${accountId}:assumed-role/operator/sandbox`,
      accountId,
      accessKeyId: roleCredentials.accessKeyId,
      sessionContext: {
        sessionIssuer: {
          type: 'Role',
          principalId: roleId,
          arn: `arn:aws:iam::${accountId}:role/operator`,
          accountId,
          userName: 'operator',
        },
        attributes: { creationDate: expect.stringMatching(/Z$/), mfaAuthenticated: 'false' },
      },
    })
    role.destroy()
  })

  test('comes after its delay, and not before', async () => {
    await using trail = await startTrail({ eventDelay: 3_600_000 })
    await trail.iam.send(new CreateUserCommand({ UserName: 'Cid' }))
    expect(await trail.events()).toEqual([])
    expect(await trail.delayed()).toBe('3')
  })
})

describe('a failed call', () => {
  test.each([
    ['NoSuchEntity', 'nobody', 'NoSuchEntityException', 'The user with name nobody cannot be found.'],
    [
      'ValidationError',
      '*',
      'ValidationError',
      'The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-',
    ],
  ])('with %s is on record with the name of the shape', async (code, UserName, errorCode, errorMessage) => {
    await using trail = await startTrail()
    const update = { UserName, CertificateId: 'A'.repeat(32), Status: 'Active' } as const
    expect(await refusal(trail.iam.send(new UpdateSigningCertificateCommand(update)))).toMatchObject({ code })
    expect(await trail.records()).toEqual([
      {
        eventName: 'UpdateSigningCertificate',
        errorCode,
        errorMessage,
        requestParameters: { userName: UserName, certificateId: update.CertificateId, status: 'Active' },
        responseElements: null,
      },
    ])
  })

  test('that was denied has no parameters on record', async () => {
    await using trail = await startTrail()
    trail.sandbox.fault({ answer: { code: 'AccessDenied' } })
    await refusal(trail.iam.send(new DeleteUserCommand({ UserName: 'ann' })))
    expect(await trail.records()).toEqual([
      {
        eventName: 'DeleteUser',
        errorCode: 'AccessDenied',
        errorMessage: expect.stringContaining('is not authorized to perform: iam:DeleteUser on resource: user ann'),
        requestParameters: null,
        responseElements: null,
      },
    ])
  })

  test('whose number cannot be read has it on record as it came', async () => {
    await using trail = await startTrail()
    const call = { Action: 'CreateServiceSpecificCredential', UserName: 'ann', CredentialAgeDays: '1e0' }
    await sendRaw(trail.sandbox, signCall(trail.sandbox, call))
    expect(await trail.records()).toMatchObject([
      { errorCode: 'MalformedInput', requestParameters: { userName: 'ann', credentialAgeDays: '1e0' } },
    ])
  })

  test('that was performed all the same is on record as performed', async () => {
    await using trail = await startTrail()
    trail.sandbox.fault({ times: 1, after: true, answer: { code: 'ServiceFailure' } })
    trail.sandbox.fault({ times: 1, after: true, answer: 'reset' })
    expect(await refusal(trail.iam.send(new CreateUserCommand({ UserName: 'Cid' })))).toMatchObject({
      code: 'ServiceFailure',
    })
    await expect(trail.iam.send(new CreateUserCommand({ UserName: 'Dot' }))).rejects.toThrow()
    const records = await trail.records()
    expect(records).toMatchObject([
      { responseElements: { user: { userName: 'Cid' } } },
      { responseElements: { user: { userName: 'Dot' } } },
    ])
    expect(records.map(record => 'errorCode' in record)).toEqual([false, false])
  })
})

describe('no event comes of', () => {
  test('reads', async () => {
    await using trail = await startTrail()
    const { iam, sandbox } = trail
    await iam.send(new ListUsersCommand({}))
    await iam.send(new GetUserCommand({}))
    await refusal(iam.send(new GetUserCommand({ UserName: 'nobody' })))
    await iam.send(new ListSigningCertificatesCommand({}))
    await iam.send(new ListServiceSpecificCredentialsCommand({ AllUsers: true }))
    await iam.send(new GenerateCredentialReportCommand({}))
    await refusal(iam.send(new GetCredentialReportCommand({})))
    const sts = createStsClient(sandbox)
    await sts.send(new GetCallerIdentityCommand({}))
    sts.destroy()
    expect(await trail.events()).toEqual([])
  })

  test('what was throttled, by its bucket or by a fault', async () => {
    await using trail = await startTrail()
    const remove = () => refusal(trail.iam.send(new DeleteUserCommand({ UserName: 'ann' })))
    const undo = trail.sandbox.fault({ answer: { code: 'Throttling' } })
    expect(await remove()).toMatchObject({ code: 'Throttling' })
    undo()
    trail.sandbox.setRate({ rate: 0.001 })
    await trail.iam.send(new DeleteUserCommand({ UserName: 'ben' }))
    expect(await remove()).toMatchObject({ code: 'Throttling' })
    expect((await trail.records()).map(record => record.requestParameters)).toEqual([{ userName: 'ben' }])
  })

  test('who is not let in, and what is no operation or never reached IAM', async () => {
    await using trail = await startTrail()
    const { sandbox } = trail
    const remove = { Action: 'DeleteUser', UserName: 'ann' }
    await sendRaw(sandbox, signCall(sandbox, remove, { secretAccessKey: 'wrong' }))
    await sendRaw(sandbox, signCall(sandbox, { Action: 'DeleteEverything' }))
    sandbox.fault({ answer: { status: 502, contentType: 'text/html', body: 'Bad Gateway' } })
    await sendRaw(sandbox, signCall(sandbox, remove))
    expect(await trail.events()).toEqual([])
  })
})
