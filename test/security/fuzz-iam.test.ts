import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { post } from '../gateway.ts'
import { answerOf, refusalOf } from '../stub-iam.ts'
import { expectAnswer, fuzz, startFuzzedGateway, timeout } from './fuzz.ts'

/** An answer as it goes over the wire. */
interface Wire {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}
type Change = (wire: Wire) => Wire

const inText =
  (change: (xml: string) => string): Change =>
  wire => ({ ...wire, body: Buffer.from(change(String(wire.body))) })

const entities = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaa">${Array.from('bcdefghij', (name, at) => `<!ENTITY ${name} "${`&${'abcdefghij'[at]};`.repeat(10)}">`).join('')}<!ENTITY file SYSTEM "file:///etc/passwd">]>`

const value = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    'true',
    'NaN',
    '-1',
    '9'.repeat(400),
    '1e999',
    '&j;',
    '&file;',
    '&#0;',
    '&#xD800;',
    '&amp;lt;',
    '<a/>',
    '<![CDATA[x]]>',
    '<!-- x -->',
    '__proto__',
    'x'.repeat(100_000),
    '1970-01-01T00:00:00Z',
    '9999999999',
    'yesterday',
  ),
  fc.string({ unit: 'binary', maxLength: 30 }),
)

const change: fc.Arbitrary<Change> = fc.oneof(
  // Bits.
  fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 10 }).map(
    (flips): Change =>
      wire => {
        const body = Buffer.from(wire.body)
        for (const [at, bit] of flips)
          if (body.length > 0) body.writeUInt8(body.readUInt8(at % body.length) ^ (1 << bit), at % body.length)
        return { ...wire, body }
      },
  ),
  // Cuts, and what is left out.
  fc.nat().map(
    (at): Change =>
      wire => ({ ...wire, body: wire.body.subarray(0, at % (wire.body.length + 1)) }),
  ),
  fc.nat().map(at => inText(xml => withoutElement(xml, at))),
  // Values that are none, and elements within elements.
  fc.tuple(fc.nat(), value).map(([at, other]) => inText(xml => withValue(xml, at, () => other))),
  fc
    .tuple(fc.nat(), fc.constantFrom(2, 50, 5_000))
    .map(([at, depth]) =>
      inText(xml => withValue(xml, at, inner => `${'<member>'.repeat(depth)}${inner}${'</member>'.repeat(depth)}`)),
    ),
  fc
    .tuple(fc.nat(), fc.constantFrom('__proto__', 'constructor', 'Error', 'Code', 'toString'))
    .map(([at, name]) => inText(xml => withValue(xml, at, inner => `${inner}<${name}>x</${name}>`))),
  fc.constant(inText(xml => entities + xml.replace(/<(UserName|Message)>[^<]*/, '<$1>&j;&file;'))),
  fc.constant(inText(xml => xml.replaceAll(/<member>.*<\/member>/gs, one => one.repeat(50)))),
  // Other encodings, other formats.
  fc.constantFrom('utf16le' as const, 'latin1' as const, 'base64' as const).map(
    (encoding): Change =>
      wire => ({ ...wire, body: Buffer.from(wire.body.toString('latin1'), encoding) }),
  ),
  fc.json().map(
    (json): Change =>
      wire => ({ ...wire, body: Buffer.from(json), headers: { 'content-type': 'application/json' } }),
  ),
  fc.uint8Array({ maxLength: 500 }).map(
    (bytes): Change =>
      wire => ({ ...wire, body: Buffer.from(bytes) }),
  ),
  fc.constantFrom(100, 201, 204, 206, 301, 304, 400, 403, 404, 418, 429, 500, 503, 599).map(
    (status): Change =>
      wire => ({ ...wire, status: Math.max(200, status) }),
  ),
  fc
    .record(
      {
        'content-type': fc.constantFrom('text/html', '', 'text/xml; charset=utf-16', 'multipart/mixed'),
        'content-encoding': fc.constantFrom('gzip', 'br', 'identity'),
        date: fc.constantFrom('', 'yesterday', 'Thu, 01 Jan 1970 00:00:00 GMT', 'Fri, 31 Dec 9999 23:59:59 GMT'),
        'x-amzn-requestid': fc.constantFrom('', 'x'.repeat(5_000), '"><script>'),
        location: fc.constant('http://169.254.169.254/latest/meta-data'),
      },
      { requiredKeys: [] },
    )
    .map(
      (headers): Change =>
        wire => ({ ...wire, headers: { ...wire.headers, ...headers } }),
    ),
)

const body = mintCertificate({ subject: { CN: 'anyone' } })

