/** As much of DER (X.690) as a certificate needs: each function makes one whole element, tag and length included. */

export const sequence = (...elements: readonly Uint8Array[]): Buffer => element(0x30, Buffer.concat(elements))
export const set = (...elements: readonly Uint8Array[]): Buffer =>
  element(0x31, Buffer.concat([...elements].sort(Buffer.compare)))
export const explicit = (tag: number, content: Uint8Array): Buffer => element(0xa0 | tag, content)
export const utf8String = (text: string): Buffer => element(0x0c, Buffer.from(text, 'utf8'))
export const printableString = (text: string): Buffer => element(0x13, Buffer.from(text, 'latin1'))
export const ia5String = (text: string): Buffer => element(0x16, Buffer.from(text, 'latin1'))
export const nothing = (): Buffer => element(0x05, Buffer.alloc(0))

/** A bit string of whole bytes: the zero in front counts the unused bits. */
export const bitString = (content: Uint8Array): Buffer => element(0x03, Buffer.concat([Buffer.of(0), content]))

/** A non-negative integer: a leading zero byte keeps the sign bit clear. */
export function integer(value: bigint): Buffer {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return element(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes)
}

/** An object identifier from its dotted form. */
export function identifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return element(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)))
}

/** RFC 5280, 4.1.2.5: UTCTime (two-digit year) from 1950 through 2049, GeneralizedTime outside. */
export function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/\.\d+/, '').replace(/[-:T]/g, '')
  const year = date.getUTCFullYear()
  return year >= 1950 && year < 2050
    ? element(0x17, Buffer.from(digits.slice(2), 'latin1'))
    : element(0x18, Buffer.from(digits, 'latin1'))
}

function element(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag, ...length(content.length)]), content])
}

function length(bytes: number): number[] {
  if (bytes < 0x80) return [bytes]
  const digits: number[] = []
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256)
  return [0x80 | digits.length, ...digits]
}

function base128(value: number): number[] {
  const digits = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift((rest % 128) | 0x80)
  return digits
}
