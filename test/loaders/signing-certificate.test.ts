import { ListSigningCertificatesCommand } from '@aws-sdk/client-iam'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createOverlay } from '../../src/events/overlay.ts'
import type { SigningCertificateChange } from '../../src/events/signing-certificate.ts'
import { createLoaders } from '../../src/loaders/loaders.ts'
import { type Account, openAccount } from '../account.ts'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { startStubClient } from '../iam/stub-client.ts'
import { setStatus, upload } from '../schema/changing.ts'
import { subscribeBySse } from '../server/transport.ts'
import { answerOf } from '../stub-iam.ts'

const slow = '--sandbox-consistency-delay=3600000'

const holdings = `query ($userName: String!) {
  user(userName: $userName) { signingCertificates { nodes { id certificateId status } } }
}`

describe('while IAM’s lists lag behind a change of this gateway', () => {
  let gateway: TestGateway
  let account: Account
  let certificateId: string
  beforeEach(async () => {
    gateway = await startTestGateway('--sandbox-users=2', slow)
    account = openAccount(gateway.sandbox)
    certificateId = gateway.sandbox.example?.certificateId ?? ''
    const { data } = await gateway.ask(setStatus, {
      input: { userName: 'alice', certificateId, status: 'INACTIVE' },
    })
    expect(data.result.signingCertificate).toMatchObject({ certificateId, status: 'INACTIVE' })
    expect(await listed()).toContainEqual({ certificateId, status: 'Active' })
  })
  afterEach(async () => {
    account[Symbol.dispose]()
    await gateway[Symbol.asyncDispose]()
  })

  /** What IAM says to anybody who asks it without the gateway. */
  async function listed() {
    const { Certificates } = await account.iam.send(new ListSigningCertificatesCommand({ UserName: 'alice' }))
    return Certificates?.map(({ CertificateId, Status }) => ({ certificateId: CertificateId, status: Status }))
  }

  test('the certificates of its user show the change, however often they are asked for', async () => {
    for (let time = 0; time < 2; time++) {
      const { data } = await gateway.ask(holdings, { userName: 'Alice' })
      expect(data.user.signingCertificates.nodes).toHaveLength(2)
      expect(data.user.signingCertificates.nodes).toContainEqual(
        expect.objectContaining({ certificateId, status: 'INACTIVE' }),
      )
    }
  })

  test('and the change after it', async () => {
    await gateway.ask(setStatus, { input: { userName: 'alice', certificateId, status: 'ACTIVE' } })
    await gateway.ask(setStatus, { input: { userName: 'alice', certificateId, status: 'INACTIVE' } })
    const { data } = await gateway.ask(holdings, { userName: 'alice' })
    expect(data.user.signingCertificates.nodes).toContainEqual(
      expect.objectContaining({ certificateId, status: 'INACTIVE' }),
    )
  })

  test('the walk of the account shows it, and selects by it', async () => {
    const walk = `query ($status: SigningCertificateStatus) {
      signingCertificates(status: $status) { nodes { certificateId status } }
    }`
    const all = (await gateway.ask(walk)).data.signingCertificates.nodes
    expect(all).toContainEqual({ certificateId, status: 'INACTIVE' })
    expect((await gateway.ask(walk, { status: 'INACTIVE' })).data.signingCertificates.nodes).toEqual(all)
    expect((await gateway.ask(walk, { status: 'ACTIVE' })).data.signingCertificates.nodes).toEqual([])
  })

  test('its node shows it', async () => {
    const { data } = await gateway.ask(holdings, { userName: 'alice' })
    const { id } = data.user.signingCertificates.nodes.find(
      (node: { certificateId: string }) => node.certificateId === certificateId,
    )
    const answer = await gateway.ask('query ($id: ID!) { node(id: $id) { ... on SigningCertificate { status } } }', {
      id,
    })
    expect(answer.data.node).toEqual({ status: 'INACTIVE' })
  })

  test('a subscription’s certificate shows it', async () => {
    const query = `subscription ($after: ID) {
      signingCertificateStatusChanged(after: $after) { status signingCertificate { certificateId status } }
    }`
    const after = (await gateway.ask('{ latestChangeId }')).data.latestChangeId
    await using stream = await subscribeBySse(gateway.url, { query, variables: { after } })
    for (const status of ['ACTIVE', 'INACTIVE']) {
      await gateway.ask(setStatus, { input: { userName: 'alice', certificateId, status } })
      const { data } = await stream.nextResult()
      expect(data).toEqual({
        signingCertificateStatusChanged: { status, signingCertificate: { certificateId, status } },
      })
    }
  })

  test('a certificate that the list does not return yet is not invented', async () => {
    const { uploadUserName: userName, uploadCertificateBody: certificateBody } = gateway.sandbox.example ?? {}
    const { data } = await gateway.ask(upload, { input: { userName, certificateBody } })
    expect(data.result.signingCertificate).toMatchObject({ userName, status: 'ACTIVE' })
    expect((await gateway.ask(holdings, { userName })).data.user.signingCertificates.nodes).toEqual([])
  })

  test('a certificate whose deletion was told is gone, also as a node', async () => {
    const { data } = await gateway.ask(holdings, { userName: 'alice' })
    const [{ id, certificateId: deleted }] = data.user.signingCertificates.nodes
    await gateway.gateway.events.publish<SigningCertificateChange>({
      kind: 'SigningCertificate',
      userName: 'alice',
      credentialId: deleted,
      previousStatus: undefined,
      status: undefined,
      changedAt: new Date(),
      changedBy: undefined,
      source: 'CLOUDTRAIL',
      call: undefined,
    })
    const { nodes } = (await gateway.ask(holdings, { userName: 'alice' })).data.user.signingCertificates
    expect(nodes).toHaveLength(1)
    expect(nodes).not.toContainEqual(expect.objectContaining({ certificateId: deleted }))
    expect((await gateway.ask('query ($id: ID!) { node(id: $id) { id } }', { id })).data.node).toBeNull()
  })
})

