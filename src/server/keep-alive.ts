import type { WebSocket } from 'ws'

/**
 * A peer that vanished without a word does not answer pings; nor does one that is so slow that it has not got to the last
 * one by the next, for a ping waits behind all that was sent before it.
 */
export function keepAlive(socket: WebSocket, every: number): void {
  let answered = true
  const beat = setInterval(() => {
    if (!answered) return socket.terminate()
    answered = false
    socket.ping()
  }, every)
  socket.on('pong', () => {
    answered = true
  })
  socket.once('close', () => clearInterval(beat))
}
