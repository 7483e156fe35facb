import { describe, expect, test } from 'vitest'
import { createX509Reader, parseX509, type X509ReaderOptions } from '../../src/iam/x509-certificate.ts'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { type Data, startTestGateway } from '../gateway.ts'

const ann = { certificateId: 'ANN', certificateBody: mintCertificate({ subject: { CN: 'ann' } }) }
const ben = { certificateId: 'BEN', certificateBody: mintCertificate({ subject: { CN: 'ben' } }) }
const bad = { certificateId: 'BAD', certificateBody: 'no certificate' }

describe('a certificate', () => {
  test('is parsed once, as long as its id is remembered', () => {
    const { reader, parsed } = countingReader()
    const read = [reader.read(ann), reader.read(ben), reader.read({ ...ann }), reader.read(ben)]
    expect(read.map(certificate => certificate?.subject)).toEqual(['CN=ann', 'CN=ben', 'CN=ann', 'CN=ben'])
    expect(parsed).toEqual([ann.certificateBody, ben.certificateBody])
  })

  test('that cannot be parsed is not tried again', () => {
    const { reader, parsed } = countingReader()
    expect([reader.read(bad), reader.read(bad)]).toEqual([null, null])
    expect(parsed).toEqual([bad.certificateBody])
  })

  test('gives way to others when there are too many, the longest unread first', () => {
    const { reader, parsed } = countingReader({ max: 2 })
    for (const certificate of [ann, ben, ann, bad, ann, ben]) reader.read(certificate)
    expect(parsed).toEqual([ann, ben, bad, ben].map(({ certificateBody }) => certificateBody))
  })

  test('cannot be changed by whoever reads it', () => {
    expect(Object.isFrozen(createX509Reader().read(ann))).toBe(true)
  })
})

test('a gateway reads each certificate once: what it shows again is what it has read', async () => {
  await using gateway = await startTestGateway('--sandbox-users=2', '--cache-ttl=0')
  const list = async (): Promise<Data> => {
    const { data } = await gateway.ask(`{
      user(userName: "alice") { signingCertificates { nodes { certificateId certificateBody x509 { subject } } } }
    }`)
    return data.user.signingCertificates.nodes
  }
  const [first, second] = await list()
  expect(first.x509).not.toEqual(second.x509)
  const fault = gateway.sandbox.fault({
    action: 'ListSigningCertificates',
    answer: { status: 200, contentType: 'text/xml', body: otherBody(first.certificateId) },
  })
  expect(await list()).toMatchObject([{ certificateBody: 'no certificate', x509: first.x509 }])
  fault()
  expect(await list()).toEqual([first, second])
})

function countingReader(options: X509ReaderOptions = {}) {
  const parsed: string[] = []
  const parse = (body: string) => {
    parsed.push(body)
    return parseX509(body)
  }
  return { parsed, reader: createX509Reader({ ...options, parse }) }
}

/** What no IAM does, to tell reading again from remembering: the same id, and nothing to read under it. */
function otherBody(certificateId: string): string {
  const member = [
    '<UserName>alice</UserName>',
    `<CertificateId>${certificateId}</CertificateId>`,
    '<CertificateBody>no certificate</CertificateBody>',
    '<Status>Active</Status><UploadDate>2026-01-01T00:00:00Z</UploadDate>',
  ].join('')
  const result = `<IsTruncated>false</IsTruncated><Certificates><member>${member}</member></Certificates>`
  return `<ListSigningCertificatesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListSigningCertificatesResult>${result}</ListSigningCertificatesResult></ListSigningCertificatesResponse>`
}
