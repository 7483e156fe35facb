import type { FormattedExecutionResult } from 'graphql'
import type { SubscribePayload } from 'graphql-ws'
import type { AnswerError, Data } from '../gateway.ts'
import { openGraphQLSocket, subscribeBySse } from './transport.ts'

/** A part of an answer, as the draft of August 2022 has it. */
export interface Part {
  readonly data?: Data
  readonly errors?: readonly AnswerError[]
  readonly incremental?: readonly Increment[]
  readonly hasNext?: boolean
  readonly extensions?: { readonly cost?: object }
}

export interface Increment {
  readonly data?: Data
  readonly items?: readonly Data[] | null
  readonly path: readonly (string | number)[]
  readonly errors?: readonly AnswerError[]
}

/** An answer as its parts come; `return` is a client that goes away. */
export type Parts = AsyncGenerator<Part, void>

export const transports: readonly [string, (url: string, payload: SubscribePayload) => Parts][] = [
  ['multipart/mixed', partsByMultipart],
  ['SSE', partsBySse],
  ['WebSocket', partsByWebSocket],
]

/** Apollo Client's header, where no other is given. */
export const acceptsParts =
  'multipart/mixed;deferSpec=20220824,application/graphql-response+json,application/json;q=0.9'

export async function* partsByMultipart(url: string, payload: SubscribePayload): Parts {
  const leaving = new AbortController()
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: acceptsParts },
    body: JSON.stringify(payload),
    signal: leaving.signal,
  })
  const type = response.headers.get('content-type')
  if (type !== 'multipart/mixed; boundary="-"') throw new Error(`expected multipart/mixed, got ${type}`)
  try {
    let text = ''
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk
      const blocks = text.split('\r\n---')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const [, body] = block.split('\r\n\r\n')
        if (body) yield JSON.parse(body) as Part
      }
    }
  } finally {
    leaving.abort()
  }
}

async function* partsBySse(url: string, payload: SubscribePayload): Parts {
  await using stream = await subscribeBySse(url, payload)
  for (let event = await stream.next(); event?.event === 'next'; event = await stream.next()) {
    yield JSON.parse(event.data) as Part
  }
}

async function* partsByWebSocket(url: string, payload: SubscribePayload): Parts {
  await using socket = await openGraphQLSocket(url)
  for await (const result of socket.run(payload)) yield result as FormattedExecutionResult as Part
}

export async function all(parts: AsyncIterable<Part>): Promise<Part[]> {
  const taken: Part[] = []
  for await (const part of parts) taken.push(part)
  return taken
}

/** Takes parts until there is one that fits. */
export async function until(parts: Parts, fits: (increment: Increment) => boolean): Promise<Part[]> {
  const taken: Part[] = []
  for (;;) {
    const { done, value } = await parts.next()
    if (done) throw new Error(`expected a part that fits, got only ${JSON.stringify(taken)}`)
    taken.push(value)
    if (value.incremental?.some(fits)) return taken
  }
}

/** The whole answer, its errors in no particular order. */
export function together(parts: readonly Part[]): { readonly data: Data; readonly errors: readonly AnswerError[] } {
  const [first, ...rest] = structuredClone(parts)
  const errors = [...(first?.errors ?? [])]
  const whole = { data: first?.data }
  for (const { data, items, path, errors: more = [] } of rest.flatMap(({ incremental = [] }) => incremental)) {
    errors.push(...more)
    const key = path.at(-1)
    const parent = ['data', ...path.slice(0, -1)].reduce((at: Data, step) => at[step], whole)
    if (items) parent.push(...items)
    else if (key === undefined) Object.assign(whole.data, data)
    else merge(parent[key], data)
  }
  return { data: whole.data, errors }
}

function merge(into: Data, from: Data): void {
  for (const [key, value] of Object.entries(from ?? {})) {
    if (into[key] !== null && typeof into[key] === 'object') merge(into[key], value)
    else into[key] = value
  }
}
