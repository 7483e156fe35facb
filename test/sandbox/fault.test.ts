import { once } from 'node:events'
import { request } from 'node:http'
import {
  CreateUserCommand,
  GetUserCommand,
  ListServiceSpecificCredentialsCommand,
  ListSigningCertificatesCommand,
  ListUsersCommand,
} from '@aws-sdk/client-iam'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { createIamClient, refusal } from './client.ts'
import { sendRaw, signCall } from './raw.ts'

let sandbox: Sandbox
beforeEach(async () => {
  sandbox = await startSandbox({ users: 2 })
})
afterEach(() => sandbox.close())

const getUser = (UserName?: string) => createIamClient(sandbox).send(new GetUserCommand({ UserName }))
const certificatesOf = (UserName: string) =>
  createIamClient(sandbox).send(new ListSigningCertificatesCommand({ UserName }))

describe('a fault', () => {
  test('answers instead of IAM until it is undone', async () => {
    const undo = sandbox.fault({ answer: { code: 'ServiceFailure', message: 'Not today.' } })
    expect(await refusal(getUser('alice'))).toEqual({ code: 'ServiceFailure', status: 500, message: 'Not today.' })
    expect(await refusal(getUser('alice'))).toMatchObject({ code: 'ServiceFailure' })
    undo()
    undo()
    expect((await getUser('alice')).User?.UserName).toBe('alice')
  })

  test('strikes only the operation and the user it names, in any case', async () => {
    sandbox.fault({ action: 'listsigningcertificates', userName: 'ALICE', answer: { code: 'ServiceFailure' } })
    expect(await refusal(certificatesOf('alice'))).toMatchObject({ code: 'ServiceFailure' })
    expect(await certificatesOf('bob')).toMatchObject({ Certificates: [] })
    expect((await getUser('alice')).User?.UserName).toBe('alice')
    expect((await getUser()).User?.UserName).toBe('gateway')
  })

  test('strikes as often as it says; then the next one does', async () => {
    sandbox.fault({ times: 2, answer: { code: 'Throttling' } })
    sandbox.fault({ times: 1, answer: { code: 'ServiceFailure' } })
    const codes = []
    for (let count = 0; count < 3; count += 1) codes.push((await refusal(getUser('alice'))).code)
    expect(codes).toEqual(['Throttling', 'Throttling', 'ServiceFailure'])
    expect((await getUser('alice')).User?.UserName).toBe('alice')
  })

  test("that denies speaks IAM's own words about caller, operation and user", async () => {
    sandbox.fault({ answer: { code: 'AccessDenied' } })
    const user = `arn:aws:iam::${sandbox.accountId}:user/service/gateway`
    expect(await refusal(certificatesOf('alice'))).toEqual({
      code: 'AccessDenied',
      status: 403,
      message: `User: ${user} is not authorized to perform: iam:ListSigningCertificates on resource: user alice because no identity-based policy allows the iam:ListSigningCertificates action`,
    })
    const role = createIamClient(sandbox, sandbox.roleCredentials)
    const { message } = await refusal(role.send(new ListServiceSpecificCredentialsCommand({ AllUsers: true })))
    expect(message).toBe(
      `User: arn:aws:sts::${sandbox.accountId}:assumed-role/operator/sandbox is not authorized to perform: iam:ListServiceSpecificCredentials on resource: * because no identity-based policy allows the iam:ListServiceSpecificCredentials action`,
    )
  })

  test.each([
    ['NoSuchEntity', 404, 'The user with name alice cannot be found.'],
    ['Throttling', 400, 'Rate exceeded'],
    ['ExpiredToken', 403, 'The security token included in the request is expired'],
  ])('%s has its own status and words', async (code, status, message) => {
    sandbox.fault({ answer: { code } })
    expect(await refusal(getUser('alice'))).toEqual({ code, status, message })
  })

  test('may have a status of its own', async () => {
    sandbox.fault({ answer: { code: 'Throttling', status: 503 } })
    const answer = await sendRaw(sandbox, signCall(sandbox, { Action: 'ListUsers' }))
    expect([answer.status, answer.element('Type'), answer.element('Code')]).toEqual([503, 'Receiver', 'Throttling'])
  })

  test('may answer what no IAM would', async () => {
    sandbox.fault({ answer: { status: 502, contentType: 'text/html', body: '<h1>Bad Gateway</h1>' } })
    const answer = await sendRaw(sandbox, signCall(sandbox, { Action: 'ListUsers' }))
    expect([answer.status, answer.headers['content-type'], answer.body]).toEqual([
      502,
      'text/html',
      '<h1>Bad Gateway</h1>',
    ])
    expect(answer.headers['x-amzn-requestid']).toBeUndefined()
  })

  test('may reset the connection', async () => {
    sandbox.fault({ times: 1, answer: 'reset' })
    await expect(sendRaw(sandbox, signCall(sandbox, { Action: 'ListUsers' }))).rejects.toMatchObject({
      code: 'ECONNRESET',
    })
    expect(sandbox.calls).toMatchObject([{ action: 'ListUsers', status: 0, code: undefined }])
    expect((await getUser('alice')).User?.UserName).toBe('alice')
  })

  test('may never answer; closing the sandbox ends the wait', async () => {
    sandbox.fault({ answer: 'hang' })
    const { body, ...call } = signCall(sandbox, { Action: 'ListUsers' })
    const hanging = request(sandbox.url, { ...call, agent: false })
    const failed = once(hanging, 'response').catch(error => error)
    hanging.end(body)
    while (sandbox.calls.length === 0) await new Promise(setImmediate)
    await sandbox.close()
    expect(await failed).toMatchObject({ code: 'ECONNRESET' })
  })

  test('may come after the deed: done, and its answer lost', async () => {
    sandbox.fault({ action: 'CreateUser', times: 1, after: true, answer: 'reset' })
    sandbox.fault({ action: 'CreateUser', after: true, answer: { code: 'ServiceFailure' } })
    const iam = createIamClient(sandbox)
    await expect(iam.send(new CreateUserCommand({ UserName: 'one' }))).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(await refusal(iam.send(new CreateUserCommand({ UserName: 'two' })))).toMatchObject({
      code: 'ServiceFailure',
    })
    for (const name of ['one', 'two']) expect((await getUser(name)).User?.UserName).toBe(name)
  })

  test('otherwise comes instead of it', async () => {
    sandbox.fault({ action: 'CreateUser', answer: { code: 'ServiceFailure' } })
    expect(await refusal(createIamClient(sandbox).send(new CreateUserCommand({ UserName: 'one' })))).toMatchObject({
      code: 'ServiceFailure',
    })
    expect(await refusal(getUser('one'))).toMatchObject({ code: 'NoSuchEntity' })
  })

  test('may delay the real answer; others do not wait for it', async () => {
    const hour = 3_600_000
    const undo = sandbox.fault({ userName: 'alice', answer: { delay: hour } })
    let answered = false
    const late = getUser('alice').then(() => {
      answered = true
    })
    while (sandbox.calls.length === 0) await new Promise(setImmediate)
    expect((await getUser('bob')).User?.UserName).toBe('bob')
    expect(answered).toBe(false)
    undo()
    sandbox.fault({ userName: 'alice', answer: { delay: 1 } })
    expect((await getUser('alice')).User?.UserName).toBe('alice')
    expect(answered).toBe(false)
    await sandbox.close()
    await late
  })

  test('is not for those who are not let in', async () => {
    sandbox.fault({ answer: { code: 'ServiceFailure' } })
    const answer = await sendRaw(sandbox, { body: 'Action=GetUser&Version=2010-05-08' })
    expect(answer.element('Code')).toBe('MissingAuthenticationToken')
  })
})

describe('with a rate', () => {
  test('each API has a bucket of its own, that starts full', async () => {
    await using slow = await startSandbox({ rate: 0.001 })
    const iam = createIamClient(slow)
    await iam.send(new ListUsersCommand({}))
    expect(await refusal(iam.send(new ListUsersCommand({})))).toEqual({
      code: 'Throttling',
      status: 400,
      message: 'Rate exceeded',
    })
    await iam.send(new GetUserCommand({}))
    expect(slow.calls.map(call => [call.action, call.status, call.code])).toEqual([
      ['ListUsers', 200, undefined],
      ['ListUsers', 400, 'Throttling'],
      ['GetUser', 200, undefined],
    ])
  })
})

test('with a latency, calls are still performed in the order of their arrival', async () => {
  await using distant = await startSandbox({ latency: 20 })
  const iam = createIamClient(distant)
  const created = iam.send(new CreateUserCommand({ UserName: 'new' }))
  while (distant.calls.length === 0) await new Promise(setImmediate)
  const { User } = await iam.send(new GetUserCommand({ UserName: 'new' }))
  expect(User).toEqual((await created).User)
})
