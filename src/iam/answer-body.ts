import { Readable } from 'node:stream'
import type { IAMClient } from '@aws-sdk/client-iam'

type Plugin = Parameters<IAMClient['middlewareStack']['use']>[0]

/** Many times what IAM's longest page has: a thousand users or credentials, or a user's certificates. In bytes. */
const longest = 8 * 1024 * 1024

/**
 * Reads an answer's body whole, before the SDK does, and no longer than a call may take, in milliseconds: the handler's
 * own clocks end with the headers, or tell silence alone, but a body may trickle or pour for ever. Low priority in this
 * step: inside the SDK's own reading.
 */
export function answerBody(callTimeout: number): Plugin {
  return {
    applyToStack: stack => {
      stack.add(
        next => async args => {
          const sentAt = performance.now()
          const result = await next(args)
          const { response } = result
          if (!hasStream(response)) return result
          const body = await read(response.body, callTimeout - (performance.now() - sentAt))
          return { ...result, response: Object.assign(response, { body }) }
        },
        { step: 'deserialize', name: 'answerBody', priority: 'low', override: true },
      )
    },
  }
}

function read(body: Readable, patience: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const clock = setTimeout(() => body.destroy(new Error('the answer did not end in time')), Math.max(1, patience))
    body.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      length += chunk.length
      if (length > longest) body.destroy(new Error(`expected an answer of at most ${longest} bytes, got more`))
    })
    body.once('end', () => resolve(Buffer.concat(chunks)))
    body.once('error', reject)
    body.once('close', () => {
      clearTimeout(clock)
      reject(new Error('the answer broke off'))
    })
  })
}

function hasStream(response: unknown): response is { readonly body: Readable } {
  return typeof response === 'object' && response !== null && 'body' in response && response.body instanceof Readable
}
