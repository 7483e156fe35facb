import { expect, test } from 'vitest'
import { setStatus } from './operation.ts'
import { startProxiedGateway } from './proxied-gateway.ts'
import { fail, resetInstead } from './treatment.ts'

test.each([
  ['made, but did not tell of', resetInstead, 'OUTCOME_UNKNOWN', 'ACTIVE'],
  ['failed', fail, 'ServiceFailure', 'INACTIVE'],
])(
  'after a change that IAM %s, what it lists is shown, and not what was told before',
  async (_what, treatment, code, status) => {
    await using gateway = await startProxiedGateway()
    const { ask, account, proxy } = gateway
    await account.user('carol')
    const certificate = { userName: 'carol', certificateId: await account.certificate('carol') }
    await ask(setStatus, { input: { ...certificate, status: 'INACTIVE' } })
    const undo = proxy.treat(({ action }) => (action === 'UpdateSigningCertificate' ? treatment : undefined))
    const { data } = await ask(setStatus, { input: { ...certificate, status: 'ACTIVE' } })
    expect(data.change).toMatchObject({ code })
    undo()

    const read = '{ user(userName: "carol") { signingCertificates { nodes { status } } } }'
    const listed = { data: { user: { signingCertificates: { nodes: [{ status }] } } } }
    expect(await ask(read)).toMatchObject(listed)
    await ask(setStatus, { input: { ...certificate, status: 'INACTIVE' } })
    expect(await ask(read)).toMatchObject({
      data: { user: { signingCertificates: { nodes: [{ status: 'INACTIVE' }] } } },
    })
  },
)
