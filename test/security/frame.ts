import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { openSocket, requestText } from '../server/transport.ts'

/** A frame as RFC 6455 has it (section 5.2), or as nobody would send it. */
export interface Frame {
  readonly opcode: number
  readonly payload: Buffer
  readonly fin?: boolean
  /** The three reserved bits; the first one says that the payload is compressed. */
  readonly reserved?: number
  readonly isMasked?: boolean
  /** What the frame says that its length is, whatever it is. */
  readonly length?: bigint
}

export const text = (payload: string, options: Partial<Frame> = {}): Frame => ({
  opcode: 1,
  payload: Buffer.from(payload),
  ...options,
})

export function bytesOf({ opcode, payload, fin = true, reserved = 0, isMasked = true, length }: Frame): Buffer {
  const said = length ?? BigInt(payload.length)
  const mask = isMasked ? 0x80 : 0
  const head = Buffer.alloc(said < 126n ? 2 : said < 65_536n ? 4 : 10)
  head[0] = (fin ? 0x80 : 0) | ((reserved & 7) << 4) | (opcode & 15)
  if (head.length === 2) head[1] = mask | Number(said)
  else if (head.length === 4) {
    head[1] = mask | 126
    head.writeUInt16BE(Number(said), 2)
  } else {
    head[1] = mask | 127
    head.writeBigUInt64BE(BigInt.asUintN(64, said), 2)
  }
  // A mask of zeros leaves the payload as it is.
  return Buffer.concat([head, Buffer.alloc(isMasked ? 4 : 0), payload])
}

/** A WebSocket whose client writes its bytes itself. */
export interface RawSocket extends AsyncDisposable {
  readonly socket: Socket
  /** What the gateway said when it agreed. */
  readonly head: string
  send(...frames: readonly Frame[]): void
  /** The code by which the gateway closed; 1006 where it only hung up. */
  closed(): Promise<number>
  /** The texts that have come so far. */
  texts(): string[]
}

export async function openRawSocket(url: string, headers: Record<string, string> = {}): Promise<RawSocket> {
  const socket = await openSocket(url)
  let received: Buffer = Buffer.alloc(0)
  socket.on('data', chunk => {
    received = Buffer.concat([received, chunk])
  })
  socket.on('error', () => {})
  const over = once(socket, 'close')
  socket.write(requestText('GET /graphql', { ...handshake, ...headers }))
  while (!received.includes('\r\n\r\n')) await once(socket, 'data')
  const end = received.indexOf('\r\n\r\n') + 4
  const head = received.toString('latin1', 0, end)
  return {
    socket,
    head,
    send: (...frames) => void socket.write(Buffer.concat(frames.map(bytesOf))),
    async closed() {
      for (;;) {
        const close = framesIn(received.subarray(end)).find(({ opcode }) => opcode === 8)
        if (close) return close.payload.length >= 2 ? close.payload.readUInt16BE(0) : 1005
        if (socket.closed) return 1006
        await Promise.race([once(socket, 'data'), over])
      }
    },
    texts: () =>
      framesIn(received.subarray(end)).flatMap(({ opcode, payload }) => (opcode === 1 ? [String(payload)] : [])),
    async [Symbol.asyncDispose]() {
      socket.destroy()
      await over
    },
  }
}

/** One that was greeted: operations may follow. */
export async function openGreetedSocket(url: string): Promise<RawSocket> {
  const raw = await openRawSocket(url)
  raw.send(text('{"type":"connection_init"}'))
  while (raw.texts().length === 0) await once(raw.socket, 'data')
  return raw
}

const handshake = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-protocol': 'graphql-transport-ws',
}

/** What a server sends is whole and not masked. */
function framesIn(bytes: Buffer): { readonly opcode: number; readonly payload: Buffer }[] {
  const frames: { opcode: number; payload: Buffer }[] = []
  for (let at = 0; at + 2 <= bytes.length; ) {
    const short = bytes.readUInt8(at + 1) & 127
    const start = at + (short === 126 ? 4 : short === 127 ? 10 : 2)
    if (start > bytes.length) break
    const length =
      short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short
    if (start + length > bytes.length) break
    frames.push({ opcode: bytes.readUInt8(at) & 15, payload: bytes.subarray(start, start + length) })
    at = start + length
  }
  return frames
}
