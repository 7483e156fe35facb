import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Client, createClient, type SubscribePayload } from 'graphql-ws'
import { WebSocket } from 'ws'
import { placeSnippets } from '../readme.ts'

/** A client that runs the README's code, and what it was told. */
export interface Watcher extends AsyncDisposable {
  /** The status of each certificate, as it would show it. */
  readonly picture: ReadonlyMap<string, string>
  /** In the order in which they came. */
  readonly changes: readonly WatchedChange[]
  /** The codes that told it to query again. */
  readonly codes: readonly string[]
  /** What the README's code gave up at. */
  readonly errors: readonly unknown[]
  /** Goes away, as a lid that is closed. */
  sleep(): void
  wake(): void
  /** What it was told counts no more; its picture stays. */
  forget(): void
}

export interface WatchedChange {
  readonly id: string
  readonly certificateId: string
  readonly status: string | null
  readonly superseded: boolean
}

export interface Watchers extends AsyncDisposable {
  /** One that begins at the first of these addresses, and goes on to the next where it is cut off. */
  startWatcher(urls: readonly string[]): Watcher
}

export async function createWatchers(): Promise<Watchers> {
  const snippets = await placeSnippets()
  const file = join(snippets.folder, 'watch-changes.ts')
  await writeFile(file, asking(await readFile(file, 'utf8')))
  const { watchChanges } = await snippets.load<ReadmeModule>('watch-changes.ts')
  return {
    startWatcher: urls => startWatcher(watchChanges, urls),
    [Symbol.asyncDispose]: snippets[Symbol.asyncDispose],
  }
}

interface ReadmeModule {
  watchChanges(
    client: Client,
    watching: {
      state(state: State): void
      change(change: WatchedChange): void
      error(error: unknown): void
    },
  ): () => void
}

interface State {
  readonly users: { readonly nodes: readonly { readonly signingCertificates: { readonly nodes: readonly Row[] } }[] }
}

interface Row {
  readonly certificateId: string
  readonly status: string
}

/** The README's code, asking for what is compared here. */
function asking(code: string): string {
  const replacements = [
    ['nodes { id userName } }', 'nodes { userName signingCertificates { nodes { certificateId status } } } }'],
    ['{ id userName status }', '{ id certificateId status superseded }'],
  ] as const
  return replacements.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`expected ${from} in the README's watch-changes.ts, got ${text}`)
    return text.replace(from, to)
  }, code)
}

function startWatcher(watchChanges: ReadmeModule['watchChanges'], urls: readonly string[]): Watcher {
  const picture = new Map<string, string>()
  const changes: WatchedChange[] = []
  const codes: string[] = []
  const errors: unknown[] = []
  const nap = createNap()
  const client = createRoamingClient(urls, nap)
  const end = watchChanges(overhearing(client, codes), {
    state({ users }) {
      picture.clear()
      for (const { signingCertificates } of users.nodes) {
        for (const { certificateId, status } of signingCertificates.nodes) picture.set(certificateId, status)
      }
    },
    change(change) {
      changes.push(change)
      const { certificateId, status, superseded } = change
      if (superseded) return
      if (status === null) picture.delete(certificateId)
      else picture.set(certificateId, status)
    },
    error: error => errors.push(error),
  })
  return {
    picture,
    changes,
    codes,
    errors,
    sleep() {
      nap.begin()
      client.terminate()
    },
    wake: nap.end,
    forget() {
      changes.length = 0
      codes.length = 0
    },
    async [Symbol.asyncDispose]() {
      end()
      nap.end()
      await client.dispose()
    },
  }
}

/** Where its connection breaks it goes on at the next address; not as slowly as it would for people's sake. */
function createRoamingClient(urls: readonly string[], nap: Nap) {
  let at = 0
  let isBroken = false
  return createClient({
    url: async () => {
      await nap.over
      if (isBroken) at += 1
      isBroken = false
      return urls[at % urls.length] ?? ''
    },
    webSocketImpl: WebSocket,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: () => new Promise(resolve => setTimeout(resolve, 100 + 200 * Math.random())),
    on: {
      error: () => {
        isBroken = true
      },
      closed: event => {
        isBroken ||= (event as { readonly code: number }).code !== 1000
      },
    },
  })
}

/** The same client; the codes that its subscriptions end with are written down. */
function overhearing(client: Client, codes: string[]): Client {
  const hear = (errors: unknown) => {
    if (!Array.isArray(errors)) return
    for (const { extensions } of errors) codes.push(String(extensions?.code))
  }
  return {
    ...client,
    subscribe<Data, Extensions>(
      payload: SubscribePayload,
      sink: Parameters<typeof client.subscribe<Data, Extensions>>[1],
    ) {
      return client.subscribe<Data, Extensions>(payload, {
        ...sink,
        next(result) {
          hear(result.errors)
          sink.next(result)
        },
        error(error) {
          hear(error)
          sink.error(error)
        },
      })
    },
  }
}

interface Nap {
  readonly over: Promise<void>
  begin(): void
  end(): void
}

function createNap(): Nap {
  let over = Promise.resolve()
  let end = () => {}
  return {
    get over() {
      return over
    },
    begin() {
      over = new Promise(resolve => {
        end = resolve
      })
    },
    end: () => end(),
  }
}
