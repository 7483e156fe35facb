import { Buffer } from 'node:buffer'
import { GatewayError } from '../gateway-error.ts'
import type { Marker } from '../iam/model.ts'

/**
 * Where a list goes on: behind the item `key`. IAM can only open a list at a Marker, so a cursor says which Marker
 * opens the page (undefined: the list's beginning) and how many of its items to leave out, the last of them `key`.
 * Where `skip` is 0 the page opens right behind the item.
 */
export interface Cursor {
  readonly marker: Marker | undefined
  readonly skip: number
  readonly key: string
}

const version = 1
/** A Marker (320) and a key (128) of characters that JSON writes as six, in base64: nothing genuine is longer. */
const maxLength = 8192

/** Opaque, versioned and stateless: it survives restarts, and any instance can serve it. */
export function encodeCursor(list: string, { marker, skip, key }: Cursor): string {
  return Buffer.from(JSON.stringify([version, list, marker ?? null, skip, key])).toString('base64url')
}

/** Throws BAD_CURSOR where `text` is no cursor, or one of another list. */
export function decodeCursor(list: string, text: string): Cursor {
  const parts = text.length <= maxLength ? parse(text) : undefined
  if (!isCursor(parts)) throw new GatewayError('BAD_CURSOR', `after: expected a cursor of ${list}, got something else.`)
  const [, from, marker, skip, key] = parts
  if (from !== list) throw new GatewayError('BAD_CURSOR', `after: expected a cursor of ${list}, got one of ${from}.`)
  return { marker: marker ?? undefined, skip, key }
}

/** The list that a cursor belongs to; undefined where `text` is no cursor. */
export function listOfCursor(text: string): string | undefined {
  const parts = text.length <= maxLength ? parse(text) : undefined
  return isCursor(parts) ? parts[1] : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    return undefined
  }
}

type CursorParts = [typeof version, string, Marker | null, number, string]

function isCursor(parts: unknown): parts is CursorParts {
  if (!Array.isArray(parts) || parts.length !== 5) return false
  const [of, list, marker, skip, key] = parts as unknown[]
  return (
    of === version &&
    typeof list === 'string' &&
    (marker === null || (typeof marker === 'string' && /^[\u0020-\u00FF]{1,320}$/.test(marker))) &&
    Number.isInteger(skip) &&
    (skip as number) >= 0 &&
    (skip as number) <= 1000 &&
    typeof key === 'string'
  )
}
