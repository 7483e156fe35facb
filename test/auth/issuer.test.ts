import { createLocalJWKSet, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { startIssuer } from './issuer.ts'

test('the issuer of these tests gives tokens that its published keys prove', async () => {
  await using issuer = await startIssuer()
  const token = await issuer.token({ subject: 'bob', scopes: ['iam:read'], claims: { role: 'reader', jti: undefined } })
  const published = await (await fetch(`${issuer.url}/jwks`)).json()
  const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(published))
  expect(protectedHeader).toMatchObject({ alg: 'RS256', typ: 'at+jwt' })
  expect(payload).toMatchObject({ iss: issuer.url, aud: 'iam-gateway', sub: 'bob', scope: 'iam:read', role: 'reader' })
  expect(payload).not.toHaveProperty('jti')
  expect(JSON.parse(issuer.jwks())).toEqual(published)
  expect(issuer.requests).toEqual(['/token', '/jwks'])
})

test('what it signs for a test is as what it gives', async () => {
  await using issuer = await startIssuer()
  const keys = createLocalJWKSet(JSON.parse(issuer.jwks()))
  const given = await jwtVerify(await issuer.token(), keys)
  const signed = await jwtVerify(await issuer.sign(issuer.claims()), keys)
  expect(given.payload).toMatchObject({ ...issuer.claims(), iat: expect.any(Number), exp: expect.any(Number) })
  expect(signed.protectedHeader).toEqual(given.protectedHeader)
  await expect(jwtVerify(await issuer.forge(issuer.claims()), keys)).rejects.toThrow('signature verification failed')
})

test('its rotated key is another, and the only one', async () => {
  await using issuer = await startIssuer()
  const before = issuer.jwks()
  const token = await issuer.token()
  await issuer.rotate()
  expect(await (await fetch(`${issuer.url}/jwks`)).json()).toEqual(JSON.parse(issuer.jwks()))
  await expect(jwtVerify(token, createLocalJWKSet(JSON.parse(issuer.jwks())))).rejects.toThrow('no applicable key')
  await expect(jwtVerify(await issuer.token(), createLocalJWKSet(JSON.parse(before)))).rejects.toThrow('no applicable')
})
