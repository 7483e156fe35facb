import {
  DeleteSigningCertificateCommand,
  UpdateSigningCertificateCommand,
  UploadSigningCertificateCommand,
} from '@aws-sdk/client-iam'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SigningCertificateChange } from '../../src/events/signing-certificate.ts'
import type { FaultAnswer } from '../../src/sandbox/server.ts'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { type Account, openAccount } from '../account.ts'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { setStatus, toldDuring, upload } from './changing.ts'

let gateway: TestGateway
let account: Account
let certificateId: string
beforeEach(async () => {
  gateway = await startTestGateway('--sandbox-users=0')
  account = openAccount(gateway.sandbox)
  await account.user('Ann')
  certificateId = await account.certificate('Ann')
  gateway.sandbox.clearCalls()
})
afterEach(async () => {
  account[Symbol.dispose]()
  await gateway[Symbol.asyncDispose]()
})

const told = (work: () => Promise<unknown>) => toldDuring(gateway.gateway.events, work)
const set = async (status: 'ACTIVE' | 'INACTIVE', userName: string | null = 'ann') =>
  (await gateway.ask(setStatus, { input: { userName, certificateId, status } })).data.result
const put = async (certificateBody: string) =>
  (await gateway.ask(upload, { input: { userName: 'ann', certificateBody } })).data.result
const disableElsewhere = (CertificateId = certificateId) =>
  account.iam.send(new UpdateSigningCertificateCommand({ UserName: 'Ann', CertificateId, Status: 'Inactive' }))
const calls = () => gateway.sandbox.calls.map(({ action }) => action)

describe('setting a status', () => {
  test('is told once, in the spelling of IAM', async () => {
    const changes = await told(() => set('INACTIVE', 'ANN'))
    expect(changes).toEqual([
      {
        id: expect.any(String),
        kind: 'SigningCertificate',
        userName: 'Ann',
        credentialId: certificateId,
        previousStatus: 'Active',
        status: 'Inactive',
        changedAt: expect.any(Date),
        changedBy: `arn:aws:iam::${gateway.sandbox.accountId}:user/service/gateway`,
        source: 'GATEWAY',
        call: {
          api: 'UpdateSigningCertificate',
          requestId: expect.any(String),
          accessKeyId: gateway.sandbox.credentials.accessKeyId,
          span: { sentAt: expect.any(Number), answeredAt: expect.any(Number) },
        },
        superseded: false,
      },
    ])
  })

  test('that it has already is made, and not told', async () => {
    await disableElsewhere()
    gateway.sandbox.clearCalls()
    const changes = await told(async () => {
      expect(await set('INACTIVE')).toMatchObject({ signingCertificate: { status: 'INACTIVE' } })
      expect(await set('INACTIVE')).toMatchObject({ signingCertificate: { status: 'INACTIVE' } })
    })
    expect(changes).toEqual([])
    expect(calls().filter(action => action === 'UpdateSigningCertificate')).toHaveLength(2)
  })

  test('that was told already is not told again', async () => {
    expect(
      await told(async () => {
        await set('INACTIVE')
        await set('INACTIVE')
      }),
    ).toHaveLength(1)
  })

  test('that it has already is told where something else was told last', async () => {
    await publish({ status: 'Inactive' })
    expect(await told(() => set('ACTIVE'))).toMatchObject([
      { previousStatus: 'Inactive', status: 'Active', superseded: false },
    ])
  })

  test('finds the certificate on whichever page it is', async () => {
    await using short = await startTestGateway('--sandbox-users=0', '--sandbox-max-page=1')
    using other = openAccount(short.sandbox)
    await other.user('Ann')
    const ids = [await other.certificate('Ann'), await other.certificate('Ann')]
    for (const id of ids) {
      const input = { userName: 'Ann', certificateId: id, status: 'INACTIVE' }
      const changes = await toldDuring(short.gateway.events, async () => {
        const { data } = await short.ask(setStatus, { input })
        expect(data.result.signingCertificate).toMatchObject({ certificateId: id, status: 'INACTIVE' })
      })
      expect(changes).toMatchObject([{ previousStatus: 'Active' }])
    }
  })

  describe.each<[string, FaultAnswer]>([
    ['is refused', { code: 'AccessDenied' }],
    ['fails', { code: 'ServiceFailure' }],
    ['is not answered', 'reset'],
    ['does not come within two seconds', 'hang'],
    ['is answered by a page', { status: 200, contentType: 'text/html', body: '<html><body>Sign in.</body></html>' }],
    [
      'does not show the certificate',
      {
        status: 200,
        contentType: 'text/xml',
        body: `<ListSigningCertificatesResponse><ListSigningCertificatesResult><Certificates/>
          <IsTruncated>false</IsTruncated></ListSigningCertificatesResult></ListSigningCertificatesResponse>`,
      },
    ],
  ])('where the list before it %s', (_what, answer) => {
    beforeEach(() => void gateway.sandbox.fault({ action: 'ListSigningCertificates', answer }))

    test('is made and told all the same: only the previous status is not known', async () => {
      const changes = await told(async () => {
        expect(await set('INACTIVE')).toMatchObject({
          __typename: 'SetSigningCertificateStatusPayload',
          signingCertificate: null,
        })
      })
      expect(changes).toMatchObject([{ credentialId: certificateId, previousStatus: undefined, status: 'Inactive' }])
      expect(calls().at(-1)).toBe('UpdateSigningCertificate')
    })
  })

  test('where the list fails, what was told last is the previous status, in its spelling of the name', async () => {
    gateway.sandbox.fault({ action: 'ListSigningCertificates', answer: { code: 'AccessDenied' } })
    await publish({ status: 'Active' })
    expect(await told(() => set('INACTIVE', 'ANN'))).toMatchObject([
      { userName: 'Ann', previousStatus: 'Active', status: 'Inactive' },
    ])
  })

  test('that IAM refuses is not told', async () => {
    gateway.sandbox.fault({ action: 'UpdateSigningCertificate', answer: { code: 'AccessDenied' } })
    expect(await told(() => set('INACTIVE'))).toEqual([])
  })
})

