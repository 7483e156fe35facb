import { createHash, X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { openAccount } from '../account.ts'
import { startTestGateway } from '../gateway.ts'

const day = 86_400_000

test('a certificate says of itself what OpenSSL reads in it', async () => {
  const notBefore = new Date('2026-01-02T03:04:05Z')
  const notAfter = new Date('2046-01-02T03:04:05Z')
  const x509 = await shown({
    subject: [{ C: 'US' }, { O: 'Example Corp' }, { CN: 'ann' }],
    notBefore,
    notAfter,
    serial: 0xabcdefn,
  })
  expect(x509.details).toEqual({
    subject: 'CN=ann,O=Example Corp,C=US',
    issuer: 'CN=ann,O=Example Corp,C=US',
    serialNumber: 'ABCDEF',
    notBefore: '2026-01-02T03:04:05.000Z',
    notAfter: '2046-01-02T03:04:05.000Z',
    isExpired: false,
    daysUntilExpiry: Math.floor((notAfter.getTime() - Date.now()) / day),
    sha256Fingerprint: createHash('sha256').update(new X509Certificate(x509.body).raw).digest('hex').toUpperCase(),
    publicKeyAlgorithm: 'EC',
    publicKeySize: 256,
  })
})

test.each([
  ['rsa1024', 'RSA', 1024],
  ['p384', 'EC', 384],
  ['ed25519', 'Ed25519', null],
] as const)('a key of type %s is %s of %s bits', async (key, publicKeyAlgorithm, publicKeySize) => {
  expect((await shown({ key })).details).toMatchObject({ publicKeyAlgorithm, publicKeySize })
})

test.each([
  ['escapes what RFC 4514 escapes', [{ CN: 'a,b+c"d\\e<f>g;h' }], String.raw`CN=a\,b\+c\"d\\e\<f\>g\;h`],
  ['escapes a leading hash and a trailing space', [{ O: '#a' }, { CN: 'b ' }], String.raw`CN=b\ ,O=\#a`],
  ['joins a multi-valued part with a plus', [{ C: 'US' }, { CN: 'a', OU: 'b' }], /^(CN=a\+OU=b|OU=b\+CN=a),C=US$/],
  ['keeps a plus inside a value apart from it', [{ CN: 'a + OU=b' }], String.raw`CN=a \+ OU=b`],
  ['keeps other scripts as they are', [{ CN: 'Žofie Łęcka 李' }], 'CN=Žofie Łęcka 李'],
])('a subject %s', async (_name, subject, expected) => {
  const { details } = await shown({ subject })
  if (expected instanceof RegExp) expect(details.subject).toMatch(expected)
  else expect(details.subject).toBe(expected)
})

test('a certificate that is past says so, in negative days', async () => {
  await using gateway = await startTestGateway('--sandbox-users=300')
  const { data } = await gateway.ask(
    '{ users(first: 300) { nodes { signingCertificates { nodes { x509 { isExpired daysUntilExpiry notAfter } } } } } }',
  )
  type Row = { x509: { isExpired: boolean; daysUntilExpiry: number; notAfter: string } }
  const all: Row[] = data.users.nodes.flatMap(
    (user: { signingCertificates: { nodes: Row[] } }) => user.signingCertificates.nodes,
  )
  const past = all.filter(({ x509 }) => new Date(x509.notAfter).getTime() < Date.now())
  expect(past.length).toBeGreaterThan(0)
  expect(past.length).toBeLessThan(all.length)
  for (const { x509 } of all)
    expect([x509.isExpired, x509.daysUntilExpiry < 0]).toEqual(
      past.some(row => row.x509 === x509) ? [true, true] : [false, false],
    )
})

test.each([
  ['a date that is none', [0x17, 0x0d], '991399000000Z', 2],
  ['a curve that nobody knows', [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], '\u0063', 7],
])('a certificate with %s has no details, and is no error', async (_name, bytes, replacement, offset) => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  const der = Buffer.from(mintCertificate().replace(/-----[^-]*-----/g, ''), 'base64')
  const at = der.indexOf(Buffer.from(bytes))
  expect(at).toBeGreaterThan(0)
  der.write(replacement, at + offset, 'latin1')
  const body = `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
  const { data, errors } = await gateway.ask(
    `mutation ($body: String!) { uploadSigningCertificate(input: { certificateBody: $body }) {
      ... on UploadSigningCertificatePayload { signingCertificate { status x509 { notBefore publicKeyAlgorithm } } }
    } }`,
    { body },
  )
  expect(errors).toBeUndefined()
  expect(data.uploadSigningCertificate.signingCertificate).toEqual({ status: 'ACTIVE', x509: null })
})

test('a body that cannot be parsed has no details, and is no error', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  const body =
    '<ListSigningCertificatesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListSigningCertificatesResult><IsTruncated>false</IsTruncated><Certificates><member><UserName>gateway</UserName><CertificateId>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA</CertificateId><CertificateBody>no certificate</CertificateBody><Status>Active</Status><UploadDate>2026-01-01T00:00:00Z</UploadDate></member></Certificates></ListSigningCertificatesResult></ListSigningCertificatesResponse>'
  gateway.sandbox.fault({ action: 'ListSigningCertificates', answer: { status: 200, contentType: 'text/xml', body } })
  const { data, errors } = await gateway.ask(
    '{ viewer { signingCertificates { nodes { certificateBody x509 { subject } } } } }',
  )
  expect(data.viewer.signingCertificates.nodes).toEqual([{ certificateBody: 'no certificate', x509: null }])
  expect(errors).toBeUndefined()
})

async function shown(template: Parameters<typeof mintCertificate>[0]) {
  await using gateway = await startTestGateway('--sandbox-users=0')
  using account = openAccount(gateway.sandbox)
  await account.certificate('gateway', template)
  const { data } = await gateway.ask(`{ viewer { signingCertificates { nodes { certificateBody x509 {
    subject issuer serialNumber notBefore notAfter isExpired daysUntilExpiry sha256Fingerprint publicKeyAlgorithm publicKeySize
  } } } } }`)
  const [{ certificateBody, x509 }] = data.viewer.signingCertificates.nodes
  return { body: certificateBody, details: x509 }
}
