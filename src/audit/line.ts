/**
 * A record as one line of JSON, whatever clients put into it: long texts are cut, and what cannot be seen is escaped, so
 * that nothing in it ends the line, colours a terminal or turns the direction of what follows.
 */
export function lineOf(record: object): string {
  const text = JSON.stringify(record, (key, value: unknown) =>
    typeof value === 'string' ? cut(value, proven.has(key) ? 1000 : 200) : value,
  )
  return `${text.replace(unseen, escaped)}\n`
}

/** Not what a client made up: a subject has up to 255 characters (OpenID Connect Core, 2), a user's ARN more than 600. */
const proven: ReadonlySet<string> = new Set(['name', 'issuer', 'awsIdentity'])

/**
 * Beside the controls below U+0020, which JSON escapes: those above U+007E, what formats (directions, joiners, tags) and
 * separators of lines and paragraphs.
 */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`
}

/** As JSON has it: each half of a surrogate pair by itself. */
function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`
  }).join('')
}