/** As IAM answers, where nobody changes it. */
function genuine(action: string, name: string): Wire {
  const date = '2026-01-02T03:04:05Z'
  const user = `<UserName>${name}</UserName><UserId>AIDA</UserId><Arn>arn:aws:iam::123456789012:user/${name}</Arn><Path>/</Path><CreateDate>${date}</CreateDate>`
  const certificate = `<UserName>${name}</UserName><CertificateId>${'C'.repeat(32)}</CertificateId><Status>Active</Status><CertificateBody>${body}</CertificateBody><UploadDate>${date}</UploadDate>`
  const credential = `<UserName>${name}</UserName><ServiceSpecificCredentialId>ACCA</ServiceSpecificCredentialId><ServiceName>codecommit.amazonaws.com</ServiceName><ServiceUserName>a</ServiceUserName><Status>Active</Status><CreateDate>${date}</CreateDate>`
  const list = (of: string, member: string) =>
    `<${of}><member>${member}</member></${of}><IsTruncated>false</IsTruncated>`
  const results: Readonly<Record<string, string>> = {
    GetUser: `<User>${user}</User>`,
    ListUsers: list('Users', user),
    ListSigningCertificates: list('Certificates', certificate),
    ListServiceSpecificCredentials: list('ServiceSpecificCredentials', credential),
    UploadSigningCertificate: `<Certificate>${certificate}</Certificate>`,
  }
  const answer = name.startsWith('refused') ? refusalOf('AccessDenied', 403) : answerOf(action, results[action])
  if (typeof answer === 'string') throw new Error('expected an answer')
  return { status: answer.status ?? 200, headers: answer.headers ?? {}, body: Buffer.from(answer.body) }
}

const questions = [
  'query ($name: String!) { user(userName: $name) { userName createDate passwordLastUsed } }',
  'query ($name: String!) { users(pathPrefix: $name) { nodes { userName arn createDate } pageInfo { endCursor } } }',
  'query ($name: String!) { user(userName: $name) { signingCertificates { nodes { status uploadDate x509 { subject } } } } }',
  'query ($name: String!) { user(userName: $name) { serviceSpecificCredentials { status expirationDate } } }',
  `mutation ($name: String!) { uploadSigningCertificate(input: { userName: $name, certificateBody: "x" }) {
    __typename ... on IamError { code message } } }`,
  `mutation ($name: String!) { setSigningCertificateStatus(input: { userName: $name, status: ACTIVE,
    certificateId: "${'C'.repeat(32)}" }) { __typename ... on IamError { code message } } }`,
]

test('answers of IAM: bits, cuts, bombs of entities, wrong values, depths, encodings, statuses and headers', {
  timeout,
}, async () => {
  const changes = new Map<string, readonly Change[]>()
  await using iam = await startChangedIam(changes)
  await using gateway = await startFuzzedGateway(
    { url: iam.url, accessKeyId: 'AKIASTUBSTUBSTUBSTUB', secretAccessKey: 'secret' },
    async ({ ask }) => {
      expect((await ask('{ user(userName: "alice") { userName } }')).data).toEqual({ user: { userName: 'alice' } })
    },
  )
  let count = 0
  const one = fc.record({
    question: fc.constantFrom(...questions),
    changes: fc.array(change, { minLength: 1, maxLength: 2 }),
    isRefused: fc.boolean(),
  })
  await fuzz('IAM', one, gateway, async ({ question, changes: made, isRefused }) => {
    count += 1
    const name = `${isRefused ? 'refused' : 'user'}-${count}`
    // A path prefix begins with a slash; the stub does not mind.
    changes.set(name, made)
    const answer = await post(gateway.url, { query: question, variables: { name } }, { connection: 'close' })
    changes.delete(name)
    const text = JSON.stringify(answer)
    expectAnswer(text)
    // The question was right: whatever is wrong is not the client's doing.
    expect(text).not.toContain('BAD_USER_INPUT')
    // No entity was resolved, be it to a file, and nothing of what was sent as a secret comes back.
    expect(text).not.toMatch(/root:|a{100}/)
  })
  await iam[Symbol.asyncDispose]()
  await gateway.expectNothingLeft()
})

/** An IAM whose answers about a user are changed as the test says. */
async function startChangedIam(changes: ReadonlyMap<string, readonly Change[]>) {
  const server = createServer(async (request, response) => {
    const { Action: action = '', UserName, PathPrefix } = Object.fromEntries(new URLSearchParams(await text(request)))
    const name = UserName ?? PathPrefix ?? 'gateway'
    const wire = (changes.get(name) ?? []).reduce((one, made) => made(one), genuine(action, name))
    response.writeHead(wire.status, wire.headers)
    response.end(wire.body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** The innermost elements, which hold the values. */
const leaf = /<(\w+)>([^<]*)<\/\1>/g

function withValue(xml: string, at: number, other: (inner: string) => string): string {
  const count = xml.match(leaf)?.length ?? 0
  let index = 0
  return xml.replace(leaf, (whole, name: string, inner: string) =>
    index++ === at % Math.max(1, count) ? `<${name}>${other(inner)}</${name}>` : whole,
  )
}

function withoutElement(xml: string, at: number): string {
  const count = xml.match(leaf)?.length ?? 0
  let index = 0
  return xml.replace(leaf, whole => (index++ === at % Math.max(1, count) ? '' : whole))
}
