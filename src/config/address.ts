import { BlockList, isIP } from 'node:net'
import { type Kind, list, Refusal, single } from './kind.ts'

/** Where to listen: a name or an address, lower case, without brackets. */
export function hostAddress(placeholder: string): Kind<string> {
  return single(placeholder, text => {
    const host = withoutBrackets(text).toLowerCase()
    if (isIP(host) > 0 || HOST_NAME.test(host)) return host
    throw new Refusal('an IP address or a host name', text)
  })
}

/** Whether nobody but this machine can reach it. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true
  const family = isIP(host)
  if (family === 0) return false
  const loopback = new BlockList()
  loopback.addSubnet('127.0.0.0', 8, 'ipv4')
  loopback.addAddress('::1', 'ipv6')
  return loopback.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

/** As an address is named outside of URLs. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}

/**
 * As a token's `iss` has it, to the letter. Keys that came over plain HTTP could be anybody's, so that is for this
 * machine alone.
 */
export function issuerAddress(placeholder: string): Kind<string | undefined> {
  return single(placeholder, text => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    const isPrivate =
      url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(withoutBrackets(url.hostname)))
    if (url && isPrivate && url.search + url.hash + url.username + url.password === '') return text
    const isSecret = url !== undefined && url.username + url.password !== ''
    throw new Refusal(
      'a URL that begins with https:// (http:// on this machine alone), without a query or a password',
      isSecret ? undefined : text,
    )
  })
}

/** Host names as a Host header has them; a name without a port stands for every port. */
export function hostNames(placeholder: string): Kind<readonly string[]> {
  return list(placeholder, text => {
    const host = text.toLowerCase()
    if (HOST.test(host) && hasPossiblePort(host)) return host
    throw new Refusal('a host name with or without a port, such as gateway.example.com or localhost:4100', text)
  })
}

/** Origins as browsers send them in an Origin header: lower case, without the scheme's own port. */
export function origins(placeholder: string): Kind<readonly string[]> {
  return list(placeholder, text => {
    const [, scheme = '', host = ''] = ORIGIN.exec(text.toLowerCase()) ?? []
    if (!HOST.test(host) || !hasPossiblePort(host)) {
      throw new Refusal('an origin, scheme://host or scheme://host:port', text, REASONS.get(text))
    }
    const origin = `${scheme}://${host}`
    return scheme === 'http' || scheme === 'https' ? new URL(origin).origin : origin
  })
}

/** Of a queue, or `none`. What was given is never repeated in a message: a URL may carry a password. */
export function queueAddress(placeholder: string): Kind<string | undefined> {
  return single(placeholder, text => {
    if (text === 'none' || (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol))) return text
    throw new Refusal('a URL that begins with https:// or http://, or none', undefined)
  })
}

/** What the client of Redis takes: `redis://user:password@host:port/database`. */
export function redisAddress(placeholder: string): Kind<string | undefined> {
  return single(placeholder, text => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url && /^rediss?:$/.test(url.protocol) && /^(\/\d*)?$/.test(url.pathname)) return text
    throw new Refusal('a URL such as redis://host:6379 or rediss://user:password@host:6379/0', undefined)
  })
}

const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)(?::\d{1,5})?$/

const HOST_NAME = /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/

const ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/([^/?#@]*)$/

const REASONS: ReadonlyMap<string, string> = new Map([
  ['*', 'every page on the web could then use the credentials of the gateway, so name each origin'],
  ['null', 'any page can send the origin null, from a sandboxed frame'],
])

function hasPossiblePort(host: string): boolean {
  const port = /:(\d+)$/.exec(host.replace(/^\[.*\]/, ''))?.[1]
  return port === undefined || (Number(port) >= 1 && Number(port) <= 65_535)
}
