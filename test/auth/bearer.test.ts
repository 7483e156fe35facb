import { describe, expect, test } from 'vitest'
import { bearerOfHeaders, bearerOfPayload, longestToken } from '../../src/auth/bearer.ts'
import { TokenRefused } from '../../src/auth/token-error.ts'

describe('the bearer token of a request', () => {
  test.each([
    ['Bearer a.b.c', 'a.b.c'],
    ['bearer a.b.c', 'a.b.c'],
    ['BEARER   a-b_c~d+e/f==', 'a-b_c~d+e/f=='],
    [`Bearer ${'a'.repeat(longestToken)}`, 'a'.repeat(longestToken)],
  ])('is behind the scheme, in any case: %#', (header, token) => {
    expect(bearerOfHeaders([header])).toBe(token)
  })

  test.each([[undefined], [[]], [['']], [['Basic YTpi']], [['Bearerx a.b.c']], [['Digest bearer a.b.c']]])(
    'is none in %j',
    headers => {
      expect(bearerOfHeaders(headers)).toBeUndefined()
    },
  )

  test.each([
    [['Bearer']],
    [['Bearer ']],
    [['Bearer a b']],
    [['Bearer a,Bearer b']],
    [['Bearer a, Basic b']],
    [['Bearer "a"']],
    [['Bearer a\r\nx: y']],
    [['Bearer \u00e4']],
    [['Bearer =a']],
    [['Bearer a', 'Bearer a']],
    [['Basic a', 'Bearer a']],
    [[`Bearer ${'a'.repeat(longestToken + 1)}`]],
    [[`Bearer ${' '.repeat(longestToken)}a`]],
  ])('is refused where it is not exactly one: %#', headers => {
    expect(() => bearerOfHeaders(headers)).toThrow(TokenRefused)
  })
})

describe('the bearer token of a WebSocket’s greeting', () => {
  test.each([[{ authorization: 'Bearer a.b.c' }], [{ Authorization: 'bearer a.b.c', other: 1 }]])(
    'is in %j',
    payload => {
      expect(bearerOfPayload(payload)).toBe('a.b.c')
    },
  )

  test.each([
    [undefined],
    [null],
    ['Bearer a.b.c'],
    [[]],
    [{}],
    [{ authorization: null }],
    [{ authorization: undefined }],
    [{ authorization: 'Basic YTpi' }],
    [{ headers: { authorization: 'Bearer a.b.c' } }],
    [Object.create({ authorization: 'Bearer a.b.c' })],
  ])('is none in %j', payload => {
    expect(bearerOfPayload(payload)).toBeUndefined()
  })

  test.each([
    [{ authorization: 7 }],
    [{ authorization: ['Bearer a.b.c'] }],
    [{ authorization: { toString: 'Bearer a.b.c' } }],
    [{ authorization: 'Bearer a', Authorization: 'Bearer b' }],
    [{ authorization: 'Bearer a b' }],
    [{ authorization: `Bearer ${'a'.repeat(longestToken + 1)}` }],
  ])('is refused in %#', payload => {
    expect(() => bearerOfPayload(payload)).toThrow(TokenRefused)
  })
})
