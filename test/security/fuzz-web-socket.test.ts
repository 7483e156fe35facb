import { Buffer } from 'node:buffer'
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { startSandbox } from '../../src/sandbox/server.ts'
import { type Frame, openGreetedSocket, openRawSocket, text } from './frame.ts'
import { expectAnswer, type FuzzedGateway, fuzz, mutated, payload, startFuzzedGateway, timeout, value } from './fuzz.ts'
import { expectMasked } from './unharmed.ts'

const id = fc.oneof(fc.constantFrom('1', '2', '', '__proto__', 'constructor'), fc.string())
const message = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('subscribe'), id, payload }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('complete'), id }) },
  {
    weight: 2,
    arbitrary: fc.record(
      {
        type: fc.oneof(
          fc.constantFrom('connection_init', 'ping', 'pong', 'next', 'error', 'connection_ack'),
          fc.string(),
        ),
        id: fc.oneof(id, value),
        payload: value,
      },
      { requiredKeys: ['type'] },
    ),
  },
)
const words = fc.oneof(
  { weight: 8, arbitrary: message.map(one => JSON.stringify(one)) },
  { weight: 1, arbitrary: message.chain(one => mutated(JSON.stringify(one))) },
  { weight: 1, arbitrary: fc.oneof(fc.json(), fc.string({ unit: 'binary' })) },
)

const frame: fc.Arbitrary<Frame> = fc.oneof(
  { weight: 5, arbitrary: words.map(one => text(one)) },
  {
    weight: 1,
    arbitrary: fc.record({
      opcode: fc.nat(15),
      payload: fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
      fin: fc.boolean(),
      reserved: fc.oneof(fc.constant(0), fc.nat(7)),
      isMasked: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    }),
  },
)

/** What a client sends on one socket: frames, or bytes that may be none. */
const conversation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(frame, { minLength: 1, maxLength: 8 }).map(frames => ({ frames, bytes: undefined })),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map(bytes => ({ frames: [], bytes })) },
)

test('conversations on WebSockets, whole and broken: bytes, frames, messages', { timeout }, async () => {
  await using sandbox = await startSandbox({ users: 5 })
  await using gateway = await startFuzzedGateway({ url: sandbox.url, ...sandbox.credentials }, async ({ ask }) => {
    expect((await ask('{ viewer { userName } }')).data).toEqual({ viewer: { userName: 'gateway' } })
  })
  await fuzz('WebSocket', conversation, gateway, ({ frames, bytes }) => talk(gateway, frames, bytes))
  await sandbox.close()
  await gateway.expectNothingLeft()
})

async function talk({ url }: FuzzedGateway, frames: readonly Frame[], bytes: Uint8Array | undefined): Promise<void> {
  await using raw = await (bytes ? openRawSocket(url) : openGreetedSocket(url))
  if (bytes) raw.socket.write(bytes)
  raw.send(...frames)
  // Subscriptions stay; what else comes, comes soon.
  const code = await Promise.race([raw.closed(), pause(60, undefined)])
  if (code !== undefined) expect(expectedCodes).toContain(code)
  for (const said of raw.texts()) {
    const { type, payload: shown } = JSON.parse(said) as { readonly type: string; readonly payload?: unknown }
    if (type === 'next') expectAnswer(JSON.stringify(shown))
    if (type === 'error') expectMasked(shown as readonly unknown[])
  }
}

/** 1011 and 4500 would say that something unexpected happened. */
const expectedCodes = [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1009, 4400, 4401, 4406, 4408, 4409, 4429]
