import { EventEmitter, once } from 'node:events'
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** Between a gateway and an IAM: each call goes on as it came and its answer comes back, unless a rule treats it. */
export interface FaultProxy extends AsyncDisposable {
  readonly url: string
  /** In order of arrival. */
  readonly calls: readonly ProxiedCall[]
  clearCalls(): void
  /** Resolves once a call that fits has arrived. */
  arrived(fits: (call: ProxiedCall) => boolean): Promise<void>
  /** The first rule with a treatment for a call decides. Returns how to undo it. */
  treat(rule: Rule): () => void
  /** Connections that are open, idle ones too. */
  readonly connections: number
  /** Resolves once no call is under way: each was answered, or its connection has ended. */
  quiet(): Promise<void>
  /** Closes every connection: those that a gateway keeps for its next calls, too. */
  disconnect(): void
}

export interface ProxiedCall {
  readonly action: string
  readonly parameters: Readonly<Record<string, string>>
}

export type Rule = (call: ProxiedCall) => Treatment | undefined

/** What becomes of a call. One that leaves it without an answer leaves it under way until the gateway gives it up. */
export type Treatment = (exchange: Exchange) => Promise<void> | void

export interface Exchange {
  readonly call: ProxiedCall
  readonly response: ServerResponse
  /** Lets IAM do what is asked. */
  forward(): Promise<IamAnswer>
}

export interface IamAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export const pass: Treatment = async ({ response, forward }) => {
  const { status, headers, body } = await forward()
  response.writeHead(status, headers).end(body)
}

export async function startFaultProxy(iamUrl: string): Promise<FaultProxy> {
  const calls: ProxiedCall[] = []
  const rules: Rule[] = []
  const arrivals = new EventEmitter().setMaxListeners(0)
  const underWay = new Set<Promise<unknown>>()
  const connections = new Set<Socket>()
  const agent = new Agent({ keepAlive: true })

  async function serve(received: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(received)
    const { Action: action = '', ...parameters } = Object.fromEntries(new URLSearchParams(body.toString()))
    const call = { action, parameters }
    calls.push(call)
    arrivals.emit('call')
    const treatment = rules.map(rule => rule(call)).find(one => one !== undefined) ?? pass
    await treatment({ call, response, forward: () => forward(iamUrl, agent, received, body) })
  }

  const server = createServer((received, response) => {
    const over = once(response, 'close').finally(() => underWay.delete(over))
    underWay.add(over)
    serve(received, response).catch((error: unknown) => {
      // A gateway that has gone cannot be told anything. Anything else is a mistake of the test's.
      if (!received.socket.destroyed) throw error
    })
  })
  server.on('connection', socket => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  // A gateway keeps connections: to close one while it is idle would race with its next call.
  server.keepAliveTimeout = 120_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    clearCalls() {
      calls.length = 0
    },
    async arrived(fits) {
      while (!calls.some(fits)) await once(arrivals, 'call')
    },
    treat(rule) {
      rules.push(rule)
      return () => {
        rules.splice(rules.indexOf(rule), 1)
      }
    },
    get connections() {
      return connections.size
    },
    async quiet() {
      while (underWay.size > 0) await Promise.all(underWay)
    },
    disconnect: () => server.closeAllConnections(),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      agent.destroy()
      await closed
    },
  }
}

/** With every header as it was signed, the host's too. */
async function forward(iamUrl: string, agent: Agent, received: IncomingMessage, body: Buffer): Promise<IamAnswer> {
  const sent = request(iamUrl, { method: 'POST', path: received.url, headers: received.headers, agent })
  sent.end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const { connection, 'keep-alive': keepAlive, ...headers } = answer.headers
  return { status: answer.statusCode ?? 0, headers, body: await buffer(answer) }
}
