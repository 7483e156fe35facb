import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What an issuer might publish that means ill, or is ill: every document is the test's. */
export interface StubIssuer extends AsyncDisposable {
  readonly url: string
  /** Paths asked for, in order of arrival. */
  readonly requests: readonly string[]
  /** Resolves once this many requests have arrived. */
  arrived(count: number): Promise<void>
}

export interface StubDocument {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** As it is; of an object its JSON. */
  readonly body?: string | object
  /** The body never ends, or nothing ever comes. */
  readonly end?: 'never' | 'silence'
}

/** By path; what it does not have is not found. */
export type StubDocuments = Readonly<Record<string, StubDocument>>

export async function startStubIssuer(documentsOf: (url: string) => StubDocuments): Promise<StubIssuer> {
  const news = new EventEmitter()
  const requests: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    requests.push(path)
    news.emit('request')
    const { status = 200, headers = {}, body = '', end } = documentsOf(url)[path] ?? { status: 404 }
    if (end === 'silence') return
    response.writeHead(status, headers)
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    if (end === undefined) return void response.end(text)
    const pour = () => {
      while (response.write(text));
      response.once('drain', pour)
    }
    pour()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    requests,
    async arrived(count) {
      while (requests.length < count) await once(news, 'request')
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
