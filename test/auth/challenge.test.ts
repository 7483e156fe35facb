import { expect, test } from 'vitest'
import { challenge, challengeOf } from '../../src/auth/challenge.ts'
import { TokenMissing, TokenRefused } from '../../src/auth/token-error.ts'

test('a challenge says nothing of a token where none was shown', () => {
  expect(challengeOf(new TokenMissing())).toBe('Bearer realm="iam-graphql-gateway"')
})

test('a challenge says what is wrong with the token that was shown', () => {
  expect(challengeOf(new TokenRefused('The token has expired.'))).toBe(
    'Bearer realm="iam-graphql-gateway", error="invalid_token", error_description="The token has expired."',
  )
})

test('a challenge names the scope that is missing', () => {
  const problem = { error: 'insufficient_scope', description: 'Expected the scope write.', scope: 'iam:write' } as const
  expect(challenge(problem)).toBe(
    'Bearer realm="iam-graphql-gateway", error="insufficient_scope", ' +
      'error_description="Expected the scope write.", scope="iam:write"',
  )
})

test('a challenge has only what RFC 6750 has: nothing ends its quotes, or its line', () => {
  const description = 'a"b\\c\r\nset-cookie: d\0e\u00e9\u2028'
  expect(challenge({ error: 'invalid_token', description })).toBe(
    `Bearer realm="iam-graphql-gateway", error="invalid_token", error_description="a'b'c''set-cookie: d'e''"`,
  )
})
