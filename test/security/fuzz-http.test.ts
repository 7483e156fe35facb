import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { startSandbox } from '../../src/sandbox/server.ts'
import { openSocket, postText, requestText } from '../server/transport.ts'
import {
  document,
  expectAnswer,
  type FuzzedGateway,
  fuzz,
  mutated,
  payload,
  startFuzzedGateway,
  timeout,
  value,
} from './fuzz.ts'

const body = fc.oneof(
  { weight: 6, arbitrary: payload.map(one => JSON.stringify(one)) },
  { weight: 2, arbitrary: payload.chain(one => mutated(JSON.stringify(one))) },
  { weight: 1, arbitrary: fc.oneof(fc.json(), fc.string({ unit: 'binary' })) },
)

const headerText = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 60 }),
  fc.constantFrom(
    'application/json',
    'text/event-stream',
    'multipart/mixed',
    'gzip',
    'chunked',
    'localhost',
    'close',
    'websocket',
    '*/*',
    'null',
    '0',
    '-1',
  ),
)
const headers = fc.dictionary(
  fc.constantFrom(
    'accept',
    'accept-encoding',
    'content-encoding',
    'content-length',
    'content-type',
    'cookie',
    'expect',
    'host',
    'origin',
    'range',
    'sec-fetch-site',
    'transfer-encoding',
    'upgrade',
    'authorization',
    'x-request-id',
    'connection',
  ),
  headerText,
  { maxKeys: 4 },
)

const parameters = fc.dictionary(
  fc.constantFrom('query', 'variables', 'extensions', 'operationName', 'x'),
  fc.oneof(
    document,
    value.map(one => JSON.stringify(one)),
  ),
  { maxKeys: 4 },
)

/** A request that must be answered, and bytes that may be none. */
const request = fc.oneof(
  {
    weight: 5,
    arbitrary: body.map(text => ({ bytes: postText(text, { accept: 'application/json' }), isWhole: true })),
  },
  {
    weight: 2,
    arbitrary: parameters.map(all => ({
      bytes: requestText(`GET /graphql?${new URLSearchParams(all)}`, { accept: 'application/json' }),
      isWhole: true,
    })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(body, headers).map(([text, all]) => ({ bytes: postText(text, all), isWhole: false })),
  },
  {
    weight: 1,
    arbitrary: body.chain(text => mutated(postText(text))).map(bytes => ({ bytes, isWhole: false })),
  },
)

test('HTTP requests of every kind, whole and broken: bodies, headers, query strings', { timeout }, async () => {
  await using sandbox = await startSandbox({ users: 5 })
  await using gateway = await startFuzzedGateway({ url: sandbox.url, ...sandbox.credentials }, async ({ ask }) => {
    expect((await ask('{ viewer { userName } }')).data).toEqual({ viewer: { userName: 'gateway' } })
  })
  await fuzz('HTTP', request, gateway, async ({ bytes, isWhole }) => {
    const answer = await send(gateway, bytes, isWhole)
    if (answer === '') return expect(isWhole).toBe(false)
    const [head = '', ...rest] = answer.split('\r\n\r\n')
    const status = Number(head.split(' ')[1])
    expect(status).not.toBe(500)
    expect(status).toBeLessThan(600)
    const text = rest.join('\r\n\r\n')
    if (isWhole) expectAnswer(text)
    else expect(answer).not.toContain('INTERNAL_SERVER_ERROR')
  })
  await sandbox.close()
  await gateway.expectNothingLeft()
})

/** Whatever is no whole request may be waited for: not for long, here. */
async function send({ url }: FuzzedGateway, bytes: string, isWhole: boolean): Promise<string> {
  const socket = await openSocket(url)
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk))
  socket.on('error', () => {})
  const over = once(socket, 'close')
  socket.write(bytes)
  await (isWhole ? over : Promise.race([over, pause(100)]))
  socket.destroy()
  await over
  const answer = Buffer.concat(chunks).toString()
  return isWhole && /^transfer-encoding: chunked/im.test(answer) ? withoutChunks(answer) : answer
}

function withoutChunks(answer: string): string {
  const start = answer.indexOf('\r\n\r\n') + 4
  return (
    answer.slice(0, start) +
    answer
      .slice(start)
      .replace(/(?:^|\r\n)[\da-f]+\r\n/g, '')
      .replace(/\r\n\r\n$/, '')
  )
}
