import { expect, test } from 'vitest'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { post } from '../gateway.ts'
import { type Failure, faults } from './fault-table.ts'
import { setStatus, statusesOf, toldOfChange, toldOfRead, upload } from './operation.ts'
import { startWitnessedGateway, type WitnessedGateway } from './witnessed-gateway.ts'

test('the process lives through all faults at once, tells each client its own, and holds nothing afterwards', {
  timeout: 60_000,
}, async () => {
  await using gateway = await startWitnessedGateway(
    { handles: true },
    '--call-timeout=1',
    '--cache-ttl=0',
    '--reconcile-interval=0',
  )
  const { process, proxy, account, report } = gateway
  const certificates: { readonly userName: string; readonly certificateId: string }[] = []
  for (const index of faults.keys()) {
    for (const kind of ['enabler', 'disabler', 'reader', 'uploader']) {
      const userName = `${kind}-${index}`
      await account.user(userName)
      certificates.push({ userName, certificateId: await account.certificate(userName) })
    }
  }
  const inputOf = (wanted: string) => certificates.find(({ userName }) => userName === wanted)
  const disable = async (userName: string) => ask(gateway, setStatus, { ...inputOf(userName), status: 'INACTIVE' })
  for (const index of faults.keys()) await disable(`enabler-${index}`)

  const undo = proxy.treat(({ parameters: { UserName = '' } }) => faults[Number(/\d+$/.exec(UserName)?.[0])]?.treatment)
  const answers = await Promise.all(
    faults.map(async (_fault, index) =>
      Promise.all([
        ask(gateway, `{ change: user(userName: "reader-${index}") { userId } }`),
        ask(gateway, setStatus, { ...inputOf(`enabler-${index}`), status: 'ACTIVE' }),
        ask(gateway, upload, { userName: `uploader-${index}`, certificateBody: mintCertificate() }),
        disable(`disabler-${index}`),
      ]),
    ),
  )
  for (const [index, [read, ...changes]] of answers.entries()) {
    const { name, read: ofRead, enabling, disabling } = faults[index] ?? expect.fail()
    expect(read.errors, name).toMatchObject([toldOfRead(ofRead)])
    const told = [enabling, enabling, disabling].map((failure: Failure) => toldOfChange(failure))
    expect(
      changes.map(({ data }) => data.change),
      name,
    ).toEqual(told)
  }
  undo()

  await proxy.quiet()
  for (const [index, { isMade }] of faults.entries()) {
    expect(await statusesOf(account, `enabler-${index}`)).toEqual([isMade ? 'Active' : 'Inactive'])
    expect((await disable(`disabler-${index}`)).data.change).toMatchObject({
      signingCertificate: { status: 'INACTIVE' },
    })
  }
  proxy.disconnect()
  // The one timer is the HTTP server's own, which looks for clients that are too slow.
  await expect.poll(report, { timeout: 15_000 }).toMatchObject({ timers: 1, sockets: 0 })

  process.kill('SIGTERM')
  const { exitCode, stderr } = await process.ended
  expect(exitCode).toBe(0)
  expect(stderr).not.toContain('unexpected error')
})

/** Each on a connection of its own, so that none is left of those that ask. */
function ask({ process }: WitnessedGateway, query: string, input?: object) {
  return post(process.url, { query, ...(input && { variables: { input } }) }, { connection: 'close' })
}
