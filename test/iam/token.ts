import type { Principal, Token } from '../../src/principal.ts'

let made = 0

/** A token as the gateway has checked it; each has a text of its own. */
export function aToken(members: Partial<Token> = {}): Token {
  made += 1
  return {
    text: `token-${made}`,
    issuer: 'https://issuer.example',
    subject: 'alice',
    expiresAt: new Date(Date.now() + 3_600_000),
    claims: {},
    ...members,
  }
}

export function aPrincipal(token: Token = aToken()): Principal {
  const { issuer, subject } = token
  return { name: subject, key: `${issuer} ${subject}`, scopes: new Set(['read', 'write', 'watch']), token }
}
