import { X509Certificate as NativeX509Certificate } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { SigningCertificate } from './model.ts'

/** What a certificate says of itself; times in milliseconds since 1970. */
export interface X509Certificate {
  /** One line, RFC 4514. */
  readonly subject: string
  readonly issuer: string
  readonly serialNumber: string
  readonly notBefore: number
  readonly notAfter: number
  readonly sha256Fingerprint: string
  readonly publicKeyAlgorithm: string
  /** In bits. */
  readonly publicKeySize: number | null
}

export interface X509Reader {
  /** Null where the body is no certificate that OpenSSL can read. */
  read(certificate: Pick<SigningCertificate, 'certificateId' | 'certificateBody'>): X509Certificate | null
}

export interface X509ReaderOptions {
  /** Most certificates that are remembered. Default 10,000: an account has 5,000 users with two each (IAM.md, D). */
  readonly max?: number
  readonly parse?: (certificateBody: string) => X509Certificate | null
}

/**
 * Reads each certificate once: it takes a fifth of a millisecond, and its id says what is in it, for the id is made of
 * the DER (IAM.md, B). Plain objects are remembered, not OpenSSL's, whose memory the heap does not see.
 */
export function createX509Reader({ max = 10_000, parse = parseX509 }: X509ReaderOptions = {}): X509Reader {
  const known = new LRUCache<string, { readonly read: X509Certificate | null }>({ max })
  return {
    read({ certificateId, certificateBody }) {
      const remembered = known.get(certificateId)
      if (remembered) return remembered.read
      const read = parse(certificateBody)
      known.set(certificateId, { read })
      return read
    },
  }
}

/** Null where the body is no certificate that OpenSSL can read. */
export function parseX509(certificateBody: string): X509Certificate | null {
  try {
    return plain(new NativeX509Certificate(certificateBody))
  } catch {
    return null
  }
}

/** OpenSSL puts off reading the key and the dates; what it cannot read then is not read at all. */
function plain(certificate: NativeX509Certificate): X509Certificate | null {
  const { publicKey, subject, issuer, serialNumber, fingerprint256 } = certificate
  // `Jan  2 03:04:05 2027 GMT`, which Date reads; `validToDate` is not there before Node 22.
  const notBefore = Date.parse(certificate.validFrom)
  const notAfter = Date.parse(certificate.validTo)
  if (Number.isNaN(notBefore) || Number.isNaN(notAfter)) return null
  const { asymmetricKeyType = 'unknown', asymmetricKeyDetails: { namedCurve, modulusLength } = {} } = publicKey
  return Object.freeze({
    subject: oneLine(subject),
    issuer: oneLine(issuer),
    serialNumber,
    notBefore,
    notAfter,
    sha256Fingerprint: fingerprint256.replaceAll(':', ''),
    publicKeyAlgorithm: algorithmNames.get(asymmetricKeyType) ?? asymmetricKeyType,
    publicKeySize: namedCurve === undefined ? (modulusLength ?? null) : curveSize(namedCurve),
  })
}

const algorithmNames = new Map([
  ['rsa', 'RSA'],
  ['rsa-pss', 'RSA-PSS'],
  ['ec', 'EC'],
  ['dsa', 'DSA'],
  ['ed25519', 'Ed25519'],
  ['ed448', 'Ed448'],
])

/**
 * Node writes a name as OpenSSL's multi-line form, values escaped by RFC 2253: a line for each part in the order of the
 * DER, ` + ` inside a multi-valued one. RFC 4514 wants one line, last part first. A plus inside a value is escaped, so
 * the bare one is always the separator.
 */
function oneLine(name: string | undefined): string {
  return (name ?? '')
    .split('\n')
    .reverse()
    .map(part => part.replaceAll(' + ', '+'))
    .join(',')
}

/** Every curve that OpenSSL knows has its size in its name: prime256v1, secp384r1, brainpoolP512r1, sect571k1. */
function curveSize(namedCurve: string): number | null {
  const [size] = /\d{3}/.exec(namedCurve) ?? []
  return size === undefined ? null : Number(size)
}
