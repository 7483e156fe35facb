import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { openSocket, postText, readToEnd, requestText, sendRaw, upgradeStatus } from '../server/transport.ts'
import { expectMasked, expectUnharmed } from './unharmed.ts'

let gateway: TestGateway
let disable: string
beforeAll(async () => {
  gateway = await startTestGateway('--sandbox-users=2')
  const { userName, certificateId } = gateway.sandbox.example ?? {}
  const input = `{ userName: "${userName}", certificateId: "${certificateId}", status: INACTIVE }`
  disable = `mutation { setSigningCertificateStatus(input: ${input}) { __typename } }`
})
afterAll(() => gateway.gateway.close())

/** What the gateway answers to each, none of which may reach IAM. */
async function refusals(...requests: readonly string[]): Promise<number[]> {
  const statuses: number[] = []
  const calls = await gateway.callsOf(async () => {
    for (const request of requests) {
      const { status, body, head } = await sendRaw(gateway.url, request)
      if (/^content-type: application\/(graphql-response\+)?json/im.test(head) && body !== '') {
        expectMasked(JSON.parse(body).errors)
      }
      statuses.push(status)
    }
  })
  expect(calls).toEqual([])
  return statuses
}

test('a mutation in a form, in plain text, in a file upload or in no type at all, which any page may send unasked', async () => {
  const json = JSON.stringify({ query: disable })
  const part = `--b\r\nContent-Disposition: form-data; name="query"\r\n\r\n${disable}\r\n--b--\r\n`
  const requests = [
    postText(`query=${encodeURIComponent(disable)}`, { 'content-type': 'application/x-www-form-urlencoded' }),
    postText(json, { 'content-type': 'text/plain' }),
    postText(json, { 'content-type': 'text/plain; application/json' }),
    postText(json, { 'content-type': 'text/plain;charset=application/json' }),
    postText(json, { 'content-type': 'application/json-patch+json' }),
    postText(json, { 'content-type': 'text/plain, application/json' }),
    postText(part, { 'content-type': 'multipart/form-data; boundary=b' }),
    requestText('POST /graphql', {}, json),
  ]
  expect(await refusals(...requests)).toEqual(requests.map(() => 415))
})

test('a mutation by GET, or behind a query by GET', async () => {
  const target = `/graphql?query=${encodeURIComponent(disable)}`
  const both = encodeURIComponent(`query A { __typename } ${disable.replace('mutation', 'mutation B')}`)
  const requests = [
    requestText(`GET ${target}`, {}),
    requestText(`GET ${target}`, { 'content-type': 'application/json' }, JSON.stringify({ query: disable })),
    requestText(`GET ${target}`, {
      'x-http-method-override': 'POST',
      'x-http-method': 'POST',
      'x-method-override': 'POST',
    }),
    requestText(`GET ${target}&_method=POST`, {}),
    requestText(`GET /graphql?query=${both}&operationName=B`, {}),
    requestText(`GET /graphql?query={__typename}&query=${encodeURIComponent(disable)}&operationName=`, {}),
  ]
  const statuses = await refusals(...requests.slice(0, 5))
  expect(statuses).toEqual([405, 405, 405, 405, 405])
  expect(await gateway.callsOf(() => sendRaw(gateway.url, requests[5] ?? ''))).toEqual([])
})

