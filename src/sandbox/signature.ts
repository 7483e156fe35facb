import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { AwsError } from './error.ts'

export interface SignedRequest {
  readonly method: string
  readonly path: string
  /** Without the question mark. */
  readonly query: string
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

export interface ReceivedRequest extends SignedRequest {
  /** The address it came from. */
  readonly source: string
}

/** What the credential scope of a signature must name. */
export interface SigningScope {
  readonly service: string
  /** Undefined: any. */
  readonly region: string | undefined
}

export interface Authorization {
  readonly accessKeyId: string
  /** The scope behind the access key: date, region, service and terminator. */
  readonly scope: readonly string[]
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** ISO 8601, basic format. */
  readonly timestamp: string
}

const ALGORITHM = 'AWS4-HMAC-SHA256'
const TERMINATOR = 'aws4_request'
const ALLOWED_SKEW = 5 * 60_000

export function readAuthorization(headers: ReadonlyMap<string, string>): Authorization {
  const header = headers.get('authorization')
  if (header === undefined) throw new AwsError('MissingAuthenticationToken', 'Request is missing Authentication Token')
  const [algorithm = '', ...rest] = header.split(' ')
  if (algorithm !== ALGORITHM) throw new AwsError('IncompleteSignature', `Unsupported AWS 'algorithm': '${algorithm}'`)
  const fields = readFields(rest.join(' '))
  const timestamp = readTimestamp(headers)
  const missing = [
    ...['Credential', 'Signature', 'SignedHeaders']
      .filter(field => !fields.get(field))
      .map(field => `Authorization header requires '${field}' parameter.`),
    ...(timestamp === undefined
      ? ["Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."]
      : []),
  ]
  if (timestamp === undefined || missing.length > 0) throw new AwsError('IncompleteSignature', missing.join(' '))
  const [accessKeyId = '', ...scope] = (fields.get('Credential') ?? '').split('/')
  if (scope.length !== 4) {
    throw new AwsError(
      'IncompleteSignature',
      'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term',
    )
  }
  const signedHeaders = (fields.get('SignedHeaders') ?? '').split(';')
  return { accessKeyId, scope, signedHeaders, signature: fields.get('Signature') ?? '', timestamp }
}

/** Throws what AWS answers when the request was not signed with this secret, for this scope, about now. */
export function verifySignature(
  request: SignedRequest,
  authorization: Authorization,
  secret: string,
  wanted: SigningScope,
): void {
  const wrongScope = scopeErrors(authorization, wanted)
  if (wrongScope.length > 0) throw mismatch(wrongScope.join(' '))
  checkClock(authorization.timestamp, Date.now())
  if (!authorization.signedHeaders.includes('host')) {
    throw mismatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
  }
  const expected = Buffer.from(sign(request, authorization, secret))
  const given = Buffer.from(authorization.signature)
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) {
    throw mismatch(
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    )
  }
}

function readFields(text: string): Map<string, string> {
  return new Map(
    text.split(',').map(field => {
      const [name = '', ...value] = field.trim().split('=')
      return [name, value.join('=')]
    }),
  )
}

function readTimestamp(headers: ReadonlyMap<string, string>): string | undefined {
  const basic = headers.get('x-amz-date')
  if (basic !== undefined) {
    if (!Number.isNaN(parseBasic(basic))) return basic
    throw new AwsError(
      'IncompleteSignature',
      `Date must be in ISO-8601 'basic format'. Got '${basic}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    )
  }
  const date = Date.parse(headers.get('date') ?? '')
  return Number.isNaN(date) ? undefined : formatBasic(date)
}

function parseBasic(timestamp: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp)
  if (match === null) return Number.NaN
  const [, year, month, day, hour, minute, second] = match
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

function formatBasic(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d+/g, '')
}

/** All at once and in these words, as AWS's signature check says them. */
function scopeErrors({ scope, timestamp }: Authorization, wanted: SigningScope): string[] {
  const [date, region, service, terminator] = scope
  const day = timestamp.slice(0, 8)
  return [
    ...(wanted.region !== undefined && region !== wanted.region
      ? [`Credential should be scoped to a valid region, not '${region}'.`]
      : []),
    ...(service !== wanted.service ? [`Credential should be scoped to correct service: '${wanted.service}'.`] : []),
    ...(terminator !== TERMINATOR
      ? [`Credential should be scoped with a valid terminator: '${TERMINATOR}', not '${terminator}'.`]
      : []),
    ...(date !== day
      ? [
          `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date}' != '${day}', from '${timestamp}'.`,
        ]
      : []),
  ]
}

function checkClock(timestamp: string, now: number): void {
  const signed = parseBasic(timestamp)
  const [oldest, newest] = [now - ALLOWED_SKEW, now + ALLOWED_SKEW]
  if (signed < oldest) {
    throw mismatch(
      `Signature expired: ${timestamp} is now earlier than ${formatBasic(oldest)} (${formatBasic(now)} - 5 min.)`,
    )
  }
  if (signed > newest) {
    throw mismatch(
      `Signature not yet current: ${timestamp} is still later than ${formatBasic(newest)} (${formatBasic(now)} + 5 min.)`,
    )
  }
}

function sign(request: SignedRequest, { scope, signedHeaders, timestamp }: Authorization, secret: string): string {
  const canonicalRequest = [
    request.method,
    request.path,
    canonicalQuery(request.query),
    ...signedHeaders.map(name => `${name}:${request.headers.get(name) ?? ''}`),
    '',
    signedHeaders.join(';'),
    sha256(request.body),
  ].join('\n')
  const toSign = [ALGORITHM, timestamp, scope.join('/'), sha256(canonicalRequest)].join('\n')
  const key = scope.reduce<string | Buffer>((derived, part) => hmac(derived, part), `AWS4${secret}`)
  return hmac(key, toSign).toString('hex')
}

function canonicalQuery(query: string): string {
  return [...new URLSearchParams(query)]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&')
}

/** RFC 3986: encodeURIComponent leaves five characters that the signature has encoded. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest()
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

function mismatch(message: string): AwsError {
  return new AwsError('SignatureDoesNotMatch', message)
}
