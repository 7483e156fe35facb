import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { createLocalJWKSet, type JSONWebKeySet } from 'jose'

/** Finds the key of a token. The same keys are the same set: what was checked by it need not be again. */
export type KeySet = ReturnType<typeof createLocalJWKSet>

/** Where keys come from. Rejects with KeysUnavailable. */
export interface Keys {
  current(): Promise<KeySet>
  /** For a token whose key is not in the current set: it may be a new one. */
  newest(): Promise<KeySet>
  /** The last attempt to read them failed. */
  readonly isFailing: boolean
  close(): void
}

/** The text is no set of public keys. Its message says what was expected and got: never a key. */
export class BadKeySet extends Error {}

/** Of a text that is given once and for all. Throws BadKeySet. */
export function createFixedKeys(text: string): Keys {
  const keys = createLocalJWKSet(parseKeySet(text))
  const current = async () => keys
  return { current, newest: current, isFailing: false, close() {} }
}

function parseKeySet(text: string): JSONWebKeySet {
  const document = parse(text)
  if (!isObject(document) || !Array.isArray(document['keys'])) throw expected('another value')
  const keys: readonly unknown[] = document['keys']
  if (keys.length === 0) throw expected('one without keys')
  for (const [index, key] of keys.entries()) {
    if (!isObject(key)) throw expected(`another value in keys[${index}]`)
    // Whoever can read the file could make tokens.
    if ('d' in key || 'k' in key) throw expected(`a private or a shared one in keys[${index}]`)
  }
  // Kinds that Node does not know are for others.
  if (!keys.some(isPublicKey)) throw expected('none that can be read')
  return document as unknown as JSONWebKeySet
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw expected('no JSON')
  }
}

function expected(got: string): BadKeySet {
  return new BadKeySet(`expected a JSON Web Key Set of public keys, {"keys": [...]}, got ${got}`)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isPublicKey(key: unknown): boolean {
  try {
    return createPublicKey({ key: key as JsonWebKey, format: 'jwk' }).type === 'public'
  } catch {
    return false
  }
}
