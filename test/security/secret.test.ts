import { describe, expect, test } from 'vitest'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { redisServer } from '../events/redis.ts'
import { type SecretGateway, startSecretGateway } from './secret-gateway.ts'

const upload = `mutation ($input: UploadSigningCertificateInput!) { uploadSigningCertificate(input: $input) {
  __typename ... on IamError { code message } } }`
const disable = `mutation ($input: SetSigningCertificateStatusInput!) { setSigningCertificateStatus(input: $input) {
  __typename ... on IamError { code message } } }`
const credentials = '{ serviceSpecificCredentials { nodes { serviceSpecificCredentialId serviceUserName } } }'

/** Each in a form that nothing else has. */
const redisPassword = 'CanaryOfRedisPassword7f3a'
const queuePassword = 'CanaryOfQueuePassword91bc'
const servicePassword = 'CanaryOfServicePassword55d2'
const serviceSecret = 'ABSKCanaryOfServiceCredentialSecret0e6f'
const malformedToken = 'CanaryOfMalformedToken.CanaryOfItsPayload.CanaryOfItsSignature'
const basicPassword = Buffer.from('alice:CanaryOfBasicPassword').toString('base64')
const greetingPassword = 'CanaryOfGreeting3d1e'
const addressToken = 'CanaryOfAddress8c07'
const privateKey = 'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgCanary'

describe.skipIf(!redisServer)('of all secrets that pass through it', () => {
  test('the process at its most talkative writes none anywhere, and tells none to anybody', async () => {
    await using gateway = await startSecretGateway({ redisPassword, queuePassword })
    const sessions = sessionSecrets(gateway)
    const secrets = [
      ...(await tokens(gateway)),
      ...(await certificates(gateway)),
      ...(await credentialSecrets(gateway)),
      ...(await awsSecrets(gateway)),
      ...(await connections(gateway)),
      ...(await sessions()),
    ]
    await gateway.request('/graphql', { headers: { accept: 'text/html' } })
    for (const path of ['/health', '/ready']) await gateway.request(path)
    const everything = await gateway.everything()

    const found = [...everything].flatMap(([place, text]) =>
      secrets.filter(([, secret]) => formsOf(secret).some(form => text.includes(form))).map(([name]) => [name, place]),
    )
    expect(found).toEqual([])
    // Nor was anything searched that is empty, or of another run.
    expect(marks.filter(([place, mark]) => !everything.get(place)?.includes(mark))).toEqual([])
  }, 120_000)
})

/** What must be there, for the rest to say anything. */
const marks = [
  ['stdout', '/graphql'],
  ['stderr', 'missing closing tag </Broken>'],
  ['stderr', '--change-queue-url'],
  ['audit log', 'PRIVATE_KEY_REFUSED'],
  ['audit log', 'UNAUTHENTICATED'],
  ['Redis', 'SigningCertificate'],
  ['answers', 'serviceSpecificCredentialId'],
  ['answers', 'GraphiQL'],
  ['answers', 'an IAM that echoes'],
  ['answers', 'x-amz-security-token:'],
] as const

type Planted = readonly (readonly [name: string, secret: string])[]

/** Tokens, good ones and bad ones, wherever a client may put one. Each reached who judges it. */
async function tokens(gateway: SecretGateway): Promise<Planted> {
  const { issuer } = gateway
  const good = await issuer.token()
  const expired = await issuer.token({ expiresIn: -3600 })
  const forged = await issuer.forge(issuer.claims())
  const forbidden = await issuer.token({ scopes: ['read'] })
  const query = '{ latestChangeId }'
  expect((await gateway.ask(good, query)).status).toBe(200)
  expect((await gateway.ask(forbidden, disable, { input: changeOf('bob') })).status).toBe(403)
  for (const token of [expired, forged, malformedToken]) {
    expect((await gateway.ask(token, query)).status).toBe(401)
    expect(await gateway.speak(greeting({ authorization: `Bearer ${token}` }))).toMatch(/^4403/)
  }
  const basic = { authorization: `Basic ${basicPassword}` }
  expect((await gateway.request(`/graphql?query=${query}`, { headers: basic })).status).toBe(401)
  const inAddress = `/graphql?query=${query}&access_token=${addressToken}&token=${good}`
  expect((await gateway.request(inAddress)).status).toBe(401)
  // What stands beside the token, and a token in the wrong place.
  const odd = { authorization: `Bearer ${good}`, password: greetingPassword, nested: { token: forged } }
  expect(await gateway.speak(greeting(odd), subscribe('1', query))).toContain('latestChangeId')
  await gateway.speak(greeting({ token: greetingPassword }))
  await gateway.speak({ type: greetingPassword })
  return [
    ...[good, expired, forged, forbidden].flatMap((token, at) =>
      token
        .split('.')
        .slice(1)
        .map((part, of) => [`part ${of + 1} of token ${at}`, part] as const),
    ),
    ...malformedToken.split('.').map(part => ['a part of the malformed token', part] as const),
    ['a password in the wrong scheme', basicPassword],
    ['a token in an address', addressToken],
    ['what else a greeting holds', greetingPassword],
  ]
}

