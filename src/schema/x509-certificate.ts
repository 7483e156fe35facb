import type { X509Certificate } from '../iam/x509-certificate.ts'
import { builder } from './builder.ts'

const dayInMilliseconds = 86_400_000

export const X509CertificateRef = builder.objectRef<X509Certificate>('X509Certificate').implement({
  description: 'What a certificate says of itself. Nothing of it is verified.',
  fields: t => ({
    subject: t.exposeString('subject', { description: 'One line, RFC 4514: the most specific part first.' }),
    issuer: t.exposeString('issuer', { description: 'As `subject`.' }),
    serialNumber: t.exposeString('serialNumber', { description: 'Hexadecimal, upper case, no colons.' }),
    notBefore: t.field({
      type: 'DateTime',
      description: 'Valid from.',
      resolve: ({ notBefore }) => new Date(notBefore),
    }),
    notAfter: t.field({
      type: 'DateTime',
      description: 'Valid until.',
      resolve: ({ notAfter }) => new Date(notAfter),
    }),
    isExpired: t.boolean({
      description: 'Whether `notAfter` is past. IAM does not look at it once a certificate is uploaded.',
      resolve({ notAfter }, _args, { operation }) {
        const isExpired = notAfter < Date.now()
        if (!isExpired) operation.answerHoldsUntil(notAfter)
        return isExpired
      },
    }),
    daysUntilExpiry: t.int({
      description: 'Whole days until `notAfter`; negative once past.',
      resolve({ notAfter }, _args, { operation }) {
        const days = Math.floor((notAfter - Date.now()) / dayInMilliseconds)
        operation.answerHoldsUntil(notAfter - days * dayInMilliseconds)
        return days
      },
    }),
    sha256Fingerprint: t.exposeString('sha256Fingerprint', {
      description: 'SHA-256 of the DER: hexadecimal, upper case, no colons.',
    }),
    publicKeyAlgorithm: t.exposeString('publicKeyAlgorithm', {
      description: '`RSA`, `RSA-PSS`, `EC`, `DSA`, `Ed25519`, `Ed448`, … as OpenSSL names it.',
    }),
    publicKeySize: t.exposeInt('publicKeySize', {
      nullable: true,
      description: "Bits: RSA's modulus or the EC curve's size; null for any other key.",
    }),
  }),
})
