/**
 * Loaded into a process before its own code: says on stderr, for each SIGUSR2, how much memory is in use. As
 * `witness.mjs?handles` it also counts timers and sockets, which makes the process slower.
 */
import { createHook } from 'node:async_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')

const held = { Timeout: new Set(), TCPWRAP: new Set() }
// Timers that do not keep a process alive are not among its active resources: so each is followed.
const hook = createHook({
  init: (id, type) => held[type]?.add(id),
  destroy(id) {
    for (const ids of Object.values(held)) ids.delete(id)
  },
})
if (new URL(import.meta.url).search === '?handles') hook.enable()

let asked = 0
process.on('SIGUSR2', () => {
  // V8 leaves garbage lying about for as long as there is room: only what is behind it tells of a leak.
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  const { Timeout, TCPWRAP } = held
  const report = { asked: ++asked, timers: Timeout.size, sockets: TCPWRAP.size, memory: heapUsed + external }
  process.stderr.write(`witness: ${JSON.stringify(report)}\n`)
})
