import { expect, test } from 'vitest'
import type { NewChange, Told } from '../../src/events/change.ts'
import type { FaultProxy, Treatment } from '../fault-proxy.ts'
import { type ProxiedGateway, startProxiedGateway } from '../reliability/proxied-gateway.ts'
import { setStatus, toldDuring } from './changing.ts'

/** Of two updates that are under way at once, IAM makes the first one first, and answers it last. */
test.each([
  ['ACTIVE', 'INACTIVE', 'Inactive'],
  ['INACTIVE', 'ACTIVE', 'Active'],
])(
  '%s then %s, answered the other way round, leaves subscribers with what IAM lists',
  async (first, second, status) => {
    await using gateway = await startProxiedGateway()
    const told = await toldDuring(gateway.gateway.events, () => overlapping(gateway, [first, second]))
    expect(stateAfter(told)).toBe(status)
    expect(gateway.gateway.events.lastTold('SigningCertificate', certificateOf(gateway).certificateId)?.status).toBe(
      status,
    )
  },
)

test('updates one after the other ask no list but the one before each', async () => {
  await using gateway = await startProxiedGateway()
  const told = await toldDuring(gateway.gateway.events, async () => {
    for (const status of ['INACTIVE', 'ACTIVE', 'INACTIVE']) await set(gateway, status)
  })
  expect(told.map(({ status, superseded }) => [status, superseded])).toEqual([
    ['Inactive', false],
    ['Active', false],
    ['Inactive', false],
  ])
  const lists = gateway.proxy.calls.filter(({ action }) => action === 'ListSigningCertificates')
  expect(lists).toHaveLength(3)
})

function certificateOf({ sandbox: { example } }: ProxiedGateway) {
  if (!example) throw new Error('expected an example')
  return { userName: example.userName, certificateId: example.certificateId }
}

function set(gateway: ProxiedGateway, status: string): Promise<unknown> {
  return gateway.ask(setStatus, { input: { ...certificateOf(gateway), status } })
}

async function overlapping(gateway: ProxiedGateway, [first, second]: readonly [string, string]): Promise<void> {
  const made = gate()
  const answer = gate()
  const undo = gateway.proxy.treat(call => (isUpdate(call) ? late : undefined))
  const late: Treatment = async ({ response, forward }) => {
    undo()
    const { status, headers, body } = await forward()
    made.open()
    await answer.opened
    response.writeHead(status, headers).end(body)
  }
  const one = set(gateway, first)
  await made.opened
  await set(gateway, second)
  answer.open()
  await one
}

const isUpdate = ({ action }: FaultProxy['calls'][number]) => action === 'UpdateSigningCertificate'

/** As a client keeps it: what is superseded is for the record. */
function stateAfter(told: readonly Told<NewChange>[]): string | undefined {
  return told.findLast(({ superseded }) => !superseded)?.status
}

function gate() {
  let open = () => {}
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  return { open: () => open(), opened }
}
