import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createKeyPair, mintCertificate } from '../../src/sandbox/x509.ts'

const parse = (...template: Parameters<typeof mintCertificate>) => new X509Certificate(mintCertificate(...template))

describe('a minted certificate', () => {
  test.each([
    ['ec', 'ec', { namedCurve: 'prime256v1' }],
    ['p256', 'ec', { namedCurve: 'prime256v1' }],
    ['p384', 'ec', { namedCurve: 'secp384r1' }],
    ['rsa', 'rsa', { modulusLength: 2048 }],
    ['rsa1024', 'rsa', { modulusLength: 1024 }],
    ['ed25519', 'ed25519', {}],
  ] as const)('with a key of type %s is one, signed by itself', (key, type, details) => {
    const certificate = parse({ key })
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.checkIssued(certificate)).toBe(true)
    expect(certificate.publicKey.asymmetricKeyType).toBe(type)
    expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject(details)
  })

  test('can be of a given key', () => {
    const key = createKeyPair('ec')
    expect(parse({ key }).publicKey.equals(key.publicKey)).toBe(true)
  })

  test('says the subject given, one attribute an RDN', () => {
    const { subject, issuer } = parse({ subject: { C: 'DE', O: 'Müller & Söhne', CN: '株式会社' } })
    expect(subject).toBe('C=DE\nO=Müller & Söhne\nCN=株式会社')
    expect(issuer).toBe(subject)
  })

  test('can have RDNs of several values, and attributes by object identifier', () => {
    const { subject } = parse({ subject: [{ DC: 'org' }, { O: 'a', OU: 'b' }, { '1.2.840.113549.1.9.1': 'x@y' }] })
    expect(subject).toBe('DC=org\nO=a + OU=b\nemailAddress=x@y')
    expect(() => mintCertificate({ subject: { XX: 'y' } })).toThrow('Expected a dotted object identifier or one of CN,')
  })

  test.each([
    ['1949-12-31T23:59:59.000Z', '1950-01-01T00:00:00.000Z'],
    ['2026-02-03T04:05:06.000Z', '2049-12-31T23:59:59.000Z'],
    ['2049-12-31T23:59:59.000Z', '2050-01-01T00:00:00.000Z'],
  ])('is valid from %s to %s', (from, to) => {
    const { validFrom, validTo } = parse({ notBefore: new Date(from), notAfter: new Date(to) })
    expect([validFrom, validTo].map(date => new Date(date).toISOString())).toEqual([from, to])
  })

  test.each([0n, 1n, 0x7fn, 0x80n, 0xff00n, 2n ** 158n])('has the serial number %s', serial => {
    expect(BigInt(`0x${parse({ serial }).serialNumber}`)).toBe(serial)
  })

  test('has another serial number each time', () => {
    const key = createKeyPair('ec')
    const serials = new Set(Array.from({ length: 50 }, () => parse({ key }).serialNumber))
    expect(serials.size).toBe(50)
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/)
  })
})
