import { UpdateSigningCertificateCommand } from '@aws-sdk/client-iam'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import type { ProxiedCall } from '../fault-proxy.ts'
import { tableOf } from '../readme.ts'
import { type Fault, faults, tableHeader, tableRows } from './fault-table.ts'
import { expectNothingLeft } from './left.ts'
import { setStatus, statusesOf, toldOfChange, toldOfRead, upload } from './operation.ts'
import { type ProxiedGateway, startProxiedGateway } from './proxied-gateway.ts'

describe.each(faults.map(fault => [fault.name, fault] as const))('%s', (_name, fault) => {
  let gateway: ProxiedGateway
  beforeAll(async () => {
    // What hangs is given up by the clock alone; nothing else must need it.
    gateway = await startProxiedGateway(`--call-timeout=${fault.isEndless ? 0.5 : 30}`)
  })
  afterAll(() => gateway[Symbol.asyncDispose]())

  test('met by a read is told after a few calls; passing, it is not seen', async () => {
    const { ask, proxy } = gateway
    const { node, clear } = await prepare(gateway, 'reader')
    const right = await ask(reads, { id: node })
    expect(right.errors).toBeUndefined()

    const undoOnce = strike(gateway, fault, { times: 1 })
    expect((await ask(reads, { id: node })).data).toEqual(right.data)
    undoOnce()

    clear()
    const undo = strike(gateway, fault)
    const [struck] = await Promise.all([ask(reads, { id: node }), expectOthersAnswered(gateway, 'other-1')])
    expect(struck.data).toEqual({ users: null, user: null, node: null, serviceSpecificCredentials: null })
    const errors = struck.errors?.map(({ message, path, extensions }) => ({ message, path, extensions }))
    expect(errors).toHaveLength(4)
    for (const field of Object.keys(struck.data)) {
      expect(errors).toContainEqual({ path: [field], ...toldOfRead(fault.read) })
    }
    for (const action of ['ListUsers', 'GetUser', 'ListSigningCertificates', 'ListServiceSpecificCredentials']) {
      expect(proxy.calls.filter(call => call.action === action && isStruck(call))).toHaveLength(fault.read.calls)
    }
    undo()
    expect((await ask(reads, { id: node })).data).toEqual(right.data)
    await expectNothingLeft(gateway)
  })

  test('met by enabling is told after one call', async () => {
    const { ask, account } = gateway
    const { certificate, callsOf } = await prepare(gateway, 'enabler')
    const { userName: UserName, certificateId: CertificateId } = certificate
    await account.iam.send(new UpdateSigningCertificateCommand({ UserName, CertificateId, Status: 'Inactive' }))
    const undo = strike(gateway, fault)
    const input = { ...certificate, status: 'ACTIVE' }
    const [struck] = await Promise.all([ask(setStatus, { input }), expectOthersAnswered(gateway, 'other-2')])
    expect(struck.data.change).toEqual(toldOfChange(fault.enabling))
    expect(callsOf('UpdateSigningCertificate')).toBe(fault.enabling.calls)
    expect(await statusesOf(account, UserName)).toEqual([fault.isMade ? 'Active' : 'Inactive'])
    undo()
    await expectNothingLeft(gateway)
  })

  test('met by an upload is told after one call', async () => {
    const { ask, account } = gateway
    const { certificate, callsOf } = await prepare(gateway, 'uploader')
    const undo = strike(gateway, fault)
    const input = { userName: certificate.userName, certificateBody: mintCertificate({ subject: { CN: 'new' } }) }
    const [struck] = await Promise.all([ask(upload, { input }), expectOthersAnswered(gateway, 'other-3')])
    expect(struck.data.change).toEqual(toldOfChange(fault.enabling))
    expect(callsOf('UploadSigningCertificate')).toBe(fault.enabling.calls)
    expect(await statusesOf(account, certificate.userName)).toHaveLength(fault.isMade ? 2 : 1)
    undo()
    await expectNothingLeft(gateway)
  })

  test('met by disabling is told after a few calls; passing, it is not seen', async () => {
    const { ask, account } = gateway
    const { certificate, callsOf, clear } = await prepare(gateway, 'disabler')
    const input = { ...certificate, status: 'INACTIVE' }
    const undo = strike(gateway, fault)
    const [struck] = await Promise.all([ask(setStatus, { input }), expectOthersAnswered(gateway, 'other-4')])
    expect(struck.data.change).toEqual(toldOfChange(fault.disabling))
    expect(callsOf('UpdateSigningCertificate')).toBe(fault.disabling.calls)
    expect(await statusesOf(account, certificate.userName)).toEqual([fault.isMade ? 'Inactive' : 'Active'])
    undo()

    clear()
    const undoOnce = strike(gateway, fault, { times: 1, action: 'UpdateSigningCertificate' })
    expect((await ask(setStatus, { input })).data.change).toEqual({
      __typename: 'SetSigningCertificateStatusPayload',
      signingCertificate: input,
    })
    expect(callsOf('UpdateSigningCertificate')).toBe(2)
    expect(await statusesOf(account, certificate.userName)).toEqual(['Inactive'])
    undoOnce()
    await expectNothingLeft(gateway)
  })
})

