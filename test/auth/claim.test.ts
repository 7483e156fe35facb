import type { JWTPayload } from 'jose'
import { describe, expect, test } from 'vitest'
import { scopesOf } from '../../src/auth/claim.ts'

describe('the scopes of a token', () => {
  test.each<[string, JWTPayload, string, string, readonly string[]]>([
    ['between spaces', { scope: 'read write' }, 'scope', '', ['read', 'write']],
    ['in a list', { scp: ['watch', 'introspect'] }, 'scp', '', ['watch', 'introspect']],
    ['that we do not know are for others', { scope: 'openid read admin' }, 'scope', '', ['read']],
    ['are ours to the letter', { scope: 'READ reads write, watch' }, 'scope', '', ['watch']],
    ['are ours with the prefix alone', { scope: 'iam:read write other:watch' }, 'scope', 'iam:', ['read']],
    ['may have a prefix like an address', { scope: 'api://gateway/read' }, 'scope', 'api://gateway/', ['read']],
    ['in a claim within another', { realm_access: { roles: ['read'] } }, 'realm_access.roles', '', ['read']],
    ['in a claim three deep', { a: { b: { c: 'read' } } }, 'a.b.c', '', ['read']],
    [
      'in a claim named by an address',
      { 'https://a.example.com/scopes': 'read' },
      'https://a.example.com/scopes',
      '',
      ['read'],
    ],
    ['by the name before the path', { 'a.b': 'read', a: { b: 'write' } }, 'a.b', '', ['read']],
    ['are none without the claim', { scp: 'read' }, 'scope', '', []],
    ['are none in an empty text', { scope: '' }, 'scope', '', []],
    ['are none in another value', { scope: { read: true } }, 'scope', '', []],
    ['are none in a number', { scope: 7 }, 'scope', '', []],
    ['are none in null on the way', { a: null }, 'a.b', '', []],
    [
      'are no texts in a list of other values',
      { scope: [7, null, ['read'], { read: 1 }, 'write'] },
      'scope',
      '',
      ['write'],
    ],
  ])('%s', (_what, claims, claim, prefix, expected) => {
    expect(scopesOf(claims, claim, prefix)).toEqual(new Set(expected))
  })
})
