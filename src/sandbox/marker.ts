import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { AwsError } from './error.ts'

export interface PageInput {
  readonly Marker: string | undefined
  readonly MaxItems: number | undefined
}

export interface Page<R> {
  readonly rows: readonly R[]
  readonly IsTruncated: boolean
  readonly Marker: string | undefined
}

export interface List<R> {
  /** What the list is of: operation, filter, user. Its markers are refused by every other list. */
  readonly name: readonly string[]
  readonly rows: readonly R[]
  order(row: R): string
}

/** The limit, if given, goes before that of the sandbox. */
export type Pager = <R>(list: List<R>, input: PageInput, limit?: number) => Page<R>

const DEFAULT_MAX_ITEMS = 100

/** Where an empty first page ends: no item is ordered by an empty string. */
const BEFORE_ALL = ''

/**
 * Pages by markers that say behind which item to go on, not at which offset: what is added or deleted between two pages
 * neither skips nor repeats another item. They are sealed with a key made of the seed, so that they are opaque, need no
 * memory, and differ at every read, which clients must live with (IAM promises no more than "opaque").
 */
export function createPager(seed: number, maxPage: number): Pager {
  const key = createHash('sha256').update(`marker ${seed}`).digest()
  return (list, input, limit = maxPage) => {
    const after = input.Marker === undefined ? undefined : open(key, list.name, input.Marker)
    const rest = after === undefined ? list.rows : list.rows.filter(row => list.order(row) > after)
    const rows = rest.slice(0, Math.min(input.MaxItems ?? DEFAULT_MAX_ITEMS, limit))
    if (rows.length === rest.length) return { rows, IsTruncated: false, Marker: undefined }
    const last = rows.at(-1)
    const next = last === undefined ? (after ?? BEFORE_ALL) : list.order(last)
    return { rows, IsTruncated: true, Marker: seal(key, list.name, next) }
  }
}

const CIPHER = 'aes-256-gcm'
const NONCE = 12
const TAG = 16

/** The list's name is authenticated, not carried: a PathPrefix alone may be longer than a Marker's 320 characters. */
function seal(key: Buffer, name: readonly string[], after: string): string {
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(JSON.stringify(name)))
  const sealed = Buffer.concat([cipher.update(after, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')
}

function open(key: Buffer, name: readonly string[], marker: string): string {
  const bytes = Buffer.from(marker, 'base64')
  // Buffer.from skips what is not base64: a marker with an addition must not pass for the one without it.
  if (bytes.length < NONCE + TAG || bytes.toString('base64') !== marker) throw invalidMarker()
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE), { authTagLength: TAG })
  decipher.setAAD(Buffer.from(JSON.stringify(name))).setAuthTag(bytes.subarray(NONCE, NONCE + TAG))
  try {
    return decipher.update(bytes.subarray(NONCE + TAG), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    throw invalidMarker()
  }
}

function invalidMarker(): AwsError {
  return new AwsError('ValidationError', 'Invalid Marker.')
}
