import { describe, expect, test, vi } from 'vitest'
import { beginOperation } from '../../src/iam/operation.ts'
import { createPacer } from '../../src/iam/pacer.ts'
import { listServiceSpecificCredentials } from '../../src/iam/service-specific-credential.ts'
import { listSigningCertificates, updateSigningCertificate } from '../../src/iam/signing-certificate.ts'
import { getUser } from '../../src/iam/user.ts'
import { openAccount } from '../account.ts'
import { startTestGateway } from '../gateway.ts'
import { aChange } from '../server/change.ts'
import { answerOf, refusalOf, type StubCall } from '../stub-iam.ts'
import { inTurn, startStubClient, user } from './stub-client.ts'

const gone = new Error('gone')

describe('of the client', () => {
  const page = { userName: 'alice', marker: undefined, maxItems: 100 }
  const noCertificates = answerOf('ListSigningCertificates', '<Certificates/><IsTruncated>false</IsTruncated>')
  const noCredentials = answerOf('ListServiceSpecificCredentials', '<ServiceSpecificCredentials/>')
  const disable = { userName: 'alice', certificateId: 'A'.repeat(32), status: 'Inactive' } as const
  const any = ({ action }: StubCall) =>
    [user, noCertificates, noCredentials].find(
      answer => typeof answer === 'object' && answer.body.startsWith(`<${action}Response`),
    ) ?? answerOf(action)

  test('a read goes for all who wait: also in the turn of who comes later, and is in more of a hurry', async () => {
    const pacer = createPacer({ concurrency: 1 })
    let answer = () => {}
    const answered = new Promise<void>(resolve => {
      answer = resolve
    })
    await using client = await startStubClient(() => answered.then(() => user), { pacer })
    const endless = { timeout: 60_000, maxCalls: 10 }
    const [sweep, person] = [beginOperation({ ...endless, lane: 'background' }), beginOperation(endless)]
    const asked = ['first', 'second', 'third', 'fourth'].map(name => getUser(client.iam.on(sweep), name))
    asked.push(getUser(client.iam.on(person), 'fourth'))
    answer()
    await Promise.all(asked)
    const order = client.stub.calls.map(({ parameters }) => parameters['UserName'])
    expect(order).toEqual(['first', 'fourth', 'second', 'third'])
    for (const { end } of [sweep, person]) end()
  })

  test('a read that nobody waits for any more ends, and its connection with it', async () => {
    await using client = await startStubClient(() => 'hang')
    const clients = [new AbortController(), new AbortController()]
    const asked = clients.map(({ signal }) => expect(getUser(client.iam, 'alice', { signal })).rejects.toBe(gone))
    await client.stub.arrived(1)
    clients[0]?.abort(gone)
    await asked[0]
    expect(client.iam.pacer.underWay).toBe(1)
    clients[1]?.abort(gone)
    await client.stub.calls[0]?.over
    await Promise.all(asked)
    await vi.waitFor(() => expect(client.iam.pacer).toMatchObject({ underWay: 0, queued: 0 }), { timeout: 20_000 })
    expect(client.stub.calls).toHaveLength(1)
  })

  test('nothing is shared with another, of another identity', async () => {
    await using one = await startStubClient(any, { cacheTtl: 60_000 })
    await using other = await startStubClient(any, { cacheTtl: 60_000, pacer: one.iam.pacer })
    await Promise.all([getUser(one.iam, 'alice'), getUser(other.iam, 'alice')])
    await Promise.all([getUser(one.iam, 'alice'), getUser(other.iam, 'alice')])
    expect([one.stub.calls.length, other.stub.calls.length]).toEqual([1, 1])
  })

  test('the read of a change is its own, and nobody else’s', async () => {
    await using client = await startStubClient(any, { cacheTtl: 60_000 })
    await Promise.all([
      listSigningCertificates(client.iam, page),
      listSigningCertificates(client.iam, page, { urgent: true }),
    ])
    await listSigningCertificates(client.iam, page, { urgent: true })
    await listSigningCertificates(client.iam, page)
    expect(client.stub.calls).toHaveLength(3)
  })

  test.each([
    ['that was made', answerOf('UpdateSigningCertificate'), 'resolved'],
    ['that was refused', refusalOf('NoSuchEntity', 404), 'rejected'],
    ['of which nobody knows whether it was made', 'reset', 'rejected'],
  ] as const)('a change %s lets nothing be remembered that it may have changed', async (_which, answer, outcome) => {
    await using client = await startStubClient(
      call => (call.action === 'UpdateSigningCertificate' ? answer : any(call)),
      {
        cacheTtl: 60_000,
      },
    )
    const read = () =>
      Promise.all([
        listSigningCertificates(client.iam, page),
        listSigningCertificates(client.iam, { ...page, userName: 'bob' }),
        getUser(client.iam, 'alice'),
        listServiceSpecificCredentials(client.iam, page),
      ])
    await read()
    const enable = { ...disable, status: 'Active' } as const
    const [settled] = await Promise.allSettled([updateSigningCertificate(client.iam, enable)])
    expect(settled?.status.replace('fulfilled', 'resolved')).toBe(outcome)
    const before = client.stub.calls.length
    await read()
    expect(client.stub.calls.slice(before)).toMatchObject([
      { action: 'ListSigningCertificates', parameters: { UserName: 'alice' } },
    ])
  })

  test.each(['AccessDenied', 'InvalidClientTokenId', 'ValidationError', 'LimitExceeded'])(
    'a change that IAM refused by %s makes nobody read again',
    async code => {
      await using client = await startStubClient(
        call => (call.action === 'UpdateSigningCertificate' ? refusalOf(code, 403) : any(call)),
        { cacheTtl: 60_000 },
      )
      await listSigningCertificates(client.iam, page)
      await expect(updateSigningCertificate(client.iam, disable)).rejects.toMatchObject({ code })
      await listSigningCertificates(client.iam, page)
      expect(client.stub.calls.map(({ action }) => action)).toEqual([
        'ListSigningCertificates',
        'UpdateSigningCertificate',
      ])
    },
  )

  test('an error is nobody else’s later: it is asked again', async () => {
    await using client = await startStubClient(inTurn(refusalOf('AccessDenied', 403), user), { cacheTtl: 60_000 })
    await expect(getUser(client.iam, 'alice')).rejects.toMatchObject({ code: 'AccessDenied' })
    expect(await getUser(client.iam, 'alice')).toMatchObject({ userName: 'alice' })
  })

  test('who asks tells whether the answer took a call', async () => {
    await using client = await startStubClient(any, { cacheTtl: 60_000 })
    let sent = 0
    const onSent = () => {
      sent += 1
    }
    await Promise.all([getUser(client.iam, 'alice', { onSent }), getUser(client.iam, 'alice', { onSent })])
    await getUser(client.iam, 'alice', { onSent })
    expect(sent).toBe(1)
  })
})

