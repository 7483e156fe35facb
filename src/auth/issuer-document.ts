/** Many times what a set of keys or an issuer's description has; in bytes. */
const longest = 512 * 1024

/** For all of an answer, in milliseconds. */
const patience = 5_000

/** What the issuer answered, or undefined where it has nothing there (404). */
export async function readDocument(url: URL, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, {
    headers: { accept: 'application/json, application/jwk-set+json' },
    // Where it might lead, nobody has looked at.
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    if (response.status === 404) return undefined
    throw new Error(`expected status 200 of ${url.href}, got ${response.status}`)
  }
  const text = await boundedText(response, url)
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message repeats what it read.
    throw new Error(`expected JSON of ${url.href}, got something else`)
  }
}

/** On the way there nobody must be able to put in keys of his own, so that plain HTTP is for this machine alone. */
export function trustedUrl(text: unknown): URL {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback.test(url.hostname))) return url
  throw new Error(`expected an address that begins with https://, got ${JSON.stringify(text)?.slice(0, 200)}`)
}

/** As URL writes host names: 127.1 has become 127.0.0.1 by then. */
const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/

async function boundedText(response: Response, url: URL): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    // Leaving the loop ends the connection.
    if (length > longest) throw new Error(`expected at most ${longest} bytes of ${url.href}, got more`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