/** Certificates that are sent in, with keys and without, and an IAM that repeats them in what it says is wrong. */
async function certificates(gateway: SecretGateway): Promise<Planted> {
  const { issuer, sandbox, proxy } = gateway
  const token = await issuer.token()
  const body = mintCertificate({ subject: { CN: 'canary' } })
  const withKey = `${body}-----BEGIN PRIVATE KEY-----\n${privateKey}\n-----END PRIVATE KEY-----\n`
  const sent = (certificateBody: unknown) => ({ input: { userName: 'alice', certificateBody } })
  const userName = sandbox.example?.userName
  expect((await gateway.ask(token, upload, sent(withKey))).text).toContain('PRIVATE_KEY_REFUSED')
  expect((await gateway.ask(token, upload, sent([withKey]))).text).toContain('BAD_USER_INPUT')
  const inline = upload.replace('input: $input', `input: { certificateBody: """${withKey}""", nope: 1 }`)
  expect((await gateway.ask(token, inline, sent(body))).text).toContain('nope')
  await gateway.request('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: `{"query": "{ latestChangeId }", "variables": ${JSON.stringify(withKey)}`,
  })
  const { status } = await gateway.ask(token, upload, { input: { userName, certificateBody: body } })
  expect(status).toBe(200)
  const lines = body.split('\n')
  // IAM's own way to say it, IAM with an error that nobody knows, and something that is no IAM.
  const echoes = [
    { code: 'MalformedCertificate', message: `Certificate ${body} is malformed.` },
    { code: 'Unheard', message: `an IAM that echoes ${body}`, status: 500 },
    { status: 502, contentType: 'text/html', body: `<html>an IAM that echoes ${body}</html>` },
    { status: 200, contentType: 'text/xml', body: `<Broken>an IAM that echoes ${body}` },
  ] as const
  for (const answer of echoes) {
    const heal = sandbox.fault({ action: 'UploadSigningCertificate', answer })
    proxy.clearCalls()
    await gateway.ask(token, upload, sent(body))
    expect(proxy.calls.map(({ action }) => action)).toContain('UploadSigningCertificate')
    heal()
  }
  return [
    ['a private key', privateKey],
    ...lines.filter(line => /^\S{40,}$/.test(line)).map((line, at) => [`line ${at} of a certificate`, line] as const),
  ]
}

/** Secrets of credentials that a list should never hold, and here does. */
async function credentialSecrets(gateway: SecretGateway): Promise<Planted> {
  const { issuer, proxy } = gateway
  let planted = 0
  const heal = proxy.treat(({ action }) => {
    if (action !== 'ListServiceSpecificCredentials') return undefined
    return async ({ response, forward }) => {
      const { status, headers, body } = await forward()
      const { 'content-length': _length, ...others } = headers
      const secret = `<ServicePassword>${servicePassword}</ServicePassword>
        <ServiceCredentialSecret>${serviceSecret}</ServiceCredentialSecret></member>`
      const text = body.toString().replaceAll('</member>', () => {
        planted += 1
        return secret
      })
      response.writeHead(status, others).end(text)
    }
  })
  const { text } = await gateway.ask(await issuer.token(), credentials)
  expect(planted).toBeGreaterThan(0)
  expect(JSON.parse(text).data.serviceSpecificCredentials.nodes).toHaveLength(planted)
  heal()
  return [
    ['a service password', servicePassword],
    ['the secret of an API key', serviceSecret],
  ]
}

