import { expect, test } from 'vitest'
import { startTestGateway } from '../gateway.ts'
import { postText, sendRaw } from './transport.ts'

const h2c = {
  connection: 'Upgrade, HTTP2-Settings, close',
  upgrade: 'h2c',
  'http2-settings': 'AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
}
const query = JSON.stringify({ query: '{ viewer { userName } }' })

test('a client that offers HTTP/2, as Java’s does, is answered in HTTP/1.1', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0', '--report-cost=false')
  const answer = await sendRaw(gateway.url, postText(query, h2c))
  expect(answer.status).toBe(200)
  expect(JSON.parse(answer.body)).toEqual({ data: { viewer: { userName: 'gateway' } } })
})

test('a body that comes later than the offer is read, too', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  const long = JSON.stringify({ query: '{ viewer { userName } }', variables: { padding: 'x'.repeat(100_000) } })
  expect((await sendRaw(gateway.url, postText(long, h2c))).status).toBe(200)
})

test('the gate judges what is behind the offer', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  const foreign = { ...h2c, origin: 'http://evil.example' }
  expect((await sendRaw(gateway.url, postText(query, foreign))).status).toBe(403)
})