describe('uploading', () => {
  test('a new certificate is told once, without a previous status', async () => {
    const changes = await told(async () => {
      const { signingCertificate } = await put(mintCertificate())
      certificateId = signingCertificate.certificateId
    })
    expect(changes).toMatchObject([
      {
        userName: 'Ann',
        credentialId: certificateId,
        previousStatus: undefined,
        status: 'Active',
        changedBy: `arn:aws:iam::${gateway.sandbox.accountId}:user/service/gateway`,
        source: 'GATEWAY',
        call: { api: 'UploadSigningCertificate', accessKeyId: gateway.sandbox.credentials.accessKeyId },
        superseded: false,
      },
    ])
  })

  test('again what this gateway uploaded is not told, and shows its status', async () => {
    const body = mintCertificate()
    certificateId = (await put(body)).signingCertificate.certificateId
    expect(
      await told(async () => {
        expect(await put(body)).toMatchObject({ signingCertificate: { certificateId, status: 'ACTIVE' } })
      }),
    ).toEqual([])
    await set('INACTIVE')
    expect(
      await told(async () => {
        expect(await put(body)).toMatchObject({ signingCertificate: { certificateId, status: 'INACTIVE' } })
      }),
    ).toEqual([])
  })

  test('again what was uploaded and disabled elsewhere a moment ago is not told, and shows its status', async () => {
    const CertificateBody = mintCertificate()
    const { Certificate } = await account.iam.send(
      new UploadSigningCertificateCommand({ UserName: 'Ann', CertificateBody }),
    )
    await disableElsewhere(Certificate?.CertificateId)
    expect(
      await told(async () => {
        expect(await put(CertificateBody)).toMatchObject({ signingCertificate: { status: 'INACTIVE' } })
      }),
    ).toEqual([])
  })

  test('again what was there before the gateway was is not told, and shows its status', async () => {
    await using seeded = await startTestGateway('--sandbox-users=2')
    const { data } = await seeded.ask(
      '{ user(userName: "alice") { signingCertificates { nodes { certificateBody status } } } }',
    )
    const { nodes } = data.user.signingCertificates
    expect(nodes.map(({ status }: { status: string }) => status).sort()).toEqual(['ACTIVE', 'INACTIVE'])
    for (const { certificateBody, status } of nodes) {
      const changes = await toldDuring(seeded.gateway.events, async () => {
        const input = { userName: 'alice', certificateBody }
        expect((await seeded.ask(upload, { input })).data.result.signingCertificate).toMatchObject({ status })
      })
      expect(changes).toEqual([])
    }
  })

  test('again what was told shows the status last told where the list fails', async () => {
    const body = mintCertificate()
    certificateId = (await put(body)).signingCertificate.certificateId
    await set('INACTIVE')
    gateway.sandbox.fault({ action: 'ListSigningCertificates', answer: { code: 'AccessDenied' } })
    expect(
      await told(async () => {
        expect(await put(body)).toMatchObject({ signingCertificate: { certificateId, status: 'INACTIVE' } })
      }),
    ).toEqual([])
  })

  test('what was deleted, and told so, is new', async () => {
    const body = mintCertificate()
    certificateId = (await put(body)).signingCertificate.certificateId
    await account.iam.send(new DeleteSigningCertificateCommand({ UserName: 'Ann', CertificateId: certificateId }))
    await publish({ status: undefined })
    expect(await told(() => put(body))).toMatchObject([{ credentialId: certificateId, status: 'Active' }])
  })

  test('what IAM refuses is not told', async () => {
    expect(await told(() => put('no certificate'))).toEqual([])
  })
})

/** As whoever else learns of changes tells them, by IAM's clock, which is cut to the second. */
async function publish(change: Pick<SigningCertificateChange, 'status'>): Promise<void> {
  await gateway.gateway.events.publish<SigningCertificateChange>({
    kind: 'SigningCertificate',
    userName: 'Ann',
    credentialId: certificateId,
    previousStatus: undefined,
    changedAt: new Date(Math.floor(Date.now() / 1000) * 1000),
    changedBy: undefined,
    source: 'CLOUDTRAIL',
    call: undefined,
    ...change,
  })
}
