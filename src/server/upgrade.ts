import { Buffer } from 'node:buffer'
import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { secure } from './security-header.ts'

/** Whether a client wants to go on by another protocol than WebSocket. */
export function isOtherUpgrade({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() !== 'websocket'
}

/**
 * Answers in HTTP/1.1 all the same, as a server may (RFC 9110, section 7.8): Java's HTTP client, for one, offers h2c
 * with its first request. Node hands every Upgrade over once somebody listens for WebSockets, and reads no further; so
 * the request goes back to where it came from, without the offer.
 */
export function declineUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2)
    if (name.toLowerCase() === 'connection') lines.push(`${name}: ${withoutOffers(value)}`)
    else if (!offers.has(name.toLowerCase())) lines.push(`${name}: ${value}`)
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]))
  server.emit('connection', socket)
}

/** Node lets go of the connection here: nobody else would answer on it, or close it on a client that does not. */
export function insteadOfUpgrade(request: IncomingMessage, socket: Socket): ServerResponse {
  const response = new ServerResponse(request)
  response.assignSocket(socket)
  secure(response)
  response.once('finish', () => socket.end(() => socket.destroy()))
  return response
}

const offers = new Set(['upgrade', 'http2-settings'])

function withoutOffers(connection: string): string {
  const options = connection.split(',').filter(option => !offers.has(option.trim().toLowerCase()))
  return options.length === 0 ? 'keep-alive' : options.join(',')
}
