import {
  CreateServiceSpecificCredentialCommand,
  CreateUserCommand,
  DeleteUserCommand,
  ListUsersCommand,
} from '@aws-sdk/client-iam'
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { afterEach, expect, test, vi } from 'vitest'
import { readRecord } from '../../../src/events/record.ts'
import type { Sandbox } from '../../../src/sandbox/server.ts'
import { createIamClient, refusal } from '../client.ts'
import { codecommit } from '../credential-account.ts'
import { createSqsClient } from '../sqs/client.ts'
import { allow, startFederation } from './federation.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** The records of CloudTrail that are in the queue. */
async function records(sandbox: Sandbox) {
  const sqs = createSqsClient(sandbox)
  const received = await sqs.send(new ReceiveMessageCommand({ QueueUrl: sandbox.queueUrl, MaxNumberOfMessages: 10 }))
  sqs.destroy()
  return (received.Messages ?? []).map(({ Body = '' }) => JSON.parse(Body).detail)
}

const claims = { 'https://aws.amazon.com/source_identity': 'alice.k' }

test('a record names the session, who vouched for it, and its source identity', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T10:00:00.700Z') })
  await using federation = await startFederation()
  const { sandbox, providerArn } = federation
  const keys = await federation.keys({ RoleSessionName: 'alice@example.com', token: { claims } })
  vi.setSystemTime(new Date('2026-11-22T10:05:00Z'))
  const iam = createIamClient(sandbox, keys)
  await iam.send(new CreateUserCommand({ UserName: 'eve' }))
  const [record] = await records(sandbox)
  const { accountId } = sandbox
  const roleId = record.userIdentity.sessionContext.sessionIssuer.principalId
  expect(roleId).toMatch(/^AROA[A-Z2-7]{17}$/)
  expect(record.userIdentity).toEqual({
    type: 'AssumedRole',
    principalId: `${roleId}:alice@example.com`,
    arn: `arn:aws:sts::${accountId}:assumed-role/auditor/alice@example.com`,
    accountId,
    accessKeyId: keys.accessKeyId,
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: roleId,
        arn: sandbox.roleArn('auditor'),
        accountId,
        userName: 'auditor',
      },
      webIdFederationData: { federatedProvider: providerArn, attributes: {} },
      attributes: { creationDate: '2026-11-22T10:00:00Z', mfaAuthenticated: 'false' },
      sourceIdentity: 'alice.k',
    },
  })
})

test('the gateway reads such a record as a change by that session', async () => {
  await using federation = await startFederation()
  const { sandbox } = federation
  const iam = await federation.iam({ RoleSessionName: 'alice@example.com' })
  await iam.send(new CreateUserCommand({ UserName: 'eve' }))
  const create = { UserName: 'eve', ServiceName: codecommit }
  const { $metadata } = await iam.send(new CreateServiceSpecificCredentialCommand(create))
  const [, record] = await records(sandbox)
  expect(readRecord(record, sandbox.accountId)).toMatchObject({
    is: 'change',
    change: {
      userName: 'eve',
      changedBy: `arn:aws:sts::${sandbox.accountId}:assumed-role/auditor/alice@example.com`,
      call: { requestId: $metadata.requestId, accessKeyId: sandbox.sessions[0]?.accessKeyId },
    },
  })
})

test('a denial is on record without its parameters; a read, and the session’s beginning, are not', async () => {
  await using federation = await startFederation(() => [{ RoleName: 'auditor', PolicyDocument: allow('iam:Get*') }])
  const { sandbox } = federation
  const iam = await federation.iam()
  await refusal(iam.send(new DeleteUserCommand({ UserName: 'nobody' })))
  await refusal(iam.send(new ListUsersCommand({})))
  expect(await records(sandbox)).toEqual([
    expect.objectContaining({
      eventName: 'DeleteUser',
      errorCode: 'AccessDenied',
      errorMessage: expect.stringContaining('assumed-role/auditor/alice is not authorized to perform: iam:DeleteUser'),
      requestParameters: null,
      responseElements: null,
    }),
  ])
})
