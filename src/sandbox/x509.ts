import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import {
  bitString,
  explicit,
  ia5String,
  identifier,
  integer,
  nothing,
  printableString,
  sequence,
  set,
  time,
  utf8String,
} from './der.ts'

export type KeyType = 'ec' | 'p256' | 'p384' | 'rsa' | 'rsa1024' | 'ed25519'

export interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** Attribute type (`CN`, `O`, … or a dotted object identifier) to value. More than one make a multi-valued RDN. */
export type Rdn = Readonly<Record<string, string>>

export interface CertificateTemplate {
  /** A record is one RDN an attribute; an array says the RDNs, most general first. Default `{ CN: 'sandbox' }`. */
  readonly subject?: Rdn | readonly Rdn[]
  /** Default: a day ago. */
  readonly notBefore?: Date
  /** Default: in a year. */
  readonly notAfter?: Date
  /** A type makes a new key (`ec` is P-256, `rsa` has 2048 bits); making RSA keys takes long, so a pair can be reused. */
  readonly key?: KeyType | KeyPair
  /** Default: random. */
  readonly serial?: bigint
}

const DAY = 86_400_000

/** A self-signed X.509 v3 certificate as PEM. */
export function mintCertificate(template: CertificateTemplate = {}): string {
  return toPem(mintDer(template))
}

export function mintDer(template: CertificateTemplate = {}): Buffer {
  const { subject = { CN: 'sandbox' }, key = 'ec', serial = randomSerial() } = template
  const { notBefore = new Date(Date.now() - DAY), notAfter = new Date(Date.now() + 365 * DAY) } = template
  const pair = typeof key === 'string' ? createKeyPair(key) : key
  const { algorithm, digest } = signatureAlgorithm(pair.privateKey)
  const distinguishedName = name(Array.isArray(subject) ? subject : rdns(subject as Rdn))
  const toBeSigned = sequence(
    explicit(0, integer(2n)),
    integer(serial),
    algorithm,
    distinguishedName,
    sequence(time(notBefore), time(notAfter)),
    distinguishedName,
    publicKeyInfo(pair.publicKey),
  )
  return sequence(toBeSigned, algorithm, bitString(sign(digest, toBeSigned, pair.privateKey)))
}

export function toPem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

export function createKeyPair(type: KeyType): KeyPair {
  switch (type) {
    case 'ec':
    case 'p256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    case 'p384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' })
    case 'rsa':
      return generateKeyPairSync('rsa', { modulusLength: 2048 })
    case 'rsa1024':
      return generateKeyPairSync('rsa', { modulusLength: 1024 })
    case 'ed25519':
      return generateKeyPairSync('ed25519')
  }
}

/** 127 random bits, the first of them set: positive and always 16 bytes (RFC 5280, 4.1.2.2 allows 20). */
function randomSerial(): bigint {
  return BigInt.asUintN(127, BigInt(`0x${randomBytes(16).toString('hex')}`)) | (1n << 126n)
}

interface SignatureAlgorithm {
  readonly algorithm: Buffer
  readonly digest: string | null
}

function signatureAlgorithm(key: KeyObject): SignatureAlgorithm {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return { algorithm: sequence(identifier('1.2.840.113549.1.1.11'), nothing()), digest: 'sha256' }
    case 'ec':
      return key.asymmetricKeyDetails?.namedCurve === 'secp384r1'
        ? { algorithm: sequence(identifier('1.2.840.10045.4.3.3')), digest: 'sha384' }
        : { algorithm: sequence(identifier('1.2.840.10045.4.3.2')), digest: 'sha256' }
    case 'ed25519':
      return { algorithm: sequence(identifier('1.3.101.112')), digest: null }
    default:
      throw new TypeError(`Expected an RSA, EC or Ed25519 key, got ${key.asymmetricKeyType}`)
  }
}

const attributeTypes: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SN: '2.5.4.4',
  SERIALNUMBER: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  STREET: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  T: '2.5.4.12',
  GN: '2.5.4.42',
  UID: '0.9.2342.19200300.100.1.1',
  DC: '0.9.2342.19200300.100.1.25',
  emailAddress: '1.2.840.113549.1.9.1',
}

function rdns(subject: Rdn): Rdn[] {
  return Object.entries(subject).map(([type, value]) => ({ [type]: value }))
}

function name(relative: readonly Rdn[]): Buffer {
  return sequence(...relative.map(rdn => set(...Object.entries(rdn).map(([type, value]) => attribute(type, value)))))
}

function attribute(type: string, value: string): Buffer {
  const dotted = /^\d+(\.\d+)+$/.test(type) ? type : attributeTypes[type]
  if (dotted === undefined) {
    throw new TypeError(`Expected a dotted object identifier or one of ${Object.keys(attributeTypes)}, got ${type}`)
  }
  return sequence(identifier(dotted), attributeValue(type, value))
}

/** RFC 5280, appendix A.1: country and serial number are printable strings, domain parts and e-mail addresses IA5. */
function attributeValue(type: string, value: string): Buffer {
  if (type === 'C' || type === 'SERIALNUMBER') return printableString(value)
  if (type === 'DC' || type === 'emailAddress') return ia5String(value)
  return utf8String(value)
}

const exported = new WeakMap<KeyObject, Buffer>()

/** Remembered by key: exporting costs as much as signing, and seeding signs thousands of times with a few keys. */
function publicKeyInfo(key: KeyObject): Buffer {
  const known = exported.get(key)
  if (known !== undefined) return known
  const info = key.export({ type: 'spki', format: 'der' })
  exported.set(key, info)
  return info
}