test('a script, an image or a frame of another page that asks by GET', async () => {
  const target = '/graphql?query={users{nodes{id}}}'
  const requests = ['no-cors', 'cors', 'websocket'].map(mode =>
    requestText(`GET ${target}`, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': mode }),
  )
  expect(await refusals(...requests)).toEqual([403, 403, 403])
})

test('every other method: HEAD, PUT, PATCH, DELETE, OPTIONS, TRACE, CONNECT and WebDAV’s', async () => {
  const query = encodeURIComponent('{ viewer { userName } }')
  const headers = { 'content-type': 'application/json', 'x-secret': 'said-back' }
  for (const method of ['HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'MOVE', 'LOCK']) {
    for (const request of [
      requestText(`${method} /graphql?query=${query}`, headers),
      requestText(`${method} /graphql`, headers, JSON.stringify({ query: disable })),
    ]) {
      expect(await refusals(request)).toEqual([405])
      expect((await sendRaw(gateway.url, request)).body).not.toContain('said-back')
    }
  }
  const socket = await openSocket(gateway.url)
  socket.write('CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: localhost\r\n\r\n')
  expect(await readToEnd(socket)).toBe('')
  expect(await refusals(requestText('GET http://169.254.169.254/latest/meta-data', {}))).toEqual([404])
})

test('a page whose name was bound to this address: DNS rebinding, on HTTP, SSE and WebSocket', async () => {
  const watch = JSON.stringify({ query: 'subscription { signingCertificateStatusChanged { id } }' })
  for (const host of [
    'evil.example',
    'localhost.evil.example:4000',
    '169.254.169.254',
    '127.0.0.1.nip.io',
    'localhost@evil.example',
  ]) {
    expect(
      await refusals(
        postText(JSON.stringify({ query: disable }), { host }),
        postText(watch, { host, accept: 'text/event-stream' }),
        requestText('GET /graphql', { host, accept: 'text/html' }),
        // Of the same origin, as the browser has it.
        postText(watch, { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }),
      ),
    ).toEqual([403, 403, 403, 403])
    expect(await upgradeStatus(gateway.url, { host, origin: `http://${host}` })).toBe(403)
  }
})

test('a WebSocket opened by another page', async () => {
  for (const origin of ['https://evil.example', 'null', 'http://localhost', 'http://127.0.0.1:1', 'file://', '']) {
    expect(await upgradeStatus(gateway.url, { origin, cookie: 'session=1' })).toBe(403)
  }
})

test('two Host headers, of which a proxy may have gone by the other', async () => {
  const twice = (...hosts: string[]) =>
    `GET /graphql?query={viewer{userName}} HTTP/1.1\r\n${hosts.map(host => `Host: ${host}\r\n`).join('')}Connection: close\r\n\r\n`
  expect(
    await refusals(
      twice('localhost', 'evil.example'),
      twice('evil.example', 'localhost'),
      twice('localhost', 'localhost'),
      twice('localhost, evil.example'),
    ),
  ).toEqual([403, 403, 403, 403])
})

test('two requests in the place of one: Content-Length beside Transfer-Encoding, and their like', async () => {
  const smuggled = postText(JSON.stringify({ query: disable }))
  const post = (...headers: string[]) =>
    `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${headers.join('\r\n')}\r\n\r\n`
  const length = String(`0\r\n\r\n${smuggled}`.length)
  for (const request of [
    `${post(`Content-Length: ${length}`, 'Transfer-Encoding: chunked')}0\r\n\r\n${smuggled}`,
    `${post('Transfer-Encoding: chunked', 'Content-Length: 4')}0\r\n\r\n${smuggled}`,
    `${post('Content-Length: 4', `Content-Length: ${length}`)}0\r\n\r\n${smuggled}`,
    `${post('Content-Length: 4, 4')}0\r\n\r\n${smuggled}`,
    `${post('Content-Length: +4')}0\r\n\r\n${smuggled}`,
    `${post('Transfer-Encoding : chunked')}0\r\n\r\n${smuggled}`,
    `${post('Transfer-Encoding:\r\n chunked')}0\r\n\r\n${smuggled}`,
    `${post('Transfer-Encoding: chunked, identity')}0\r\n\r\n${smuggled}`,
    `${post('Transfer-Encoding: xchunked')}0\r\n\r\n${smuggled}`,
    `${post('X: y\r\n folded', 'Content-Length: 0')}${smuggled}`,
    `${post('X: y\nTransfer-Encoding: chunked')}0\r\n\r\n${smuggled}`,
    `${post('Transfer-Encoding: chunked')}0x0\r\n\r\n${smuggled}`,
    `${post('Transfer-Encoding: chunked')}-1\r\n\r\n${smuggled}`,
    `${post('Transfer-Encoding: chunked')}1\r\nab\r\n0\r\n\r\n${smuggled}`,
  ]) {
    const calls = await gateway.callsOf(async () => {
      const socket = await openSocket(gateway.url)
      socket.write(request)
      expect((await readToEnd(socket)).match(/HTTP\/1\.1 \d+/g), request).toEqual(['HTTP/1.1 400'])
    })
    expect(calls).toEqual([])
  }
})

test('a head of a megabyte, in one header, in a thousand, or in the path', async () => {
  for (const request of [
    requestText('GET /graphql', { 'x-long': 'x'.repeat(1_000_000) }),
    requestText(
      'GET /graphql',
      Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`x-${at}`, 'x'.repeat(1_000)])),
    ),
    requestText(`GET /graphql?query=${'x'.repeat(1_000_000)}`, {}),
    `${'X'.repeat(1_000_000)} /graphql HTTP/1.1\r\n\r\n`,
  ]) {
    const socket = await openSocket(gateway.url)
    // Refused before the end of it was sent.
    socket.on('error', () => {})
    socket.write(request)
    expect(await readToEnd(socket)).toMatch(/^(HTTP\/1\.1 4(00|31) .*)?$/s)
  }
  await expectUnharmed(gateway)
})

