/** Loaded into a process before its own code: says on stderr whom it asks by HTTP, and that it listens. */
import { subscribe } from 'node:diagnostics_channel'
import { Server } from 'node:net'

subscribe('http.client.request.start', ({ request }) => {
  process.stderr.write(`witness: asks ${request.protocol}//${request.getHeader('host')}\n`)
})
// IAM is asked by undici, others by Node's own.
subscribe('undici:client:sendHeaders', ({ request }) => {
  process.stderr.write(`witness: asks ${request.origin}\n`)
})

const { listen } = Server.prototype
Server.prototype.listen = function (...words) {
  process.stderr.write('witness: listens\n')
  return listen.apply(this, words)
}