test('without a window what IAM lists is shown', async () => {
  await using gateway = await startTestGateway('--sandbox-users=2', slow, '--consistency-window=0')
  const { certificateId } = gateway.sandbox.example ?? {}
  await gateway.ask(setStatus, { input: { userName: 'alice', certificateId, status: 'INACTIVE' } })
  const { data } = await gateway.ask(holdings, { userName: 'alice' })
  expect(data.user.signingCertificates.nodes).toContainEqual(
    expect.objectContaining({ certificateId, status: 'ACTIVE' }),
  )
})

test('a certificate that was deleted, and told so, and uploaded again elsewhere is shown', async () => {
  await using gateway = await startTestGateway('--sandbox-users=2')
  const { certificateId = '' } = gateway.sandbox.example ?? {}
  const told = (changedAt: Date) =>
    gateway.gateway.events.publish<SigningCertificateChange>({
      kind: 'SigningCertificate',
      userName: 'alice',
      credentialId: certificateId,
      previousStatus: undefined,
      status: undefined,
      changedAt,
      changedBy: undefined,
      source: 'CLOUDTRAIL',
      call: undefined,
    })
  const ids = async () =>
    (await gateway.ask(holdings, { userName: 'alice' })).data.user.signingCertificates.nodes.map(
      (node: { certificateId: string }) => node.certificateId,
    )
  // Its uploadDate is half a year back: a deletion of a year ago was of an earlier one.
  await told(new Date(Date.now() - 365 * 86_400_000))
  expect(await ids()).toContain(certificateId)
  await told(new Date())
  expect(await ids()).not.toContain(certificateId)
})

describe('a page of IAM', () => {
  const request = { userName: 'alice', marker: undefined, maxItems: 100 }
  const change = {
    kind: 'SigningCertificate',
    userName: 'alice',
    credentialId: 'A'.repeat(32),
    previousStatus: undefined,
    status: 'Inactive',
    changedAt: new Date('2026-06-01T00:00:00Z'),
    changedBy: undefined,
    source: 'CLOUDTRAIL',
    call: undefined,
    id: 'id',
    superseded: false,
  } as const
  const listing = (status: string) =>
    answerOf(
      'ListSigningCertificates',
      `<Certificates><member><UserName>alice</UserName><CertificateId>${change.credentialId}</CertificateId>
        <CertificateBody>PEM</CertificateBody><Status>${status}</Status><UploadDate>2026-01-01T00:00:00Z</UploadDate>
        </member></Certificates><IsTruncated>false</IsTruncated>`,
    )

  test('that was asked for before a change was told does not end it by agreeing, one asked for later does', async () => {
    const statuses = ['Inactive', 'Active', 'Inactive', 'Active']
    let answerFirst = () => {}
    const held = new Promise<void>(resolve => {
      answerFirst = resolve
    })
    await using client = await startStubClient(async ({ earlier }) => {
      if (earlier === 0) await held
      return listing(statuses[earlier] ?? '')
    })
    const overlay = createOverlay({ window: 3_600_000 })
    const shown = async () => {
      const { items } = await createLoaders(client.iam, overlay).signingCertificates.load(request)
      return items.map(({ status }) => status)
    }
    const first = shown()
    await client.stub.arrived(1)
    overlay.told(change)
    answerFirst()
    expect([await first, await shown(), await shown(), await shown()]).toEqual([
      ['Inactive'],
      ['Inactive'],
      ['Inactive'],
      ['Active'],
    ])
  })

  test('that is remembered stays as IAM gave it', async () => {
    await using client = await startStubClient(() => listing('Active'), { cacheTtl: 3_600_000 })
    const overlay = createOverlay({ window: 3_600_000 })
    overlay.told(change)
    const shown = await createLoaders(client.iam, overlay).signingCertificates.load(request)
    const asListed = await createLoaders(client.iam, createOverlay({ window: 0 })).signingCertificates.load(request)
    expect(client.stub.calls).toHaveLength(1)
    expect(shown.items).toEqual(asListed.items.map(certificate => ({ ...certificate, status: 'Inactive' })))
    expect(asListed.items).toMatchObject([{ certificateId: change.credentialId, status: 'Active' }])
  })
})
