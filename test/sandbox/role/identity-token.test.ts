import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startIssuer, type TokenRequest } from '../../auth/issuer.ts'
import { createStsClient } from '../client.ts'
import { type Federation, startFederation } from './federation.ts'

let shared: Federation
beforeAll(async () => {
  shared = await startFederation()
})
afterAll(() => shared[Symbol.asyncDispose]())

const now = () => Math.floor(Date.now() / 1000)

describe('a token is refused', () => {
  test.each<[string, TokenRequest, string]>([
    ['without a subject', { claims: { sub: undefined } }, 'Missing a required claim: sub'],
    ['without an end', { claims: { exp: undefined } }, 'Missing a required claim: exp'],
    ['without the time of its issue', { claims: { iat: undefined } }, 'Missing a required claim: iat'],
    ['without an audience', { claims: { aud: undefined } }, 'Missing a required claim: aud'],
    ['without an issuer', { claims: { iss: undefined } }, 'Missing a required claim: iss'],
    ['for another audience', { audience: 'somebody-else' }, 'Incorrect token audience'],
    [
      'for one of its audiences, where another party was authorized',
      { audience: ['iam-gateway'], claims: { azp: 'spa' } },
      'Incorrect token audience',
    ],
    ['issued in the future', { claims: { iat: now() + 3600 } }, 'Token was issued in the future'],
    ['that begins in the future', { claims: { nbf: now() + 3600 } }, "Token's claim nbf is invalid"],
    [
      'of an issuer that is not registered',
      { claims: { iss: 'https://elsewhere.example' } },
      'No OpenIDConnect provider found in your account for https://elsewhere.example',
    ],
    [
      'whose source identity is no session name',
      { claims: { 'https://aws.amazon.com/source_identity': 'Alice K' } },
      'The source identity in the token must satisfy regular expression pattern: [\\w+=,.@-]{2,64}',
    ],
  ])('%s', async (_, request, message) => {
    const { issuer } = shared
    const WebIdentityToken = await issuer.sign({ ...issuer.claims(request), ...request.claims })
    expect(await shared.refused({ WebIdentityToken })).toEqual({
      code: 'InvalidIdentityToken',
      status: 400,
      message,
    })
    expect(shared.sandbox.sessions).toEqual([])
  })

  test('that has expired', async () => {
    const exp = now() - 1
    const refused = await shared.refused({ token: { claims: { exp } } })
    expect(refused).toMatchObject({ code: 'ExpiredTokenException', status: 400 })
    expect(refused.message).toMatch(
      new RegExp(`^Token expired: current date/time \\d+ must be before the expiration date/time ${exp}$`),
    )
  })

  test('that a stranger signed under the name of the key', async () => {
    const { issuer } = shared
    const WebIdentityToken = await issuer.forge(issuer.claims())
    expect(await shared.refused({ WebIdentityToken })).toMatchObject({
      code: 'InvalidIdentityToken',
      message: 'Token signature is invalid',
    })
  })

  test.each([
    ['is none', async () => 'not a token'],
    ['nobody signed', async (claims: object) => `${part({ alg: 'none' })}.${part(claims)}.`],
    [
      'is signed with a shared secret',
      (claims: object) => new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32)),
    ],
    [
      'is signed by an algorithm that STS does not take',
      async (claims: object) => {
        const { privateKey } = await generateKeyPair('PS256')
        return new SignJWT({ ...claims }).setProtectedHeader({ alg: 'PS256' }).sign(privateKey)
      },
    ],
  ])('that %s', async (_, make) => {
    const WebIdentityToken = await make(shared.issuer.claims())
    expect(await shared.refused({ WebIdentityToken })).toEqual({
      code: 'InvalidIdentityToken',
      status: 400,
      message: 'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
    })
  })
})

describe('a token is believed', () => {
  test.each<[string, TokenRequest, string]>([
    ['for one of several audiences', { audience: ['somebody-else', 'other-client'] }, 'other-client'],
    [
      'for whom its authorized party is',
      { audience: 'somebody-else', claims: { azp: 'other-client' } },
      'other-client',
    ],
  ])('%s', async (_, token, Audience) => {
    expect(await shared.assume({ token })).toMatchObject({ Audience })
  })
})

