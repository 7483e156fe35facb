import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { post, startTestGateway, type TestGateway } from '../gateway.ts'
import { postText, requestText, sendRaw, upgradeStatus } from './transport.ts'

const latest = JSON.stringify({ query: '{ latestChangeId }' })
const upload = 'mutation { uploadSigningCertificate(input: { certificateBody: "x" }) { __typename } }'

describe('the gate, as it is by default', () => {
  let gateway: TestGateway
  let port: string
  beforeAll(async () => {
    gateway = await startTestGateway()
    port = new URL(gateway.url).port
  })
  afterAll(() => gateway.gateway.close())

  test.each(['localhost', 'LOCALHOST:1', '127.0.0.1:65535', '[::1]', '[::1]:4000', 'localhost:'])(
    'opens to Host: %s',
    async host => {
      expect(await sendRaw(gateway.url, postText(latest, { host }))).toMatchObject({ status: 200 })
      expect(await upgradeStatus(gateway.url, { host })).toBe(101)
    },
  )

  test.each([
    'evil.example',
    'localhost.evil.example',
    `evil.example:4000`,
    '127.0.0.1.nip.io',
    'localhost:99999',
    'localhost:80:80',
    'localhost:port',
    '[::1',
    '::1',
    'user@localhost',
    '',
  ])('refuses a page that was rebound to this address, Host: %s', async host => {
    const answer = await sendRaw(gateway.url, postText(latest, { host }))
    expect(answer.status).toBe(403)
    expect(JSON.parse(answer.body).errors).toEqual([
      { message: expect.stringMatching(/^Host: expected/), extensions: { code: 'HOST_REFUSED' } },
    ])
    expect(await sendRaw(gateway.url, requestText('GET /graphql?query={latestChangeId}', { host }))).toMatchObject({
      status: 403,
    })
    if (host !== '') expect(await upgradeStatus(gateway.url, { host })).toBe(403)
  })

  test('refuses a request of HTTP 1.0 that names no host, and answers one of 1.1 by 400', async () => {
    const request = 'GET /graphql HTTP/1.0\r\n\r\n'
    expect(await sendRaw(gateway.url, request)).toMatchObject({ status: 403 })
    expect(await sendRaw(gateway.url, request.replace('1.0', '1.1'))).toMatchObject({ status: 400 })
  })

  test.each([
    'https://evil.example',
    'http://127.0.0.1',
    'http://localhost:3000',
    'null',
    'file://',
    'chrome-extension://abc',
    'not an origin',
  ])('refuses Origin: %s on POST, GET, SSE and WebSocket', async origin => {
    const calls = await gateway.callsOf(async () => {
      const refused = [
        postText(latest, { origin }),
        postText(JSON.stringify({ query: upload }), { origin }),
        postText(JSON.stringify({ query: 'subscription { signingCertificateStatusChanged { id } }' }), {
          origin,
          accept: 'text/event-stream',
        }),
        requestText('GET /graphql?query={latestChangeId}', { origin }),
        requestText('OPTIONS /graphql', { origin, 'access-control-request-method': 'POST' }),
      ]
      for (const request of refused) {
        const { status, head, body } = await sendRaw(gateway.url, request)
        expect(status).toBe(403)
        expect(JSON.parse(body).errors[0].extensions).toEqual({ code: 'ORIGIN_REFUSED' })
        expect(head.toLowerCase()).not.toContain('access-control')
      }
      expect(await upgradeStatus(gateway.url, { origin })).toBe(403)
    })
    expect(calls).toEqual([])
  })

  test('opens to its own pages, by whatever name they were opened', async () => {
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`]) {
      const own = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }
      expect(await sendRaw(gateway.url, postText(latest, own))).toMatchObject({ status: 200 })
      expect(await upgradeStatus(gateway.url, own)).toBe(101)
    }
  })

  test.each(['cross-site', 'same-site', 'anything'])(
    'refuses a script, an image or a frame of another origin that does not name itself: Sec-Fetch-Site: %s',
    async site => {
      const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors' }
      const answer = await sendRaw(gateway.url, requestText('GET /graphql?query={latestChangeId}', headers))
      expect(answer.status).toBe(403)
      expect(JSON.parse(answer.body).errors[0].extensions).toEqual({ code: 'ORIGIN_REFUSED' })
    },
  )

  test('lets a link from another page open GraphiQL, but in no frame', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', accept: 'text/html' }
    const { status, head } = await sendRaw(gateway.url, requestText('GET /graphql', headers))
    expect(status).toBe(200)
    expect(head.toLowerCase()).toMatch(/^content-security-policy: .*frame-ancestors 'none'/m)
  })

  test('never says that another origin may read', async () => {
    for (const request of [postText(latest), requestText('OPTIONS /graphql', {})]) {
      expect((await sendRaw(gateway.url, request)).head.toLowerCase()).not.toContain('access-control')
    }
  })

  test.each([
    ['a form', 'application/x-www-form-urlencoded', `query=${encodeURIComponent(upload)}`],
    ['plain text', 'text/plain', JSON.stringify({ query: upload })],
    ['a bare document', 'application/graphql', upload],
    [
      'a file upload',
      'multipart/form-data; boundary=b',
      `--b\r\nContent-Disposition: form-data; name="operations"\r\n\r\n${JSON.stringify({ query: upload })}\r\n--b--\r\n`,
    ],
    ['JSON in the name of something else', 'text/plain; application/json', JSON.stringify({ query: upload })],
    ['no type', '', JSON.stringify({ query: upload })],
  ])('refuses %s and executes nothing', async (_kind, type, body) => {
    const calls = await gateway.callsOf(async () => {
      const answer = await sendRaw(gateway.url, postText(body, { 'content-type': type }))
      expect(answer.status).toBe(415)
      expect(JSON.parse(answer.body).errors[0].extensions).toEqual({ code: 'UNSUPPORTED_MEDIA_TYPE' })
      expect(answer.body).not.toContain('uploadSigningCertificate')
    })
    expect(calls).toEqual([])
  })

  test('repeats no more of a header than a hundred characters', async () => {
    const { body } = await sendRaw(gateway.url, postText(latest, { host: `${'x'.repeat(5_000)}.example` }))
    expect(body.length).toBeLessThan(300)
  })
})

describe('the gate with --allowed-host and --allowed-origin', () => {
  const origin = 'https://console.example'
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startTestGateway(
      '--allowed-host=gateway.example',
      '--allowed-host=other.example:8080',
      `--allowed-origin=${origin}`,
    )
  })
  afterAll(() => gateway.gateway.close())

  test.each([
    ['gateway.example', 200],
    ['Gateway.Example:8443', 200],
    ['other.example:8080', 200],
    ['other.example', 403],
    ['other.example:80', 403],
    ['localhost', 200],
    ['evil.example', 403],
  ])('answers Host: %s by %i', async (host, status) => {
    expect(await sendRaw(gateway.url, postText(latest, { host }))).toMatchObject({ status })
    expect(await upgradeStatus(gateway.url, { host })).toBe(status === 200 ? 101 : status)
  })

  test('tells an allowed origin, before it asks, that it may', async () => {
    const response = await fetch(gateway.url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-anything',
      },
    })
    expect(response.status).toBe(204)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'content-type',
    })
    expect(response.headers.has('access-control-allow-credentials')).toBe(false)
  })

  test('lets an allowed origin ask, read, and open a WebSocket', async () => {
    const headers = { origin, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: latest,
    })
    expect(response.status).toBe(200)
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)
    expect(response.headers.get('access-control-expose-headers')).toBe('x-request-id, www-authenticate, retry-after')
    expect(await upgradeStatus(gateway.url, { origin })).toBe(101)
  })

  test('tells no other origin so', async () => {
    for (const other of ['https://evil.example', 'http://console.example', `${origin}.evil.example`, `${origin}:444`]) {
      const answer = await sendRaw(gateway.url, requestText('OPTIONS /graphql', { origin: other }))
      expect(answer.status).toBe(403)
      expect(answer.head.toLowerCase()).not.toContain('access-control')
      expect(await upgradeStatus(gateway.url, { origin: other })).toBe(403)
    }
  })

  test('says nothing of origins to who has none', async () => {
    expect((await post(gateway.url, { query: '{ latestChangeId }' })).errors).toBeUndefined()
    expect((await sendRaw(gateway.url, postText(latest))).head.toLowerCase()).not.toContain('access-control')
  })
})

describe('the gate of a gateway that listens elsewhere on loopback', () => {
  test('opens to the address that it announces', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0', '--host=127.0.0.2')
    expect(new URL(gateway.url).hostname).toBe('127.0.0.2')
    expect((await post(gateway.url, JSON.parse(latest))).data).toEqual({ latestChangeId: expect.any(String) })
  })
})
