import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Between one instance and Redis, so that it alone can be cut off. */
export interface TcpProxy extends AsyncDisposable {
  readonly url: string
  cut(): void
  mend(): Promise<void>
}

export async function startTcpProxy(to: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(to)
  const sockets = new Set<Socket>()
  const server = createServer(near => {
    const far = connect(Number(port), hostname)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      // Whatever breaks on one side ends on the other; who is connected learns it from that.
      socket.on('error', () => other.destroy())
      socket.once('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const own = (server.address() as AddressInfo).port

  function cut(): void {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `redis://127.0.0.1:${own}`,
    cut,
    async mend() {
      server.listen(own, '127.0.0.1')
      await once(server, 'listening')
    },
    async [Symbol.asyncDispose]() {
      cut()
    },
  }
}
