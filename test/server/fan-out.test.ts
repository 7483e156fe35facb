import { describe, expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { aChange } from './change.ts'
import { until } from './operated.ts'
import { type Message, openPlainSocket } from './transport.ts'

const query = `subscription {
  signingCertificateStatusChanged { status signingCertificate { userName status } }
}`

/** Nobody else asks IAM. */
const alone = ['--sandbox-users=2', '--reconcile-interval=0']

interface Crowd extends AsyncDisposable {
  /** The next message of each subscription. */
  told(): Promise<Message[]>
}

async function gather({ url, gateway }: TestGateway, sockets: number, each: number, others = 0): Promise<Crowd> {
  const crowd = await Promise.all(Array.from({ length: sockets }, () => openPlainSocket(url)))
  for (const { send } of crowd) {
    for (let id = 0; id < each; id += 1) send({ type: 'subscribe', id: String(id), payload: { query } })
  }
  await until(() => gateway.events.subscribers === sockets * each + others)
  return {
    told: () => Promise.all(crowd.flatMap(({ message }) => Array.from({ length: each }, message))),
    async [Symbol.asyncDispose]() {
      for (const { socket } of crowd) socket.terminate()
    },
  }
}

/** The second one a second later: of two in the same second IAM's list would be asked which came last. */
function exampleChange({ sandbox: { example } }: TestGateway, status: 'Active' | 'Inactive' = 'Inactive') {
  const changedAt = new Date(status === 'Inactive' ? '2026-09-11T13:15:06Z' : '2026-09-11T13:15:07Z')
  return aChange({ credentialId: example?.certificateId ?? '', status, changedAt })
}

/** One call each, also where the answers of all are not asked at once: with and without a cache. */
describe.each([[], ['--cache-ttl=0']])(
  'a change told to 1,000 subscribers who ask for the certificate %s',
  (...flags) => {
    test('costs one List, and one more for the next change', async () => {
      await using gateway = await startTestGateway(...alone, ...flags)
      await using crowd = await gather(gateway, 20, 50)
      for (const status of ['Inactive', 'Active'] as const) {
        const calls = await gateway.callsOf(async () => {
          await gateway.gateway.events.publish(exampleChange(gateway, status))
          for (const { type, payload } of await crowd.told()) {
            expect(type).toBe('next')
            expect(payload).toMatchObject({
              data: {
                signingCertificateStatusChanged: {
                  status: status.toUpperCase(),
                  signingCertificate: { userName: 'alice', status: status.toUpperCase() },
                },
              },
            })
          }
        })
        expect(calls).toEqual(['ListSigningCertificates alice'])
      }
    })

    test('costs one List where it fails, too, and each is told', async () => {
      await using gateway = await startTestGateway(...alone, ...flags)
      await using crowd = await gather(gateway, 20, 50)
      gateway.sandbox.fault({ action: 'ListSigningCertificates', answer: { code: 'AccessDenied', status: 403 } })
      const calls = await gateway.callsOf(async () => {
        await gateway.gateway.events.publish(exampleChange(gateway))
        for (const { payload } of await crowd.told()) {
          expect(payload).toMatchObject({ errors: [{ extensions: { code: 'AccessDenied' } }] })
        }
      })
      expect(calls).toEqual(['ListSigningCertificates alice'])
    })
  },
)

test('a subscriber who comes to a change later does not ask again, until a newer one was told', async () => {
  await using gateway = await startTestGateway(...alone, '--cache-ttl=0')
  const { events } = gateway.gateway
  const after = events.latestId()
  await events.publish(exampleChange(gateway))
  const late = { query: query.replace('Changed', `Changed(after: "${after}")`) }
  const replayed = async (ids: readonly string[]) => {
    await using plain = await openPlainSocket(gateway.url)
    for (const id of ids) {
      plain.send({ type: 'subscribe', id, payload: late })
      expect(await plain.message()).toMatchObject({ id, type: 'next' })
      plain.send({ type: 'complete', id })
    }
  }
  expect(await gateway.callsOf(() => replayed(['1', '2', '3']))).toEqual(['ListSigningCertificates alice'])
  await until(() => events.subscribers === 0)
  await events.publish(exampleChange(gateway, 'Active'))
  expect(await gateway.callsOf(() => replayed(['4']))).toEqual(['ListSigningCertificates alice'])
})

test('whoever asks for all and goes away leaves the others their answer', async () => {
  await using gateway = await startTestGateway(...alone, '--cache-ttl=0')
  const { sandbox } = gateway
  await using first = await openPlainSocket(gateway.url)
  first.send({ type: 'subscribe', id: '1', payload: { query } })
  await until(() => gateway.gateway.events.subscribers === 1)
  await using crowd = await gather(gateway, 5, 1, 1)
  const recover = sandbox.fault({ action: 'ListSigningCertificates', answer: 'hang' })
  await gateway.gateway.events.publish(exampleChange(gateway))
  await until(() => sandbox.calls.length === 1)
  recover()
  first.socket.terminate()
  for (const { payload } of await crowd.told()) {
    expect(payload).toMatchObject({
      data: { signingCertificateStatusChanged: { signingCertificate: { userName: 'alice' } } },
    })
  }
  expect(sandbox.calls.map(({ action }) => action)).toEqual(['ListSigningCertificates', 'ListSigningCertificates'])
})
