import { TokenRefused } from './token-error.ts'

/** Far above any token that fits beside the other headers that Node takes, 16 KiB in all. */
export const longestToken = 16 * 1024

/**
 * The token of the request's Authorization headers (`request.headersDistinct['authorization']`: of several, Node's
 * `headers` shows only the first). Undefined where there is none, or one of another scheme. Throws TokenRefused.
 */
export function bearerOfHeaders(headers: readonly string[] | undefined): string | undefined {
  const [header, ...others] = headers ?? []
  // Whoever stands between might have looked at another one than we.
  if (others.length > 0) throw new TokenRefused('Expected one Authorization header, got several.')
  return header === undefined ? undefined : bearerOf(header)
}

/**
 * The token of a WebSocket's `connectionParams`: `{ authorization: 'Bearer …' }`, the name in any case. Undefined where
 * there is none. Throws TokenRefused.
 */
export function bearerOfPayload(payload: unknown): string | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined
  const [given, ...others] = Object.entries(payload).filter(([name]) => name.toLowerCase() === 'authorization')
  if (others.length > 0) throw new TokenRefused('Expected one authorization in the connection parameters, got several.')
  if (given === undefined || given[1] === undefined || given[1] === null) return undefined
  if (typeof given[1] !== 'string') {
    throw new TokenRefused('Expected authorization in the connection parameters to be a text.')
  }
  return bearerOf(given[1])
}

/** `Bearer` in any case, then token68, which is wider than JWTs are: https://www.rfc-editor.org/rfc/rfc9110#section-11.4 */
function bearerOf(text: string): string | undefined {
  const scheme = /^[^\s,]*/.exec(text)?.[0] ?? ''
  if (scheme.toLowerCase() !== 'bearer') return undefined
  if (text.length > scheme.length + 1 + longestToken) {
    throw new TokenRefused(`Expected a token of at most ${longestToken} characters, got more.`)
  }
  const token = /^ +([\w.~+/-]+=*)$/.exec(text.slice(scheme.length))?.[1]
  if (token === undefined) throw new TokenRefused('Expected one bearer token, as in "Bearer <token>".')
  return token
}
