import { once } from 'node:events'
import { parse, validate } from 'graphql'
import { beforeAll, describe, expect, test } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { exampleTabs } from '../../src/server/example-tab.ts'
import { createGraphiQL } from '../../src/server/graphiql.ts'
import { startTestGateway } from '../gateway.ts'
import { openSocket, requestText, sendRaw } from './transport.ts'

const example = {
  userName: 'alice',
  certificateId: 'X'.repeat(32),
  uploadUserName: 'bob',
  uploadCertificateBody: '-----BEGIN CERTIFICATE-----\n</script>\n-----END CERTIFICATE-----\n',
}

describe('the example tabs', () => {
  test.each(exampleTabs(example).map(tab => [/(\w+) *\(/.exec(tab.query)?.[1], tab] as const))(
    '%s fits the schema, and its variables are JSON with names that it declares',
    (_name, { query, variables = '{}' }) => {
      expect(validate(schema, parse(query))).toEqual([])
      for (const name of Object.keys(JSON.parse(variables))) expect(query).toContain(`$${name}:`)
    },
  )

  test('are filled in for the sandbox, and left to fill in for a real account', () => {
    const variables = (tabs: ReturnType<typeof exampleTabs>) => tabs.map(tab => JSON.parse(tab.variables ?? '{}'))
    expect(variables(exampleTabs(example))).toEqual([
      {},
      { input: { userName: 'bob', certificateBody: example.uploadCertificateBody } },
      { input: { userName: 'alice', certificateId: example.certificateId, status: 'INACTIVE' } },
      { userName: 'alice' },
    ])
    expect(exampleTabs(undefined).map(({ query }) => query.includes('Fill in'))).toEqual([false, true, true, false])
    expect(exampleTabs(example).some(({ query }) => query.includes('Fill in'))).toBe(false)
    expect(variables(exampleTabs(undefined))).toEqual([
      {},
      { input: { userName: '', certificateBody: '' } },
      { input: { userName: '', certificateId: '', status: 'INACTIVE' } },
      { userName: null },
    ])
  })
})

describe('the page', () => {
  let page: string
  beforeAll(async () => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    const response = await fetch(gateway.url, { headers: { accept: 'text/html' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^text\/html/)
    page = await response.text()
  })

  test('loads nothing from anywhere: no element or style of it names an address', () => {
    const markup = page.replace(/(<(script|style)\b[^>]*>)[\s\S]*?<\/\2>/g, '$1')
    expect(markup).toContain('<script')
    expect(markup).not.toMatch(/\b(src|srcset|href|action|data|poster)\s*=\s*["']?(https?:)?\/\//i)
    const styles = [...page.matchAll(/<style\b[^>]*>([\s\S]*?)<\/style>/g)].map(([, style]) => style).join('\n')
    expect(styles).not.toMatch(/(@import|url\()\s*["']?(https?:)?\/\//i)
    expect(page).not.toMatch(/\b(import|importScripts)\s*\(\s*["'`](https?:)?\/\//)
  })

  test('opens on the example tabs', () => {
    expect(page).toContain('"defaultTabs":[')
    for (const name of ['query Explore', 'mutation Upload', 'mutation Disable', 'subscription Watch']) {
      expect(page).toContain(name)
    }
  })

  test('is put together once', () => {
    const graphiql = createGraphiQL({ title: 'sandbox', target: 'sandbox', example })
    expect(graphiql.page).toBe(graphiql.page)
  })
})

test('the page takes no memory of its own for each who asks for it and does not read it', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  const before = process.memoryUsage().arrayBuffers
  const sockets = await Promise.all(Array.from({ length: 20 }, () => openSocket(gateway.url)))
  for (const socket of sockets) socket.write(requestText('GET /graphql', { accept: 'text/html' }))
  // By then all are being answered.
  await Promise.all(sockets.map(socket => once(socket, 'readable')))
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60_000_000)
  for (const socket of sockets) socket.destroy()
})

test('a browser that asks for the host alone is led to GraphiQL, another client is not', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  const get = (accept: string) => fetch(new URL('/', gateway.url), { headers: { accept }, redirect: 'manual' })
  const page = await get('text/html')
  expect([page.status, page.headers.get('location')]).toEqual([302, '/graphql'])
  expect((await get('application/json')).status).toBe(404)
  expect((await sendRaw(gateway.url, requestText('GET /', { accept: 'text/html', host: 'evil.example' }))).status).toBe(
    403,
  )
})

test('a browser that asks for JSON gets an answer, not the page', async () => {
  await using gateway = await startTestGateway('--report-cost=false')
  const request = requestText('GET /graphql?query={latestChangeId}', { accept: 'application/json' })
  expect(JSON.parse((await sendRaw(gateway.url, request)).body)).toEqual({
    data: { latestChangeId: expect.any(String) },
  })
})
