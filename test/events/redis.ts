import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createClient } from '@redis/client'
import { part } from '../part.ts'

export const redisServer = part('redis-server')

/** A real Redis on a port of its own, which it has again when it comes back. */
export interface Redis extends AsyncDisposable {
  readonly url: string
  /** Ends it at once, as a power cut does. */
  kill(): Promise<void>
  /** Starts it again, with what it has on disk, or with nothing. */
  start(options?: { readonly isEmpty?: boolean }): Promise<void>
  /** It hangs: it keeps its connections and does not answer. */
  hang(): void
  resume(): void
  /** A command, as an operator gives it. */
  command(...words: string[]): Promise<unknown>
}

/** With what "none lost" needs: each write is on disk before it is answered. */
const durable = ['--appendonly', 'yes', '--appendfsync', 'always']

export async function startRedis(flags: readonly string[] = durable, isStarted = true): Promise<Redis> {
  if (redisServer === undefined) throw new Error('expected redis-server')
  const program = redisServer
  const folder = await mkdtemp(join(tmpdir(), 'redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  let server: ChildProcess | undefined
  let emptied = 0

  async function start({ isEmpty = false } = {}): Promise<void> {
    if (isEmpty) emptied += 1
    const data = ['--dir', folder, '--appenddirname', `log${emptied}`, '--dbfilename', `dump${emptied}.rdb`]
    const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', ...data, ...flags]
    server = spawn(program, words, { stdio: ['ignore', 'pipe', 'ignore'] })
    for await (const line of createInterface({ input: server.stdout ?? process.stdin })) {
      if (line.includes('Ready to accept connections')) break
    }
    server.stdout?.resume()
  }

  async function kill(): Promise<void> {
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
  }

  // Where a test is cut off by its time, nobody disposes of anything.
  const killNow = () => server?.kill('SIGKILL')
  process.once('exit', killNow)
  if (isStarted) await start()
  return {
    url,
    kill,
    start,
    hang: () => server?.kill('SIGSTOP'),
    resume: () => server?.kill('SIGCONT'),
    async command(...words) {
      const client = createClient({ url, RESP: 2 })
      await client.connect()
      try {
        return await client.sendCommand(words)
      } finally {
        client.destroy()
      }
    },
    async [Symbol.asyncDispose]() {
      process.removeListener('exit', killNow)
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
