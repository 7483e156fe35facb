import { expect } from 'vitest'
import type { ProxiedGateway } from './proxied-gateway.ts'

/** Most connections that the gateway keeps for its next questions: its concurrency. */
const kept = 25

/** Nothing of a call that has ended is left: no slot, no waiter, no connection beyond those kept for the next. */
export async function expectNothingLeft({ gateway, proxy }: ProxiedGateway): Promise<void> {
  await proxy.quiet()
  const { pacer, sharing } = gateway.iam
  expect({ queued: pacer.queued, sent: pacer.underWay, shared: sharing.underWay }).toEqual({
    queued: 0,
    sent: 0,
    shared: 0,
  })
  expect(proxy.connections).toBeLessThanOrEqual(kept)
}
