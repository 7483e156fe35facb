import { CreateUserCommand, DeleteSigningCertificateCommand, IAMClient } from '@aws-sdk/client-iam'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { runServe, type ServeProcess } from '../command/announcement.ts'
import { type Process, run } from '../command/process.ts'
import type { Data } from '../gateway.ts'
import { part } from '../part.ts'

const motoServer = part('moto_server')

// An IAM by others. It has no pages and no service-specific credentials, and believes every signature.
describe.skipIf(!motoServer)('serve on moto', { timeout: 120_000 }, () => {
  let moto: Process
  let serve: ServeProcess
  let iam: IAMClient
  beforeAll(async () => {
    moto = await run(motoServer ?? '', ['-H', '127.0.0.1', '-p', '0'])
    const [, url = ''] = await moto.said(/Running on (http:\S+)/, 'stderr')
    const credentials = { accessKeyId: 'testing', secretAccessKey: 'testing' }
    iam = new IAMClient({ endpoint: url, region: 'us-east-1', credentials })
    for (const [UserName, Path] of [
      ['alice', '/engineering/'],
      ['bob', '/'],
    ]) {
      await iam.send(new CreateUserCommand({ UserName, Path }))
    }
    serve = await runServe(['--cache-ttl=0'], {
      AWS_ENDPOINT_URL_IAM: url,
      AWS_ENDPOINT_URL_STS: url,
      AWS_ACCESS_KEY_ID: 'testing',
      AWS_SECRET_ACCESS_KEY: 'testing',
    })
    expect(serve.endpoint).toBe(url)
  }, 60_000)
  afterAll(async () => {
    await serve?.[Symbol.asyncDispose]()
    iam?.destroy()
    await moto?.[Symbol.asyncDispose]()
  })

  test('knows its identity by STS', () => {
    expect(serve.identity).toMatch(/^arn:aws:(sts|iam)::123456789012:/)
  })

  test('lists and finds users', async () => {
    const { data, errors } = await serve.ask(`{
      users { nodes { userName path arn } pageInfo { hasNextPage } }
      engineers: users(pathPrefix: "/engineering/") { nodes { userName } }
      user(userName: "alice") { userId createDate }
      nobody: user(userName: "nobody") { userId }
    }`)
    expect(errors).toBeUndefined()
    expect(data).toEqual({
      users: {
        nodes: [
          { userName: 'alice', path: '/engineering/', arn: 'arn:aws:iam::123456789012:user/engineering/alice' },
          { userName: 'bob', path: '/', arn: 'arn:aws:iam::123456789012:user/bob' },
        ],
        pageInfo: { hasNextPage: false },
      },
      engineers: { nodes: [{ userName: 'alice' }] },
      user: { userId: expect.stringMatching(/^\w+$/), createDate: expect.stringMatching(/^\d{4}-/) },
      nobody: null,
    })
  })

  test('uploads a certificate, lists it, sets its status, and sees when others delete it', async () => {
    const certificateBody = mintCertificate({ subject: { CN: 'bob' } })
    const upload = await serve.ask(UPLOAD, { input: { userName: 'bob', certificateBody } })
    const { signingCertificate } = upload.data.uploadSigningCertificate
    const { certificateId } = signingCertificate
    expect(signingCertificate).toEqual({ certificateId: expect.any(String), userName: 'bob', status: 'ACTIVE' })
    const x509 = { subject: 'CN=bob' }
    expect(await certificatesOfBob()).toEqual([{ certificateId, certificateBody, status: 'ACTIVE', x509 }])

    const set = await serve.ask(SET_STATUS, { input: { userName: 'bob', certificateId, status: 'INACTIVE' } })
    expect(set.data.setSigningCertificateStatus).toEqual({ signingCertificate: { certificateId, status: 'INACTIVE' } })
    expect(await certificatesOfBob()).toMatchObject([{ certificateId, status: 'INACTIVE' }])

    await iam.send(new DeleteSigningCertificateCommand({ UserName: 'bob', CertificateId: certificateId }))
    expect(await certificatesOfBob()).toEqual([])
    const gone = await serve.ask(SET_STATUS, { input: { userName: 'bob', certificateId, status: 'ACTIVE' } })
    expect(gone.data.setSigningCertificateStatus).toMatchObject({ code: 'NoSuchEntity' })
  })

  test('gives what moto refuses as data', async () => {
    const refused = await serve.ask(UPLOAD, { input: { userName: 'bob', certificateBody: 'not a certificate' } })
    expect(refused.data.uploadSigningCertificate).toEqual({ code: 'MalformedCertificate' })
    const missing = { userName: 'nobody', certificateBody: mintCertificate() }
    expect((await serve.ask(UPLOAD, { input: missing })).data.uploadSigningCertificate).toEqual({
      code: 'NoSuchEntity',
    })
  })

  async function certificatesOfBob(): Promise<Data> {
    const { data } = await serve.ask(`{
      user(userName: "bob") {
        signingCertificates { nodes { certificateId certificateBody status x509 { subject } } }
      }
    }`)
    return data.user.signingCertificates.nodes
  }
})

const UPLOAD = `mutation ($input: UploadSigningCertificateInput!) {
  uploadSigningCertificate(input: $input) {
    ... on UploadSigningCertificatePayload { signingCertificate { certificateId userName status } }
    ... on IamError { code }
  }
}`

const SET_STATUS = `mutation ($input: SetSigningCertificateStatusInput!) {
  setSigningCertificateStatus(input: $input) {
    ... on SetSigningCertificateStatusPayload { signingCertificate { certificateId status } }
    ... on IamError { code }
  }
}`
