import { exportJWK, generateKeyPair, generateSecret } from 'jose'
import { expect, test } from 'vitest'
import { BadKeySet } from '../../src/auth/key-set.ts'
import { authenticating } from './authenticating.ts'

const pair = generateKeyPair('ES256', { extractable: true })
const jwkOf = async (kind: 'publicKey' | 'privateKey') => exportJWK((await pair)[kind])

async function refusal(text: string): Promise<Error> {
  try {
    authenticating('https://issuer.example.com', { jwks: text }).close()
  } catch (error) {
    if (error instanceof BadKeySet) return error
    throw error
  }
  throw new Error('expected a refusal, got none')
}

const expected = 'expected a JSON Web Key Set of public keys, {"keys": [...]}, got'

test.each([
  ['', 'no JSON'],
  ['-----BEGIN PUBLIC KEY-----', 'no JSON'],
  ['null', 'another value'],
  ['[]', 'another value'],
  ['{}', 'another value'],
  ['{"keys":{}}', 'another value'],
  ['{"keys":[]}', 'one without keys'],
  ['{"keys":[7]}', 'another value in keys[0]'],
  ['{"keys":[{}]}', 'none that can be read'],
  ['{"keys":[{"kty":"RSA","n":"AQAB"}]}', 'none that can be read'],
  ['{"keys":[{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}]}', 'none that can be read'],
])('a key set is refused with what was expected and got: %s', async (text, got) => {
  expect((await refusal(text)).message).toBe(`${expected} ${got}`)
})

test('a key set is refused where it could make tokens, and the refusal repeats no key', async () => {
  const [secret, published] = [await jwkOf('privateKey'), await jwkOf('publicKey')]
  const shared = await exportJWK(await generateSecret('HS256', { extractable: true }))
  for (const key of [secret, shared]) {
    const { message, stack } = await refusal(JSON.stringify({ keys: [published, key] }))
    expect(message).toBe(`${expected} a private or a shared one in keys[1]`)
    expect(stack).not.toContain(key.d ?? key.k)
  }
})

test('a key set may hold keys of kinds that Node does not know, beside one that it does', async () => {
  const keys = [{ kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA' }, { kty: 'unheard-of' }, await jwkOf('publicKey')]
  const create = () => authenticating('https://issuer.example.com', { jwks: JSON.stringify({ keys }) }).close()
  expect(create).not.toThrow()
})
