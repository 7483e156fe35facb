import { X509Certificate } from 'node:crypto'
import { builder } from './builder.ts'

const dayInMilliseconds = 86_400_000

/** Null where the body is no certificate that OpenSSL can read. */
export function parseX509(certificateBody: string): X509Certificate | null {
  try {
    const certificate = new X509Certificate(certificateBody)
    // OpenSSL puts off reading the key and the dates; what it cannot read then is not read at all.
    const readable = certificate.publicKey && isDate(certificate.validFrom) && isDate(certificate.validTo)
    return readable ? certificate : null
  } catch {
    return null
  }
}

function isDate(text: string): boolean {
  return !Number.isNaN(Date.parse(text))
}

/** OpenSSL writes `Jan  2 03:04:05 2027 GMT`, which Date reads; `validToDate` is not there before Node 22. */
export function notAfter(certificate: X509Certificate): Date {
  return new Date(certificate.validTo)
}

export const X509CertificateRef = builder.objectRef<X509Certificate>('X509Certificate').implement({
  description: 'What a certificate says of itself. Nothing of it is verified.',
  fields: t => ({
    subject: t.string({
      description: 'One line, RFC 4514: the most specific part first.',
      resolve: ({ subject }) => oneLine(subject),
    }),
    issuer: t.string({ description: 'As `subject`.', resolve: ({ issuer }) => oneLine(issuer) }),
    serialNumber: t.exposeString('serialNumber', { description: 'Hexadecimal, upper case, no colons.' }),
    notBefore: t.field({
      type: 'DateTime',
      description: 'Valid from.',
      resolve: ({ validFrom }) => new Date(validFrom),
    }),
    notAfter: t.field({ type: 'DateTime', description: 'Valid until.', resolve: notAfter }),
    isExpired: t.boolean({
      description: 'Whether `notAfter` is past. IAM does not look at it once a certificate is uploaded.',
      resolve: certificate => notAfter(certificate).getTime() < Date.now(),
    }),
    daysUntilExpiry: t.int({
      description: 'Whole days until `notAfter`; negative once past.',
      resolve: certificate => Math.floor((notAfter(certificate).getTime() - Date.now()) / dayInMilliseconds),
    }),
    sha256Fingerprint: t.string({
      description: 'SHA-256 of the DER: hexadecimal, upper case, no colons.',
      resolve: ({ fingerprint256 }) => fingerprint256.replaceAll(':', ''),
    }),
    publicKeyAlgorithm: t.string({
      description: '`RSA`, `RSA-PSS`, `EC`, `DSA`, `Ed25519`, `Ed448`, … as OpenSSL names it.',
      resolve: ({ publicKey: { asymmetricKeyType = 'unknown' } }) =>
        algorithmNames.get(asymmetricKeyType) ?? asymmetricKeyType,
    }),
    publicKeySize: t.int({
      nullable: true,
      description: "Bits: RSA's modulus or the EC curve's size; null for any other key.",
      resolve: ({ publicKey: { asymmetricKeyDetails } }) =>
        asymmetricKeyDetails?.namedCurve === undefined
          ? (asymmetricKeyDetails?.modulusLength ?? null)
          : curveSize(asymmetricKeyDetails.namedCurve),
    }),
  }),
})

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
