import type { IncomingMessage } from 'node:http'
import type { GatewayCode } from '../gateway-error.ts'
import type { Refusal } from './refusal.ts'

export interface GateOptions {
  /** Hosts, beside loopback's names, that a request may be addressed to: `name` on any port, or `name:port`. */
  readonly allowedHosts: readonly string[]
  /** Origins, beside the gateway's own, whose pages may use it: `scheme://host[:port]`. */
  readonly allowedOrigins: readonly string[]
}

export type Gate = (request: IncomingMessage) => Refusal | undefined

/**
 * Who may come in, whatever the transport: the gateway holds real credentials, and a browser on this machine runs
 * pages of anyone's.
 * - The Host header must name the gateway: a page whose name was rebound to this address sends its own name.
 * - The Origin header, which browsers send where it matters, must be the gateway's own. WebSockets have no CORS, so
 *   this is all there is.
 * - A body must be JSON: a form, which any page can send without asking, is not. Nor may it be compressed.
 */
export function createGate({ allowedHosts, allowedOrigins }: GateOptions): Gate {
  const hosts = new Set([...loopbackNames, ...allowedHosts.map(host => host.toLowerCase())])
  const origins = new Set(allowedOrigins)

  return request => {
    // Two are none: of several Node gives the first alone, and a proxy may have gone by another (RFC 9112, section 3.2).
    const host = request.headersDistinct['host']?.join(', ').toLowerCase() ?? ''
    if (!namesOf(host).some(name => hosts.has(name))) {
      return refuse('HOST_REFUSED', `Host: expected a name of this gateway, got ${quote(host)}. See --allowed-host.`)
    }
    const { origin } = request.headers
    if (origin !== undefined && !isOwn(origin, host) && !origins.has(origin)) {
      return refuse('ORIGIN_REFUSED', `Origin: expected the gateway's own, got ${quote(origin)}. See --allowed-origin.`)
    }
    if (origin === undefined && isForeign(request)) {
      return refuse('ORIGIN_REFUSED', 'A page of another origin asked without naming itself. See --allowed-origin.')
    }
    if (request.method === 'POST' && !isJson(request.headers['content-type'])) {
      const got = quote(request.headers['content-type'] ?? '')
      return {
        status: 415,
        code: 'UNSUPPORTED_MEDIA_TYPE',
        message: `Content-Type: expected application/json, got ${got}.`,
      }
    }
    const coding = request.headers['content-encoding'] ?? 'identity'
    if (coding.toLowerCase() !== 'identity') {
      const message = `Content-Encoding: expected none, got ${quote(coding)}.`
      return { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', message }
    }
    return undefined
  }
}

const loopbackNames = ['localhost', '127.0.0.1', '[::1]']

function refuse(code: GatewayCode, message: string): Refusal {
  return { status: 403, code, message }
}

/** With its port and without; none where it is no host at all, of which no URL could be made. */
function namesOf(host: string): string[] {
  const [, name, port] = /^([\w.-]+|\[[\da-f:.]+\])(?::(\d*))?$/.exec(host) ?? []
  return name === undefined || Number(port ?? 0) > 65_535 ? [] : [host, name]
}

/** Same origin: the scheme is not compared, for a proxy may have ended TLS. */
function isOwn(origin: string, host: string): boolean {
  return /^https?:\/\//.test(origin) && origin.replace(/^https?:\/\//, '').toLowerCase() === host
}

/**
 * A script, image or frame of another origin: browsers say so even where they send no Origin (Fetch Metadata). The same
 * site is not enough, for all ports of a host are one site. A link may be followed: it leads to GraphiQL.
 */
function isForeign({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site']
  return (
    site !== undefined && !['same-origin', 'none'].includes(String(site)) && headers['sec-fetch-mode'] !== 'navigate'
  )
}

function isJson(contentType: string | undefined): boolean {
  const [type = ''] = (contentType ?? '').split(';')
  return ['application/json', 'application/graphql+json'].includes(type.trim().toLowerCase())
}

/** What a client sent goes back cut and escaped. */
function quote(text: string): string {
  if (text === '') return 'none'
  // JSON leaves what a terminal may take for its own, which logs are read on: U+009B begins a command.
  return JSON.stringify(text.slice(0, 100)).replace(/[^ -~]/g, sign => `\\u00${sign.charCodeAt(0).toString(16)}`)
}
