import { expect, test } from 'vitest'
import { uploadExample } from '../../src/sandbox/seed/example-certificate.ts'
import { post } from '../gateway.ts'
import { type LoggedServer, startLoggedServer } from './logged-server.ts'
import { openGraphQLSocket, postText, sendRaw } from './transport.ts'

const privateKey = 'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg'
const upload = `mutation ($input: UploadSigningCertificateInput!) { uploadSigningCertificate(input: $input) {
  __typename ... on IamError { code message } } }`
const set = `mutation ($input: SetSigningCertificateStatusInput!) { setSigningCertificateStatus(input: $input) {
  __typename ... on IamError { code message } } }`

test('of a day’s work the log holds no secret at any level, and above debug no certificate and no id of one', async () => {
  await using server = await startLoggedServer()
  const { sandbox } = server
  const { userName, certificateId, uploadUserName } = sandbox.example ?? {}
  const asked: { query: string; variables: Record<string, unknown> }[] = [
    { query: upload, variables: { input: { userName: uploadUserName, certificateBody: uploadExample } } },
    { query: upload, variables: { input: { userName, certificateBody: uploadExample } } },
    { query: upload, variables: { input: { userName, certificateBody: uploadExample.replaceAll('M', 'N') } } },
    { query: upload, variables: { input: { userName, certificateBody: withKey } } },
    { query: upload, variables: { input: { userName, certificateBody: withKey, nope: 1 } } },
    { query: upload, variables: { input: { userName, certificateBody: [uploadExample] } } },
    { query: upload.replace('$input)', `{ certificateBody: """${withKey}""", nope: 1 })`), variables: {} },
    { query: set, variables: { input: { userName, certificateId, status: 'INACTIVE' } } },
    { query: set, variables: { input: { userName: 'bob', certificateId, status: 'ACTIVE' } } },
    { query: '{ users { nodes { signingCertificates { nodes { certificateId certificateBody } } } } }', variables: {} },
  ]
  await using socket = await openGraphQLSocket(server.url)
  const answers: unknown[] = []
  for (const one of asked) {
    answers.push(await post(server.url, one))
    answers.push(await socket.ask(one).catch((errors: unknown) => errors))
  }
  await sendRaw(server.url, postText(`{"query": "{ latestChangeId }", "variables": ${JSON.stringify(withKey)}`))
  await fetch(`${server.url}?query={latestChangeId}&variables=${encodeURIComponent(withKey)}`)
  await fetch(`${server.url}?query={latestChangeId}`, { headers: { origin: 'https://evil.example' } })
  await troubleWithIam(server, asked)

  expect(JSON.stringify(answers)).toContain(certificateId)
  const everything = JSON.stringify(server.lines())
  for (const secret of [privateKey, sandbox.credentials.secretAccessKey]) expect(everything).not.toContain(secret)
  const loud = server.lines().filter(({ level }) => level > 20)
  // It was not silent: a page of another origin, and an IAM that did not answer.
  expect(loud.length).toBeGreaterThan(0)
  const body = uploadExample.replace(/-----.*-----/g, '').trim()
  const ids = new Set(JSON.stringify(answers).match(/\b[A-Z2-7]{32}\b/g))
  expect(ids.size).toBeGreaterThan(1)
  for (const line of [...body.split('\n'), ...ids]) expect(JSON.stringify(loud)).not.toContain(line)
})

const withKey = `${uploadExample}-----BEGIN PRIVATE KEY-----\n${privateKey}\n-----END PRIVATE KEY-----\n`

async function troubleWithIam(server: LoggedServer, asked: readonly object[]): Promise<void> {
  const faults = [
    { code: 'ExpiredToken' },
    { code: 'ServiceFailure', status: 500 },
    'reset',
    { status: 200, contentType: 'text/html', body: '<html>' },
  ] as const
  for (const answer of faults) {
    const heal = server.sandbox.fault({ action: 'UploadSigningCertificate', answer })
    const healUpdate = server.sandbox.fault({ action: 'UpdateSigningCertificate', times: 1, answer })
    for (const one of asked.slice(0, 1)) await post(server.url, one)
    await post(server.url, asked[7] ?? {})
    heal()
    healUpdate()
  }
}
