import { EventEmitter, once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type FaultProxy, pass, type Rule, type Treatment } from '../fault-proxy.ts'
import { faults } from './fault-table.ts'
import { createLoadClient, type LoadClient } from './load-client.ts'
import { startWitnessedGateway } from './witnessed-gateway.ts'

/** CI asks for the whole minute. */
const seconds = Number(process.env['LOAD_SECONDS'] ?? 5)

test('200 clients at once, with 1 % faults: each is answered, right or with an error of its own', {
  timeout: seconds * 1000 + 60_000,
}, async () => {
  await using gateway = await startWitnessedGateway({ handles: false }, '--call-timeout=1', '--log-level=error')
  const { account, process: served, proxy, report } = gateway
  const clients: LoadClient[] = []
  while (clients.length < 200) clients.push(await createLoadClient(served.url, account, `client-${clients.length}`))

  const strikes = createStrikes(randomOf(7))
  const undo = proxy.treat(strikes.treat)
  // Each fault has its turn, whatever this machine's pace.
  await run(clients, Promise.all([pause(seconds * 1000), strikes.reached(2 * faults.length)]))
  undo()

  expect(clients.flatMap(client => client.wrongs)).toEqual([])
  expect(clients.filter(client => client.answered === 0)).toEqual([])
  expect(clients.flatMap(client => [...client.told])).toContain('IAM_UNREACHABLE')
  // Of which the cache may take 64 MiB.
  expect((await report()).memory).toBeLessThan(256 * 2 ** 20)

  await proxy.quiet()
  await expectEverySlotFree(proxy, clients)
  served.kill('SIGTERM')
  expect(await served.ended).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining('"level":50') })
})

/** Each asks again once it is answered, until the end. */
async function run(clients: readonly LoadClient[], end: Promise<unknown>): Promise<void> {
  let isOver = false
  const over = end.then(() => {
    isOver = true
  })
  const asking = clients.map(async client => {
    while (!isOver) await client.askNext()
  })
  await Promise.all([over, ...asking])
}

/** Of a hundred calls one meets a fault. Every other fault lasts: the next three calls of that API and user meet it, too. */
function createStrikes(random: () => number) {
  const news = new EventEmitter()
  const lasting = new Map<string, { readonly treatment: Treatment | undefined; left: number }>()
  let count = 0
  const treat: Rule = ({ action, parameters: { UserName = '' } }) => {
    const key = `${action} ${UserName}`
    const last = lasting.get(key)
    if (last && last.left > 0) {
      last.left -= 1
      return last.treatment
    }
    if (random() >= 0.01) return undefined
    const treatment = faults[Math.floor(count / 2) % faults.length]?.treatment
    lasting.set(key, { treatment, left: count % 2 === 0 ? 3 : 0 })
    count += 1
    news.emit('strike')
    return treatment
  }
  return {
    treat,
    async reached(wanted: number) {
      while (count < wanted) await once(news, 'strike')
    },
  }
}

/** As many reads are under way at once as the gateway's concurrency allows: no call of before holds a slot. */
async function expectEverySlotFree(proxy: FaultProxy, clients: readonly LoadClient[]): Promise<void> {
  const open = new EventEmitter().setMaxListeners(0)
  let isOpen = false
  proxy.clearCalls()
  const undo = proxy.treat(() => async exchange => {
    if (!isOpen) await once(open, 'open')
    await pass(exchange)
  })
  const asked = Promise.all(clients.map(client => client.read()))
  await proxy.arrived(() => proxy.calls.length >= 25)
  isOpen = true
  open.emit('open')
  await asked
  undo()
  expect(clients.flatMap(client => client.wrongs)).toEqual([])
}

/** Mulberry32: the same numbers between 0 and 1 in each run. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