/** What the gateway signs by, and an IAM that says how it should have been signed. */
async function awsSecrets(gateway: SecretGateway): Promise<Planted> {
  const { issuer, sandbox, proxy } = gateway
  const { secretAccessKey, sessionToken, accessKeyId } = sandbox.roleCredentials
  const token = await issuer.token()
  expect(sandbox.calls.some(({ callerArn }) => callerArn?.includes('assumed-role'))).toBe(true)
  const canonical = `The Canonical String for this request should have been\n'POST\n/\n\nhost:iam.amazonaws.com\nx-amz-security-token:${sessionToken}\n\nhost;x-amz-security-token'`
  const message = `The request signature we calculated does not match. ${canonical}`
  for (const action of ['ListUsers', 'UpdateSigningCertificate']) {
    const heal = sandbox.fault({ action, answer: { code: 'SignatureDoesNotMatch', status: 403, message } })
    proxy.clearCalls()
    const asked = action === 'ListUsers' ? '{ users { nodes { userName } } }' : disable
    expect((await gateway.ask(token, asked, { input: changeOf('alice') })).text).toContain('SignatureDoesNotMatch')
    heal()
  }
  expect(accessKeyId).not.toBe('')
  return [
    ['the secret access key', secretAccessKey],
    ['the session token', sessionToken],
  ]
}

/** What STS gives for a caller's token, and an STS that repeats the token in what it says is wrong. */
function sessionSecrets({ issuer, sandbox, proxy, ask }: SecretGateway): () => Promise<Planted> {
  const given: string[] = []
  proxy.treat(({ action }) => {
    if (action !== 'AssumeRoleWithWebIdentity') return undefined
    return async ({ response, forward }) => {
      const { status, headers, body } = await forward()
      given.push(...(/<SecretAccessKey>(.+?)<.*<SessionToken>(.+?)</s.exec(body.toString())?.slice(1) ?? []))
      response.writeHead(status, headers).end(body)
    }
  })
  return async () => {
    const token = await issuer.token({ subject: 'refused' })
    const answer = { code: 'InvalidIdentityToken', message: `Could not verify ${token}.` }
    const heal = sandbox.fault({ action: 'AssumeRoleWithWebIdentity', answer })
    expect((await ask(token, '{ users { nodes { userName } } }')).text).toContain('Could not verify <token cut>')
    heal()
    expect(sandbox.sessions.length).toBeGreaterThan(0)
    // Of each session the key and the token.
    expect(given).toHaveLength(2 * sandbox.sessions.length)
    const [, payload = '', signature = ''] = token.split('.')
    const repeated = [payload, signature].map(part => ['a part of a token that STS repeats', part] as const)
    return [...repeated, ...given.map(secret => ["a secret of a caller's session", secret] as const)]
  }
}

/** What Redis and the queue are opened by, while they work and while they do not. */
async function connections(gateway: SecretGateway): Promise<Planted> {
  const { issuer, sandbox, process } = gateway
  const token = await issuer.token()
  const { userName, certificateId } = sandbox.example ?? {}
  const changed = await gateway.ask(token, disable, { input: { userName, certificateId, status: 'INACTIVE' } })
  expect(changed.text).toContain('SetSigningCertificateStatusPayload')
  // Where Redis had not let it in, it would be degraded.
  expect((await gateway.request('/health')).text).not.toContain('Redis')
  const heal = sandbox.queue.fault({ answer: { code: 'AccessDenied', status: 403 } })
  await process.said(/--change-queue-url/, 'stderr')
  heal()
  return [
    ['the password of Redis', redisPassword],
    ['the password of the queue', queuePassword],
  ]
}

function changeOf(userName: string): object {
  return { userName, certificateId: 'A'.repeat(32), status: 'INACTIVE' }
}

function greeting(payload: object): object {
  return { type: 'connection_init', payload }
}

function subscribe(id: string, query: string): object {
  return { id, type: 'subscribe', payload: { query } }
}

/** As it is, as an address has it, and as a part of something in base64, where it may begin at any of three places. */
function formsOf(secret: string): string[] {
  const shifted = [0, 1, 2].map(shift =>
    Buffer.from(' '.repeat(shift) + secret)
      .toString('base64')
      .slice(4, -4),
  )
  return [secret, encodeURIComponent(secret), ...shifted]
}
