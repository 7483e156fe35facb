import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import {
  CreateUserCommand,
  GetUserCommand,
  ListSigningCertificatesCommand,
  UploadSigningCertificateCommand,
} from '@aws-sdk/client-iam'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { createIamClient, refusal } from './client.ts'
import { sendRaw, signBody, signCall } from './raw.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ users: 2 })
})
afterAll(() => sandbox.close())

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

describe('an answer', () => {
  test("is XML in IAM's namespace, with the request id in body and header alike", async () => {
    const answer = await sendRaw(sandbox, signCall(sandbox, { Action: 'GetUser', UserName: 'alice' }))
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('text/xml')
    expect(Date.parse(answer.headers.date ?? '')).not.toBeNaN()
    expect(answer.element('RequestId')).toMatch(uuid)
    expect(answer.headers['x-amzn-requestid']).toBe(answer.element('RequestId'))
    expect(answer.body).toMatch(
      /^<GetUserResponse xmlns="https:\/\/iam\.amazonaws\.com\/doc\/2010-05-08\/"><GetUserResult><User>.*<\/User><\/GetUserResult><ResponseMetadata><RequestId>[^<]*<\/RequestId><\/ResponseMetadata><\/GetUserResponse>\n$/,
    )
    expect(answer.element('CreateDate')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  })

  test('of an operation without output has no result element', async () => {
    const { example } = sandbox
    const answer = await sendRaw(
      sandbox,
      signCall(sandbox, {
        Action: 'UpdateSigningCertificate',
        UserName: 'alice',
        CertificateId: example?.certificateId ?? '',
        Status: 'Active',
      }),
    )
    expect(answer.body).toMatch(
      /^<UpdateSigningCertificateResponse xmlns="[^"]*"><ResponseMetadata><RequestId>[^<]*<\/RequestId><\/ResponseMetadata><\/UpdateSigningCertificateResponse>\n$/,
    )
  })

  test('that is an error says type, code, message and request id', async () => {
    const answer = await sendRaw(sandbox, signCall(sandbox, { Action: 'GetUser', UserName: 'nobody' }))
    expect(answer.status).toBe(404)
    expect(answer.body).toBe(
      `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The user with name nobody cannot be found.</Message></Error><RequestId>${answer.headers['x-amzn-requestid']}</RequestId></ErrorResponse>\n`,
    )
  })

  test('of STS is in the namespace of STS', async () => {
    const call = signCall(sandbox, { Action: 'GetCallerIdentity', Version: '2011-06-15' }, { service: 'sts' })
    expect((await sendRaw(sandbox, call)).body).toContain('xmlns="https://sts.amazonaws.com/doc/2011-06-15/"')
  })

  test('carries a certificate body back byte for byte, line ends and markup included', async () => {
    const iam = createIamClient(sandbox)
    const body = `<&>"'\u00e9\u00ff \t\r\n${mintCertificate().replaceAll('\n', '\r\n')}\r\n\r`
    const uploaded = await iam.send(new UploadSigningCertificateCommand({ UserName: 'bob', CertificateBody: body }))
    expect(uploaded.Certificate?.CertificateBody).toBe(body)
    const { Certificates } = await iam.send(new ListSigningCertificatesCommand({ UserName: 'bob' }))
    expect(Certificates?.map(certificate => certificate.CertificateBody)).toEqual([body])
  })

  test('never holds what XML cannot say', async () => {
    const answer = await sendRaw(sandbox, signCall(sandbox, { Action: 'a\u0000\u0007<\ufffe\u{1f600}' }))
    expect(answer.element('Message')).toBe(
      'Could not find operation a\ufffd\ufffd&lt;\ufffd\u{1f600} for version 2010-05-08',
    )
  })
})

