import { createHash } from 'node:crypto'
import { createClient } from '@redis/client'
import { StoreAway } from '../change-store.ts'
import type { Message } from './entry.ts'

export interface RedisConnection {
  /** Runs a script in one step. Rejects where Redis is away, refuses it, or does not answer in time. */
  run(script: string, keys: readonly string[], parameters: readonly string[]): Promise<unknown>
  /** The entries of a stream behind a position; waits so long for the first, on a connection of its own. */
  read(stream: string, position: number, wait: number): Promise<readonly Message[]>
  /** So many entries before a position, the newest first. */
  readBack(stream: string, position: number, count: number): Promise<readonly Message[]>
  /** Every entry of a hash. */
  hash(key: string): Promise<Readonly<Record<string, string>>>
  fields(key: string, names: readonly string[]): Promise<readonly (string | null)[]>
  /** Rejects whatever is under way. */
  destroy(): void
}

/** How many entries are read at once. */
const page = 500

/**
 * Connects twice, for a read that waits holds up all behind it. `patience`, in milliseconds, is what a command may
 * take: a Redis that hangs is away, too. Rejects where it is. `over` destroys the connection, also one being made.
 */
export async function connectRedis(url: string, patience: number, over: AbortSignal): Promise<RedisConnection> {
  const clients = [open(url, patience), open(url, patience)] as const
  const [asking, reading] = clients
  const destroy = await connectAll(clients, patience, over)
  return {
    run: scriptsOn(asking, patience),
    async read(stream, position, wait) {
      const behind = { key: stream, id: `${position}-0` }
      const options = { COUNT: page, ...(wait > 0 && { BLOCK: wait }) }
      const streams = await within(wait + patience, reading.xRead(behind, options))
      return messagesOf(streams)
    },
    async readBack(stream, position, count) {
      const reply = asking.xRevRange(stream, `${position}-0`, '-', { COUNT: Math.min(count, page) })
      return (await within(patience, reply)) ?? []
    },
    hash: key => within(patience, asking.hGetAll(key)),
    fields: (key, names) => within(patience, asking.hmGet(key, [...names])),
    destroy,
  }
}

/** As `connectRedis`, for scripts alone: connects once. */
export async function connectForScripts(
  url: string,
  patience: number,
  over: AbortSignal,
): Promise<Pick<RedisConnection, 'run' | 'destroy'>> {
  const client = open(url, patience)
  const destroy = await connectAll([client], patience, over)
  return { run: scriptsOn(client, patience), destroy }
}

/** Gives back how to destroy them. */
async function connectAll(clients: readonly Client[], patience: number, over: AbortSignal): Promise<() => void> {
  const destroy = () => {
    over.removeEventListener('abort', destroy)
    for (const client of clients) if (client.isOpen) client.destroy()
  }
  over.addEventListener('abort', destroy)
  try {
    await within(patience, Promise.all(clients.map(client => client.connect())))
  } catch (error) {
    destroy()
    throw error
  }
  return destroy
}

function scriptsOn(client: Client, patience: number): RedisConnection['run'] {
  return async (script, keys, parameters) => {
    const given = { keys: [...keys], arguments: [...parameters] }
    const work = client.evalSha(shaOf(script), given).catch((error: unknown) => {
      if (error instanceof Error && error.message.startsWith('NOSCRIPT')) return client.eval(script, given)
      throw error
    })
    return within(patience, work)
  }
}

type Client = ReturnType<typeof open>

function open(url: string, patience: number) {
  const client = createClient({
    url,
    // Whoever needs it connects anew, and must learn that what was read may be gone.
    socket: { connectTimeout: patience, reconnectStrategy: false },
    disableOfflineQueue: true,
    RESP: 2,
  })
  // Every command under way rejects, too; without a listener the process would end.
  client.on('error', () => {})
  return client
}

function messagesOf(streams: unknown): readonly Message[] {
  const [first] = (streams ?? []) as readonly { readonly messages: readonly Message[] }[]
  return first?.messages ?? []
}

function shaOf(script: string): string {
  return createHash('sha1').update(script).digest('hex')
}

async function within<Value>(milliseconds: number, work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new StoreAway(`no answer from Redis in ${milliseconds} ms`)), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
    work.catch(() => {})
  }
}
