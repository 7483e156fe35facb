import { createHash, randomInt } from 'node:crypto'

/** Returns an integer in [0, limit). */
export type Choose = (limit: number) => number

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** AWS's unique ids: four letters that say the type, and `[A-Z2-7]` up to 20 or 21 characters (IAM.md, grades B and C). */
export function uniqueId(prefix: string, length: number, choose: Choose = randomInt): string {
  return prefix + characters(BASE32, length, choose)
}

export function secretText(length: number, choose: Choose = randomInt): string {
  return characters(BASE64, length, choose)
}

/** IAM's CertificateId: Base32 of the SHA-1 of the certificate's DER (IAM.md, grade B). 160 bits are 32 characters. */
export function certificateId(der: Uint8Array): string {
  const bits = [...createHash('sha1').update(der).digest()].map(byte => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{5}/g) ?? []).map(digit => BASE32.charAt(Number.parseInt(digit, 2))).join('')
}

function characters(alphabet: string, length: number, choose: Choose): string {
  return Array.from({ length }, () => alphabet.charAt(choose(alphabet.length))).join('')
}