describe('what is no operation is refused:', () => {
  test.each([
    [{ Action: 'ListAccessKeys' }, 'Could not find operation ListAccessKeys for version 2010-05-08'],
    [{ Action: 'GetUser', Version: '2009-01-01' }, 'Could not find operation GetUser for version 2009-01-01'],
    [{ Action: 'GetCallerIdentity' }, 'Could not find operation GetCallerIdentity for version 2010-05-08'],
    [{ Action: 'constructor' }, 'Could not find operation constructor for version 2010-05-08'],
    [{}, 'Could not find operation  for version 2010-05-08'],
  ])('%o', async (parameters, message) => {
    const answer = await sendRaw(sandbox, signCall(sandbox, parameters))
    expect([answer.status, answer.element('Code'), answer.element('Message')]).toEqual([400, 'InvalidAction', message])
  })

  test.each([
    ['GET', '/?Action=ListUsers&Version=2010-05-08'],
    ['POST', '/elsewhere'],
    ['DELETE', '/'],
  ])('%s %s', async (method, path) => {
    const answer = await sendRaw(sandbox, { method, path })
    expect([answer.status, answer.element('Code')]).toEqual([404, 'UnknownOperationException'])
  })

  test('a body of more than a megabyte, which is read to its end so that the answer can be', async () => {
    const answer = await sendRaw(sandbox, { body: Buffer.alloc(3 * 1024 * 1024, 'a') })
    expect([answer.status, answer.element('Code')]).toEqual([413, 'RequestEntityTooLarge'])
  })
})

describe('the log of calls', () => {
  test('has every call in order, without Action and Version, with how it ended', async () => {
    sandbox.clearCalls()
    const iam = createIamClient(sandbox)
    const { $metadata } = await iam.send(new GetUserCommand({ UserName: 'alice' }))
    await refusal(iam.send(new CreateUserCommand({ UserName: 'Alice' })))
    await sendRaw(sandbox, { body: 'Action=ListUsers&Version=2010-05-08&MaxItems=5' })
    const { accessKeyId } = sandbox.credentials
    const callerArn = `arn:aws:iam::${sandbox.accountId}:user/service/gateway`
    expect(sandbox.calls).toEqual([
      {
        at: expect.any(Number),
        action: 'GetUser',
        parameters: { UserName: 'alice' },
        accessKeyId,
        callerArn,
        requestId: $metadata.requestId,
        status: 200,
        code: undefined,
      },
      {
        at: expect.any(Number),
        action: 'CreateUser',
        parameters: { UserName: 'Alice' },
        accessKeyId,
        callerArn,
        requestId: expect.stringMatching(uuid),
        status: 409,
        code: 'EntityAlreadyExists',
      },
      {
        at: expect.any(Number),
        action: 'ListUsers',
        parameters: { MaxItems: '5' },
        accessKeyId: undefined,
        callerArn: undefined,
        requestId: expect.stringMatching(uuid),
        status: 403,
        code: 'MissingAuthenticationToken',
      },
    ])
    sandbox.clearCalls()
    expect(sandbox.calls).toEqual([])
  })

  test('tells when each arrived, by the clock of the process', async () => {
    const iam = createIamClient(sandbox)
    const times = [performance.now()]
    for (let call = 0; call < 2; call++) {
      await iam.send(new GetUserCommand({ UserName: 'alice' }))
      times.push(sandbox.calls.at(-1)?.at ?? -1, performance.now())
    }
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })
})

describe('the sandbox survives', () => {
  test('what is not HTTP, half a request, and a form that is not one', async () => {
    const garbage = connect(sandbox.port, '127.0.0.1')
    garbage.end('\u0016\u0003\u0001 not http\r\n\r\n')
    expect(await text(garbage)).toContain('400 Bad Request')

    const half = connect(sandbox.port, '127.0.0.1')
    half.end('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nAction')
    await text(half)

    for (const body of ['%', '&&&==', 'Action=%E0%A4%A&Action=%', '__proto__=1&Action=GetUser&Version=2010-05-08']) {
      expect((await sendRaw(sandbox, signBody(sandbox, body))).status).toBeLessThan(500)
    }
    expect((await sendRaw(sandbox, signCall(sandbox, { Action: 'GetUser' }))).status).toBe(200)
  })

  test('being closed twice, and lets the port go', async () => {
    const first = await startSandbox()
    await Promise.all([first.close(), first.close()])
    await using second = await startSandbox({ port: first.port })
    expect(second.port).toBe(first.port)
    await expect(startSandbox({ port: second.port })).rejects.toThrow('EADDRINUSE')
  })
})