test('a compressed body, be it a bomb', async () => {
  const bomb = gzipSync(JSON.stringify({ query: `{ __typename ${' '.repeat(50_000_000)}}` }))
  const socket = await openSocket(gateway.url)
  const read = readToEnd(socket)
  socket.write(postText('', { 'content-encoding': 'gzip', 'content-length': String(bomb.length) }))
  socket.write(bomb)
  expect(await read).toMatch(/^HTTP\/1\.1 415 /)
  const json = JSON.stringify({ query: '{ viewer { userName } }' })
  const codings = ['gzip', 'br', 'deflate', 'zstd', 'GZIP', 'identity, gzip', 'nonsense']
  expect(await refusals(...codings.map(coding => postText(json, { 'content-encoding': coding })))).toEqual(
    codings.map(() => 415),
  )
  expect((await sendRaw(gateway.url, postText(json, { 'content-encoding': 'identity' }))).status).toBe(200)
})

test('JSON that is none, or that two parsers read as two things', async () => {
  const broken = ['', '{', 'null', '1', '"x"', '[]', '{"query":1}', '{"query":{}}', '\ufeff{"query":"{__typename}"}']
  const odd = ["{'query':'{__typename}'}", '{"query":"{__typename}",}', '{"query":NaN}', '{}', '{"query":null}', '\0']
  const params = ['"variables":1', '"variables":[]', '"extensions":"x"', '"variables":"{}"', '"else":1']
  const bodies = [...broken, ...odd, ...params.map(param => `{"query":"{__typename}",${param}}`)]
  expect(await refusals(...bodies.map(body => postText(body)))).toEqual(bodies.map(() => 400))
  // Of one key given twice the last counts, for whatever is asked about it, too.
  const twice = `{"query":"{ viewer { userName } }","query":"{ __typename }"}`
  expect(await gateway.callsOf(() => sendRaw(gateway.url, postText(twice)))).toEqual([])
})

test('names of every object’s own members, in variables, extensions, operation names and ids: prototype pollution', async () => {
  const polluting = '{"polluted":true,"toString":1,"isAdmin":true}'
  const bodies = [
    `{"query":"{ __typename }","variables":{"__proto__":${polluting},"constructor":{"prototype":${polluting}}}}`,
    `{"query":"{ __typename }","extensions":{"__proto__":${polluting},"constructor":{"prototype":${polluting}}}}`,
    `{"__proto__":${polluting},"query":"{ __typename }"}`,
    `{"constructor":{"prototype":${polluting}},"query":"{ __typename }"}`,
    `{"query":"query __proto__ { __typename }","operationName":"__proto__"}`,
    `{"query":"query constructor { __typename }","operationName":"toString"}`,
    `{"query":"query ($input: UploadSigningCertificateInput!) { __typename }","variables":{"input":{"__proto__":${polluting}}}}`,
    `{"query":"query ($__proto__: ID) { node(id: $__proto__) { id } }","variables":{"__proto__":"x"}}`,
    `{"query":"{ __proto__: __typename constructor: __typename ...hasOwnProperty } fragment hasOwnProperty on Query { toString: __typename }"}`,
    `{"query":"{ __type(name: \\"__proto__\\") { name } node(id: \\"X19wcm90b19fOng\\") { id } }"}`,
    `{"query":"{ constructor { id } __proto__ { id } users(__proto__: 1) { nodes { id } } }"}`,
  ]
  for (const body of bodies) {
    const answer = await sendRaw(gateway.url, postText(body))
    expect(answer.status, body).toBeLessThan(500)
    expectMasked(JSON.parse(answer.body).errors ?? [])
    // The gateway is in this process: its objects are these.
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    expect(Object.keys(Object.prototype)).toEqual([])
  }
  await expectUnharmed(gateway)
})
