import { afterAll, beforeAll, expect, test } from 'vitest'
import { openAccount } from '../account.ts'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { aChange } from '../server/change.ts'
import { openGraphQLSocket } from '../server/transport.ts'
import { expectMasked, expectNoInnards, expectUnharmed } from './unharmed.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway('--sandbox-users=2')
  using account = openAccount(gateway.sandbox)
  await account.user('kate.ivanova')
  await account.certificate('kate.ivanova')
})
afterAll(() => gateway.gateway.close())

const byName = 'query ($name: String!) { user(userName: $name) { userName } }'

/** IAM gets the name to the letter, and what it says of it is the answer. */
async function expectRefusedByIam(names: readonly string[]): Promise<void> {
  for (const name of names) {
    gateway.sandbox.clearCalls()
    const { data, errors = [] } = await gateway.ask(byName, { name })
    expect(data).toEqual({ user: null })
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['ValidationError'])
    expectMasked(errors)
    expect(gateway.sandbox.calls.map(({ action, parameters }) => [action, parameters['UserName']])).toEqual([
      ['GetUser', name],
    ])
  }
}

test('a user name with newlines, tabs, NULs or quotes', async () => {
  await expectRefusedByIam([
    'alice\nbob',
    'alice\r\nX-Amz-Target: DeleteUser',
    'alice\0',
    '\u001b[2Jalice',
    'alice\t',
    ' alice',
    '"alice"',
    "alice' --",
    'alice\u2028bob',
  ])
})

test('a user name that is XML, another parameter, a path, a URL, a query or a command', async () => {
  await expectRefusedByIam([
    '<UserName>bob</UserName>',
    '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    'alice&Action=DeleteUser&UserName=bob',
    'alice%26Action%3DDeleteUser',
    '../../bob',
    'http://169.254.169.254/latest/meta-data/',
    "alice'; DROP TABLE users; --",
    '{"$ne":null}',
    '*)(uid=*',
    '$(reboot)',
    '`reboot`',
    '#{7*7}',
    '{{7*7}}',
    '*',
  ])
})

test('a look-alike of a user’s name: Kelvin sign, dotted and dotless i, full width, combining, invisible, right to left', async () => {
  const lookAlikes = [
    '\u212Aate.ivanova',
    'kate.\u0130vanova',
    'kate.\u0131vanova',
    '\uFF4Bate.ivanova',
    'kate.ivanova\u0301',
    'k\u0430te.ivanova',
    'kate\u200B.ivanova',
    '\u202Eavonavi.etak',
    'kate\uFF0Eivanova',
    'kate.ivanova\uFEFF',
  ]
  await expectRefusedByIam(lookAlikes)
  for (const name of lookAlikes) {
    // Beside the real one, in one operation: by no cache and no batch may one become the other.
    const query = `query ($name: String!) { other: user(userName: $name) { userName }
      real: user(userName: "KATE.ivanova") { userName } }`
    const { data, errors } = await gateway.ask(query, { name })
    expect(data).toEqual({ other: null, real: { userName: 'kate.ivanova' } })
    expect(errors).toHaveLength(1)
  }
})

test('a look-alike’s subscription, or one of a name that nobody can have', async () => {
  await using socket = await openGraphQLSocket(gateway.url)
  const query = `subscription ($name: String) { signingCertificateStatusChanged(userName: $name) { userName } }`
  const told: unknown[] = []
  for (const name of ['\u212Aate.ivanova', 'kate.\u0130vanova', '', '*', '\ud800', '__proto__', 'KATE.ivanova']) {
    void (async () => {
      for await (const { data } of socket.run({ query, variables: { name } })) told.push([name, data])
    })()
  }
  const { events } = gateway.gateway
  await expect.poll(() => events.subscribers).toBe(7)
  await events.publish({ ...aChange(), userName: 'kate.ivanova' })
  await expect.poll(() => told).not.toEqual([])
  expect(told).toEqual([['KATE.ivanova', { signingCertificateStatusChanged: { userName: 'kate.ivanova' } }]])
  await socket[Symbol.asyncDispose]()
  await expectUnharmed(gateway)
})

test('half of a surrogate pair, which cannot be sent to IAM', async () => {
  const answers = [
    await gateway.ask(byName, { name: '\ud800' }),
    await gateway.ask('query ($path: String) { users(pathPrefix: $path) { nodes { id } } }', { path: '/\udfff' }),
    await gateway.ask('query ($name: String) { serviceSpecificCredentials(serviceName: $name) { nodes { id } } }', {
      name: '\ud800.amazonaws.com',
    }),
  ]
  for (const { errors = [] } of answers) {
    expectMasked(errors)
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['ValidationError'])
  }
  const set = `mutation ($input: SetSigningCertificateStatusInput!) {
    setSigningCertificateStatus(input: $input) { __typename ... on IamError { code message } } }`
  for (const wrong of [{ userName: 'alice\ud800' }, { certificateId: '\udc00'.repeat(32) }]) {
    const input = { userName: 'alice', certificateId: 'A'.repeat(32), status: 'INACTIVE', ...wrong }
    const { data } = await gateway.ask(set, { input })
    expect(data.setSigningCertificateStatus).toMatchObject({ __typename: 'ValidationError', code: 'ValidationError' })
  }
  // IAM was not silent: no load balancer may be made to think so.
  await expectUnharmed(gateway)
})

test('a certificate body that is XML, a bomb of entities, a script or a key', async () => {
  const upload = `mutation ($input: UploadSigningCertificateInput!) { uploadSigningCertificate(input: $input) {
    __typename ... on IamError { code message } } }`
  for (const certificateBody of [
    '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><a>&b;</a>',
    '</CertificateBody></UploadSigningCertificateRequest>',
    '<script>alert(1)</script>',
    '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----',
    '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----',
    '\0'.repeat(16_384),
    '\u0130'.repeat(100),
  ]) {
    const answer = await gateway.ask(upload, { input: { userName: 'alice', certificateBody } })
    expect(answer.data.uploadSigningCertificate.__typename).toMatch(/Error$/)
    expectNoInnards(JSON.stringify(answer))
    expect(JSON.stringify(answer)).not.toContain(JSON.stringify(certificateBody).slice(1, -1))
  }
  await expectUnharmed(gateway)
})
