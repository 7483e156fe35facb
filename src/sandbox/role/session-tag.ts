import { AwsError } from '../error.ts'

/** What a token says of its bearer, for policies to ask about. */
export interface SessionTags {
  readonly values: ReadonlyMap<string, string>
  /** The keys that a session assumed from this one would keep. */
  readonly transitiveKeys: readonly string[]
  /** Per cent of the room there is; undefined: no tags. */
  readonly packedSize: number | undefined
}

/** Reads the claim `https://aws.amazon.com/tags` (AWS's guide to session tags, grade D). */
export function readSessionTags(claim: unknown): SessionTags {
  if (claim === undefined) return { values: new Map(), transitiveKeys: [], packedSize: undefined }
  if (!isObject(claim)) throw malformed()
  const values = new Map(Object.entries(readObject(claim['principal_tags'])).map(readTag))
  const keys = new Set([...values.keys()].map(key => key.toLowerCase()))
  const transitiveKeys = readList(claim['transitive_tag_keys'] ?? [])
  if (values.size > MOST_TAGS || keys.size < values.size || transitiveKeys.some(key => !keys.has(key.toLowerCase()))) {
    throw malformed()
  }
  return { values, transitiveKeys, packedSize: packedSize(values) }
}

const MOST_TAGS = 50

/** AWS compresses, and does not say how far: that this many bytes of keys and values fit is a choice. */
const ROOM = 4096

// From the AWS API model (grade D).
const key = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u
const value = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u

/** Each tag's value is a list of one. */
function readTag([name, list]: readonly [string, unknown]): [string, string] {
  const [text, ...more] = readList(list)
  if (text === undefined || more.length > 0 || !key.test(name) || !value.test(text)) throw malformed()
  return [name, text]
}

function packedSize(values: ReadonlyMap<string, string>): number {
  const bytes = Buffer.byteLength([...values].flat().join(''))
  const size = Math.ceil((100 * bytes) / ROOM)
  if (size <= 100) return size
  const message = `Packed size of session tags consumes ${size}% of allotted space.`
  throw new AwsError('PackedPolicyTooLarge', message)
}

function readObject(claimed: unknown): Readonly<Record<string, unknown>> {
  if (isObject(claimed)) return claimed
  throw malformed()
}

function readList(claimed: unknown): readonly string[] {
  if (Array.isArray(claimed) && claimed.every(one => typeof one === 'string')) return claimed
  throw malformed()
}

function isObject(claimed: unknown): claimed is Readonly<Record<string, unknown>> {
  return typeof claimed === 'object' && claimed !== null && !Array.isArray(claimed)
}

/** The words, and that STS has this code for it, are a choice. */
function malformed(): AwsError {
  return new AwsError('InvalidIdentityToken', 'The session tags in the token are malformed')
}
