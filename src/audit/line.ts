/**
 * A record as one line of JSON, whatever clients put into it: long texts are cut, and what cannot be seen is escaped, so
 * that nothing in it ends the line, colours a terminal or turns the direction of what follows.
 */
export function lineOf(record: object): string {
  const text = JSON.stringify(record, (key, value: unknown) =>
    typeof value === 'string' ? cut(value, mostOf.get(key) ?? 200) : value,
  )
  return `${visible(text)}\n`
}

/**
 * Not what a client made up: a subject has up to 255 characters (OpenID Connect Core, 2), a user's ARN more than 600. And
 * what anybody may make up without a token.
 */
const mostOf: ReadonlyMap<string, number> = new Map([
  ['name', 1000],
  ['issuer', 1000],
  ['awsIdentity', 1000],
  ['forwardedFor', 100],
])

/** By the characters that stand in the line: one that cannot be seen is up to twelve of them. */
function cut(text: string, most: number): string {
  if (text.length <= most && writtenLength(text) <= most) return text
  let length = 0
  let end = 0
  for (const character of text) {
    length += writtenLength(character)
    if (length > most) break
    end += character.length
  }
  return `${text.slice(0, end)}…`
}

function writtenLength(text: string): number {
  return visible(JSON.stringify(text)).length - '""'.length
}

function visible(json: string): string {
  return json.replace(unseen, escaped)
}

/**
 * Beside the controls below U+0020, which JSON escapes: those above U+007E, what formats (directions, joiners, tags) and
 * separators of lines and paragraphs.
 */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** As JSON has it: each half of a surrogate pair by itself. */
function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`
  }).join('')
}
