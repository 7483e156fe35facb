/**
 * Many subscribers in a process of their own, so that what they cost is not the server's. They speak the protocol by
 * hand: nothing is done with a message but to note which change it told, and when.
 */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { answer, now, ready } from './probe.mjs'

const sockets = []
/** What each was told, in its order: ids of changes. */
const told = []
let waiting

answer('open', async ({ url, count, each, query, variables }) => {
  const first = told.length
  for (let index = 0; index < count; index++) {
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', { perMessageDeflate: false })
    await once(socket, 'open')
    const acknowledged = once(socket, 'message')
    socket.send(JSON.stringify({ type: 'connection_init' }))
    await acknowledged
    const own = Array.from({ length: each }, () => told.push([]) - 1)
    socket.on('message', data => note(JSON.parse(data)))
    socket.on('close', code => fail(`a socket was closed with ${code}`))
    for (const id of own)
      socket.send(JSON.stringify({ type: 'subscribe', id: String(id), payload: { query, variables } }))
    sockets.push(socket)
  }
  return told.length - first
})

/** From now on: so many changes for everybody. `told` resolves once they are there, with how long after `since`. */
answer('expect', changes => {
  waiting = { left: told.length * changes, times: [] }
  waiting.over = new Promise((resolve, reject) => Object.assign(waiting, { resolve, reject }))
})
answer('told', since => waiting.over.then(times => summary(times.map(time => time - since))))

/** How many subscribers were not told `ids`, each once and in this order, as the last ones. */
answer('lost', ids => told.filter(own => own.slice(-ids.length).join() !== ids.join()).length)
answer('ids', () => told[0])
/** How many were told nothing yet: nobody says when a subscription has begun. */
answer('untold', () => told.filter(own => own.length === 0).length)
answer('close', async () => {
  for (const socket of sockets.splice(0)) {
    socket.removeAllListeners('close')
    socket.terminate()
  }
  told.length = 0
})

function note({ type, id, payload }) {
  const change = payload?.data?.signingCertificateStatusChanged
  if (type !== 'next' || !change) return fail(`expected a change, got ${type} ${JSON.stringify(payload)}`)
  told[Number(id)].push(change.id)
  if (!waiting) return
  waiting.times.push(now())
  if (--waiting.left === 0) waiting.resolve(waiting.times)
}

function fail(message) {
  if (!waiting) throw new Error(message)
  waiting.reject(new Error(message))
}

function summary(times) {
  const sorted = Float64Array.from(times).sort()
  const at = share => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
  return { median: at(0.5), p99: at(0.99), last: at(1), first: at(0) }
}

// The probe does not keep a process alive; this one is there until it is stopped.
setInterval(() => {}, 2 ** 30)
ready()