describe('through the front door', () => {
  const query = '{ user(userName: "alice") { userName signingCertificates { nodes { status } } } }'

  test('two requests at once are one call of each kind, and later ones none while it is remembered', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2', '--sandbox-latency=300', '--cache-ttl=3600')
    const calls = await gateway.callsOf(() => Promise.all([gateway.ask(query), gateway.ask(query)]))
    expect(calls).toEqual(['GetUser alice', 'ListSigningCertificates alice'])
    expect(await gateway.callsOf(() => gateway.ask(query))).toEqual([])
  })

  test('nothing is remembered with --cache-ttl=0', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2', '--cache-ttl=0')
    const calls = await gateway.callsOf(async () => {
      await gateway.ask(query)
      await gateway.ask(query)
    })
    expect(calls).toHaveLength(4)
  })

  test('what a mutation changed, or another gateway tells of, is read again', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2', '--cache-ttl=3600', '--consistency-window=0')
    using account = openAccount(gateway.sandbox)
    await account.user('apart')
    const certificateId = await account.certificate('apart')
    const asked = query.replace('alice', 'apart')
    const statusNow = async () => (await gateway.ask(asked)).data.user.signingCertificates.nodes[0].status
    expect(await statusNow()).toBe('ACTIVE')
    await gateway.ask(
      'mutation ($input: SetSigningCertificateStatusInput!) { setSigningCertificateStatus(input: $input) { __typename } }',
      { input: { userName: 'apart', certificateId, status: 'INACTIVE' } },
    )
    expect(await statusNow()).toBe('INACTIVE')
    expect(await gateway.callsOf(statusNow)).toEqual([])
    await gateway.gateway.events.publish(aChange({ userName: 'Apart', credentialId: certificateId }))
    expect(await gateway.callsOf(statusNow)).toEqual(['ListSigningCertificates apart'])
  })
})
