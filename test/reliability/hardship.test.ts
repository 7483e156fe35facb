import { UpdateSigningCertificateCommand } from '@aws-sdk/client-iam'
import { describe, expect, test } from 'vitest'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { hardships } from './fault-table.ts'
import { expectNothingLeft } from './left.ts'
import { setStatus, statusesOf, upload } from './operation.ts'
import { type ProxiedGateway, startProxiedGateway } from './proxied-gateway.ts'
import { late } from './treatment.ts'

describe(hardships.late, () => {
  test('is waited for, by reads and changes, while others are answered at once', async () => {
    await using gateway = await startProxiedGateway()
    const { ask, account, proxy } = gateway
    const [enabler, uploader, disabler] = await people(gateway, 'enabler', 'uploader', 'disabler')
    const right = await ask(reads)
    expect(right.errors).toBeUndefined()

    proxy.treat(({ parameters: { UserName } }) => (UserName === 'other' ? undefined : late(10_000)))
    const certificateBody = mintCertificate({ subject: { CN: 'new' } })
    const asked = Promise.all([
      ask(reads),
      ask(setStatus, { input: { ...enabler, status: 'ACTIVE' } }),
      ask(upload, { input: { userName: uploader?.userName, certificateBody } }),
      ask(setStatus, { input: { ...disabler, status: 'INACTIVE' } }),
    ])
    let isAnswered = false
    void asked.finally(() => {
      isAnswered = true
    })
    const [other] = await people(gateway, 'other')
    const changed = { ...other, status: 'INACTIVE' }
    expect((await ask(setStatus, { input: changed })).data.change).toMatchObject({ signingCertificate: changed })
    expect(isAnswered).toBe(false)

    const [read, enabled, uploaded, disabled] = await asked
    expect(read.errors).toBeUndefined()
    expect(read.data).toEqual(right.data)
    // The list beside the change is what a change does not wait for.
    const set = { __typename: 'SetSigningCertificateStatusPayload', signingCertificate: null }
    expect([enabled.data.change, disabled.data.change]).toEqual([set, set])
    expect(uploaded.data.change).toMatchObject({ signingCertificate: { certificateBody, status: 'ACTIVE' } })
    expect(await statusesOf(account, 'enabler')).toEqual(['Active'])
    expect(await statusesOf(account, 'uploader')).toEqual(['Active', 'Active'])
    expect(await statusesOf(account, 'disabler')).toEqual(['Inactive'])
    await expectNothingLeft(gateway)
  })
})

describe(hardships.long, () => {
  test('arrives byte for byte, and is read, disabled and enabled as any other', async () => {
    await using gateway = await startProxiedGateway()
    const { ask, account } = gateway
    await account.user('owner')
    const certificateBody = mintCertificate({ subject: { CN: 'long', OU: 'x'.repeat(5_800) } }).padEnd(16_384, '\n')
    expect(certificateBody).toHaveLength(16_384)
    const uploaded = await ask(upload, { input: { userName: 'owner', certificateBody } })
    expect(uploaded.data.change).toMatchObject({ signingCertificate: { certificateBody, status: 'ACTIVE' } })

    const query =
      '{ user(userName: "owner") { signingCertificates { nodes { certificateId certificateBody x509 { subject } } } } }'
    const { data } = await ask(query)
    const [certificate] = data.user.signingCertificates.nodes
    expect(certificate).toMatchObject({ certificateBody, x509: { subject: expect.stringContaining('CN=long') } })
    const { certificateId } = certificate
    for (const status of ['INACTIVE', 'ACTIVE']) {
      const changed = { userName: 'owner', certificateId, status }
      expect((await ask(setStatus, { input: changed })).data.change).toMatchObject({ signingCertificate: changed })
    }
    await expectNothingLeft(gateway)
  })
})

describe(hardships.empty, () => {
  test.each([
    ['users', 'ListUsers', '{ users(first: 1000) { nodes { userName } pageInfo { hasNextPage } } }'],
    [
      'credentials',
      'ListServiceSpecificCredentials',
      '{ serviceSpecificCredentials(first: 1000) { nodes { serviceSpecificCredentialId } pageInfo { hasNextPage } } }',
    ],
    [
      'a user’s certificates',
      'ListSigningCertificates',
      '{ user(userName: "owner") { signingCertificates { nodes { certificateId } pageInfo { hasNextPage } } } }',
    ],
    [
      'the account’s certificates',
      'ListUsers',
      '{ signingCertificates(first: 1000) { nodes { certificateId } usersWalked refused { code } } }',
    ],
  ])('of %s are walked through, by 50 more calls', async (_what, action, query) => {
    await using gateway = await startProxiedGateway()
    const { ask, proxy, sandbox } = gateway
    await people(gateway, 'owner')
    const right = await ask(query)
    expect(right.errors).toBeUndefined()
    expect(JSON.stringify(right.data)).toContain('":[{"')
    const usual = proxy.calls.length

    proxy.clearCalls()
    sandbox.fault({ action, times: 50, answer: { maxPage: 0 } })
    const { data, errors } = await ask(query)
    expect(errors).toBeUndefined()
    expect(data).toEqual(right.data)
    // Less the GetUser by which the gateway asked who it is.
    expect(proxy.calls).toHaveLength(usual - 1 + 50)
    await expectNothingLeft(gateway)
  })

  test('do not keep a change from being made', async () => {
    await using gateway = await startProxiedGateway()
    const { ask, account, sandbox } = gateway
    const [enabler, disabler] = await people(gateway, 'enabler', 'disabler')
    const endings = ['enabler', 'disabler'].map(userName =>
      sandbox.fault({ action: 'ListSigningCertificates', userName, times: 50, answer: { maxPage: 0 } }),
    )
    const answers = await Promise.all([
      ask(setStatus, { input: { ...enabler, status: 'ACTIVE' } }),
      ask(setStatus, { input: { ...disabler, status: 'INACTIVE' } }),
      ask(upload, { input: { userName: 'enabler', certificateBody: mintCertificate() } }),
    ])
    expect(answers.map(({ data }) => data.change.__typename)).toEqual([
      'SetSigningCertificateStatusPayload',
      'SetSigningCertificateStatusPayload',
      'UploadSigningCertificatePayload',
    ])
    // A change does not wait for its list for long: what of the pages nobody read is left.
    for (const end of endings) end()
    expect(await statusesOf(account, 'enabler')).toEqual(['Active', 'Active'])
    expect(await statusesOf(account, 'disabler')).toEqual(['Inactive'])
    await expectNothingLeft(gateway)
  })
})

const reads = `{
  users(first: 7) { nodes { userName } }
  user(userName: "enabler") { userId }
  serviceSpecificCredentials(first: 7) { nodes { serviceSpecificCredentialId } }
}`

/** Users with a certificate each: active, but the enabler's. */
async function people({ account }: ProxiedGateway, ...userNames: string[]) {
  const certificates = []
  for (const userName of userNames) {
    await account.user(userName)
    const certificateId = await account.certificate(userName)
    certificates.push({ userName, certificateId })
    if (userName !== 'enabler') continue
    const inactive = { UserName: userName, CertificateId: certificateId, Status: 'Inactive' } as const
    await account.iam.send(new UpdateSigningCertificateCommand(inactive))
  }
  return certificates
}
