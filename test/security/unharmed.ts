import { expect } from 'vitest'
import { gatewayCodes } from '../../src/gateway-error.ts'
import { post, type TestGateway } from '../gateway.ts'

/** After an attack everybody else is answered as before, and nothing of it is left: no call, no waiter, no subscriber. */
export async function expectUnharmed({ url, gateway }: TestGateway): Promise<void> {
  expect(await post(url, { query: '{ user(userName: "alice") { userName } }' })).toMatchObject({
    data: { user: { userName: 'alice' } },
  })
  const { pacer, sharing } = gateway.iam
  await expect
    .poll(() => [pacer.queued, pacer.underWay, sharing.underWay, gateway.events.subscribers])
    .toEqual([0, 0, 0, 0])
  expect((await fetch(url.replace('/graphql', '/ready'))).status).toBe(200)
}

/**
 * An error that a client may see: with a code that it can branch on, and nothing of how the gateway is made. What is
 * unexpected is no answer to anything that a client may send.
 */
export function expectMasked(errors: readonly unknown[]): void {
  for (const error of errors) {
    const { message, extensions } = error as { readonly message?: unknown; readonly extensions?: { code?: unknown } }
    expect(extensions?.code, JSON.stringify(error)).toSatisfy(isKnownCode)
    expect(message).toBeTypeOf('string')
    expect(message).not.toMatch(innards)
    expect(Object.keys(extensions ?? {}).filter(key => !told.has(key))).toEqual([])
  }
}

/** What an answer's body holds, or a message of a WebSocket: errors, and IAM's refusals that are data. */
export function expectNoInnards(text: string): void {
  expect(text).not.toMatch(innards)
}

export function isKnownCode(code: unknown): boolean {
  if (typeof code !== 'string' || code === 'INTERNAL_SERVER_ERROR') return false
  return Object.hasOwn(gatewayCodes, code) || graphqlCodes.has(code) || wireCode.test(code)
}

const graphqlCodes = new Set(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED'])

/** As IAM's are, NoSuchEntity or ValidationError, whatever it is that IAM says; not as the gateway's. */
const wireCode = /^(?![A-Z_]+$)[\w.]{1,128}$/

const told = new Set(['code', 'requestId', 'limit', 'estimate', 'field', 'fieldCalls', 'scope', 'retryAfter'])

/** Of a stack, of this machine, or of JavaScript's own words. */
const innards =
  /node_modules|node:internal|file:\/\/|\.[cm]?[jt]s:\d|\bat \S+ \(|\/src\/|\/dist\/|Cannot read|is not a function|is not iterable|Unexpected token|in JSON at|TypeError|RangeError|URIError|Maximum call stack|\[object /