test('the README tells of each fault what is shown here', () => {
  expect(tableOf(...tableHeader)).toEqual(tableRows())
})

/** Whose calls are struck: of reads, also those that ask for pages of 7. */
const victims = new Set<string | undefined>(['reader', 'enabler', 'uploader', 'disabler'])

/** One of each API. */
const reads = `query ($id: ID!) {
  users(first: 7) { nodes { userName } }
  user(userName: "reader") { userId }
  node(id: $id) { id }
  serviceSpecificCredentials(first: 7) { nodes { serviceSpecificCredentialId } }
}`

/** A user with a certificate, and the calls that are struck from here on. */
async function prepare({ account, ask, proxy }: ProxiedGateway, userName: string) {
  await account.user(userName)
  const certificateId = await account.certificate(userName)
  const query = 'query ($name: String!) { user(userName: $name) { signingCertificates { nodes { id } } } }'
  const { data } = await ask(query, { name: userName })
  proxy.clearCalls()
  return {
    node: data.user.signingCertificates.nodes[0].id,
    certificate: { userName, certificateId },
    clear: proxy.clearCalls,
    callsOf: (action: string) => proxy.calls.filter(call => call.action === action && isStruck(call)).length,
  }
}

function strike(
  { proxy }: ProxiedGateway,
  { treatment }: Fault,
  { times = Number.POSITIVE_INFINITY, action }: { readonly times?: number; readonly action?: string } = {},
): () => void {
  const struck = new Map<string, number>()
  return proxy.treat(call => {
    if (!isStruck(call) || (action !== undefined && action !== call.action)) return undefined
    const count = (struck.get(call.action) ?? 0) + 1
    struck.set(call.action, count)
    return count <= times ? treatment : undefined
  })
}

function isStruck({ parameters: { UserName, MaxItems } }: ProxiedCall): boolean {
  return victims.has(UserName) || MaxItems === '7'
}

/** A change and a read that no fault strikes, once one was struck. */
async function expectOthersAnswered({ ask, account, proxy }: ProxiedGateway, userName: string): Promise<void> {
  await proxy.arrived(isStruck)
  await account.user(userName)
  const certificateId = await account.certificate(userName)
  const changed = { userName, certificateId, status: 'INACTIVE' }
  const disabled = await ask(setStatus, { input: changed })
  expect(disabled.data.change).toMatchObject({ signingCertificate: changed })
  const query =
    'query ($name: String!) { user(userName: $name) { signingCertificates { nodes { userName certificateId status } } } }'
  const { data, errors } = await ask(query, { name: userName })
  expect(errors).toBeUndefined()
  expect(data).toEqual({ user: { signingCertificates: { nodes: [changed] } } })
}
