import { describe, expect, test } from 'vitest'
import { assumedRoleArn, chooseRole, sessionName } from '../../src/iam/role.ts'
import type { Token } from '../../src/principal.ts'
import { aToken } from './token.ts'

const reader = 'arn:aws:iam::111111111111:role/team/reader'
const admin = 'arn:aws:iam::111111111111:role/admin'
const elsewhere = 'arn:aws:iam::222222222222:role/admin'
const roles = [reader, admin, elsewhere]

describe('a caller’s role', () => {
  test('is the only one where no claim names it', () => {
    expect(chooseRole(aToken(), { roles: [reader], claim: undefined })).toBe(reader)
  })

  test.each([
    ['its ARN', reader, reader],
    ['its bare name, without the path', 'reader', reader],
    ['the ARN where the bare name is that of several', admin, admin],
    ['a list with one that is allowed', ['other', 'reader', 17], reader],
    ['a list that names the same one twice', ['reader', reader], reader],
  ])('is named by %s', (_how, value, expected) => {
    expect(chooseRole(aToken({ claims: { role: value } }), { roles, claim: 'role' })).toBe(expected)
  })

  test.each([
    ['nothing', undefined],
    ['another role', 'arn:aws:iam::111111111111:role/other'],
    ['the name of one in another account’s ARN', 'arn:aws:iam::333333333333:role/admin'],
    ['a name in other letters', 'Reader'],
    ['a part of its path', 'team/reader'],
    ['an empty text', ''],
    ['an object', { reader: true }],
    ['a list in a list', [['reader']]],
  ])('is refused where the claim names %s', (_what, value) => {
    const token = aToken({ claims: value === undefined ? {} : { role: value } })
    expect(() => chooseRole(token, { roles, claim: 'role' })).toThrow(
      expect.objectContaining({
        code: 'ROLE_REFUSED',
        message: "The token's claim role names no role that its caller may have.",
        extensions: { code: 'ROLE_REFUSED', http: { status: 403 } },
      }),
    )
  })

  test.each([
    ['a bare name of several', 'admin'],
    ['a list of two that are allowed', ['reader', elsewhere]],
  ])('is refused where the claim names %s', (_what, value) => {
    expect(() => chooseRole(aToken({ claims: { role: value } }), { roles, claim: 'role' })).toThrow('several roles')
  })

  const byPath = (claims: Token['claims'], claim: string) => chooseRole(aToken({ claims }), { roles, claim })

  test.each([
    ['within another', { app: { roles: ['reader'] } }, 'app.roles'],
    ['named by an address', { 'https://a.example.com/role': 'reader' }, 'https://a.example.com/role'],
    ['by the name before the path', { 'a.b': 'reader', a: { b: admin } }, 'a.b'],
  ])('is named in a claim %s', (_where, claims, claim) => {
    expect(byPath(claims, claim)).toBe(reader)
  })

  test.each(['app.roles', 'role.length', 'constructor.name', '__proto__.constructor.name'])(
    'is refused where nothing is at the path %s',
    claim => {
      expect(() => byPath({ role: 'reader', app: null }, claim)).toThrow('names no role')
    },
  )

  test('is refused by a claim that nobody made, also where there is but one', () => {
    const inherited = { roles: ['arn:aws:iam::111111111111:role/Object'], claim: 'constructor' }
    expect(() => chooseRole(aToken(), inherited)).toThrow('names no role')
  })
})

describe('a session’s name', () => {
  test.each(['al', 'alice@example.com', 'a+b=c,d.e_f-g', 'x'.repeat(64)])('is the subject: %s', subject => {
    expect(sessionName({ issuer: 'https://one', subject })).toBe(subject)
  })

  test.each([
    ['auth0|alice', /^auth0-alice-[0-9a-f]{16}$/],
    ['a', /^a-[0-9a-f]{16}$/],
    ['', /^-[0-9a-f]{16}$/],
    ['x'.repeat(65), /^x{47}-[0-9a-f]{16}$/],
    ['a\nb é', /^a-b---[0-9a-f]{16}$/],
    ['ends-like-one-0123456789abcdef', /^ends-like-one-0123456789abcdef-[0-9a-f]{16}$/],
  ])('is made of the subject %j where IAM would not take it, or it might be another’s', (subject, expected) => {
    const name = sessionName({ issuer: 'https://one', subject })
    expect(name).toMatch(expected)
    expect(name).toMatch(/^[\w+=,.@-]{2,64}$/)
  })

  test('differs where the subjects do, or their issuers', () => {
    const long = 'x'.repeat(100)
    const names = [
      { issuer: 'https://one', subject: 'auth0|alice' },
      { issuer: 'https://one', subject: 'auth0-alice' },
      { issuer: 'https://one', subject: 'auth0/alice' },
      { issuer: 'https://other', subject: 'auth0|alice' },
      { issuer: 'https://one', subject: `${long}1` },
      { issuer: 'https://one', subject: `${long}2` },
    ].map(sessionName)
    expect(new Set(names).size).toBe(names.length)
  })
})

test('an assumed role is named without its path, in its partition', () => {
  expect(assumedRoleArn('arn:aws-cn:iam::111111111111:role/a/b/reader', 'alice')).toBe(
    'arn:aws-cn:sts::111111111111:assumed-role/reader/alice',
  )
})
