import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingHttpHeaders, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Sandbox } from '../../src/sandbox/server.ts'

export interface RawAnswer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** The text of an element, as it stands in the XML. */
  element(name: string): string | undefined
}

export interface RawRequest {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

/** A request as it is given, where the SDK would not send one that is wrong. */
export async function sendRaw(sandbox: Sandbox, { method = 'POST', path = '/', headers = {}, body = '' }: RawRequest) {
  const outgoing = request(sandbox.url, { method, path, headers, agent: false })
  outgoing.end(body)
  const [incoming] = await once(outgoing, 'response')
  const answer = await text(incoming)
  return {
    status: incoming.statusCode,
    headers: incoming.headers,
    body: answer,
    element: (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(answer)?.[1],
  } satisfies RawAnswer
}

export interface Signing {
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly sessionToken?: string
  readonly date?: Date
  readonly region?: string
  readonly service?: string
  readonly terminator?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly path?: string
}

/** A signed call: the signature is computed here, apart from the sandbox's code and from the SDK's. */
export function signCall(
  sandbox: Sandbox,
  parameters: Readonly<Record<string, string>>,
  signing: Signing = {},
): Required<RawRequest> {
  return signBody(sandbox, new URLSearchParams({ Version: '2010-05-08', ...parameters }).toString(), signing)
}

export function signBody(sandbox: Sandbox, body: string, signing: Signing = {}): Required<RawRequest> {
  const { accessKeyId, secretAccessKey, sessionToken } = { sessionToken: undefined, ...sandbox.credentials, ...signing }
  const { date = new Date(), region = 'us-east-1', service = 'iam', terminator = 'aws4_request', path = '/' } = signing
  const timestamp = date.toISOString().replace(/[-:]|\.\d+/g, '')
  const headers: Record<string, string> = {
    'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    host: new URL(sandbox.url).host,
    'x-amz-date': timestamp,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
    ...signing.headers,
  }
  const names = Object.keys(headers).sort()
  const [pathname = '', query = ''] = path.split('?')
  const canonicalRequest = [
    'POST',
    pathname,
    query,
    ...names.map(name => `${name}:${headers[name]?.trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n')
  const scope = [timestamp.slice(0, 8), region, service, terminator]
  const toSign = ['AWS4-HMAC-SHA256', timestamp, scope.join('/'), sha256(canonicalRequest)].join('\n')
  const key = scope.reduce<string | Buffer>((derived, part) => hmac(derived, part), `AWS4${secretAccessKey}`)
  const credential = [accessKeyId, ...scope].join('/')
  const signature = hmac(key, toSign).toString('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { method: 'POST', path, headers: { ...headers, authorization }, body }
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

function sha256(data: string): string {
  return createHash('sha256').update(data).digest('hex')
}