describe('the keys of a provider', () => {
  test('are discovered when first needed, and asked for once', async () => {
    await using federation = await startFederation()
    await Promise.all([federation.assume(), federation.assume()])
    await federation.assume()
    expect(asked(federation)).toEqual(['/.well-known/openid-configuration', '/jwks'])
  })

  test('are asked for again where a token names one that is not among them', async () => {
    await using federation = await startFederation()
    const old = await federation.issuer.token()
    await federation.assume()
    await federation.issuer.rotate()
    await federation.assume()
    expect(asked(federation)).toEqual(['/.well-known/openid-configuration', '/jwks', '/jwks'])
    expect(await federation.refused({ WebIdentityToken: old })).toEqual(noKey)
  })

  test('that the file has are never asked for', async () => {
    await using issuer = await startIssuer()
    const Jwks = JSON.parse(issuer.jwks())
    await using federation = await startFederation(undefined, { issuer, provider: { Jwks } })
    expect(await federation.assume()).toMatchObject({ Audience: 'iam-gateway' })
    await issuer.rotate()
    expect(await federation.refused()).toEqual(noKey)
    expect(asked(federation)).toEqual([])
  })

  test('that the provider does not say prove nothing; once it does, they do', async () => {
    await using federation = await startFederation()
    const WebIdentityToken = await federation.issuer.token()
    federation.issuer.setDown(true)
    expect(await federation.refused({ WebIdentityToken })).toEqual(noKey)
    federation.issuer.setDown(false)
    await federation.assume({ WebIdentityToken })
    federation.issuer.setDown(true)
    await federation.assume({ WebIdentityToken })
  })

  test('of a provider that calls itself otherwise are not taken', async () => {
    await using issuer = await startIssuer()
    const Url = issuer.url.replace('127.0.0.1', 'localhost')
    await using federation = await startFederation(undefined, { issuer, provider: { Url } })
    const WebIdentityToken = await issuer.sign(issuer.claims({ claims: { iss: Url } }))
    expect(await federation.refused({ WebIdentityToken })).toEqual(noKey)
    expect(asked(federation)).toEqual(['/.well-known/openid-configuration'])
  })

  test('cannot be had from a provider that is not there', async () => {
    await using federation = await startFederation()
    const WebIdentityToken = await federation.issuer.token()
    await federation.issuer.close()
    expect(await federation.refused({ WebIdentityToken })).toEqual({
      code: 'IDPCommunicationError',
      status: 400,
      message: 'Your identity provider could not be reached',
    })
  })

  test('are waited for without holding up other calls, and given up when the sandbox closes', async () => {
    const silent = createServer()
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const Url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
    await using federation = await startFederation(undefined, { provider: { Url } })
    const { issuer, sandbox } = federation
    const WebIdentityToken = await issuer.sign(issuer.claims({ claims: { iss: Url } }))
    const refused = federation.refused({ WebIdentityToken })
    await once(silent, 'request')
    await createStsClient(sandbox).send(new GetCallerIdentityCommand({}))
    expect(sandbox.calls.map(({ action, status }) => [action, status])).toEqual([
      ['AssumeRoleWithWebIdentity', 0],
      ['GetCallerIdentity', 200],
    ])
    await sandbox.close()
    expect(await refused).toMatchObject({ code: 'IDPCommunicationError' })
    expect(sandbox.calls[0]).toMatchObject({ status: 400, code: 'IDPCommunicationError' })
    silent.closeAllConnections()
    silent.close()
  })
})

const noKey = {
  code: 'InvalidIdentityToken',
  status: 400,
  message:
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
}

/** What the issuer was asked for by the sandbox. */
function asked({ issuer }: Federation): string[] {
  return issuer.requests.filter(path => path !== '/token')
}

function part(content: object): string {
  return Buffer.from(JSON.stringify(content)).toString('base64url')
}
