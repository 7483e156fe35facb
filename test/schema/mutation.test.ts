import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { type Account, openAccount } from '../account.ts'
import { post, startTestGateway, type TestGateway } from '../gateway.ts'
import { setStatus, startOperations, toldDuring, upload } from './changing.ts'

let gateway: TestGateway
let account: Account
beforeEach(async () => {
  gateway = await startTestGateway('--sandbox-users=0')
  account = openAccount(gateway.sandbox)
  for (const userName of ['Ann', 'Ben']) await account.user(userName)
  gateway.sandbox.clearCalls()
})
afterEach(async () => {
  account[Symbol.dispose]()
  await gateway[Symbol.asyncDispose]()
})

const certificateId = 'A'.repeat(32)

describe('without a user name', () => {
  test.each([
    [upload, { certificateBody: 'body' }],
    [upload, { certificateBody: 'body', userName: null }],
    [setStatus, { certificateId, status: 'INACTIVE' }],
    [setStatus, { certificateId, status: 'INACTIVE', userName: null }],
  ])('nothing is changed unless that is permitted', async (mutation, input) => {
    await using strict = await startTestGateway('--sandbox-users=0', '--allow-implicit-user=false')
    const { data } = await strict.ask(mutation, { input })
    expect(data.result).toMatchObject({
      __typename: 'RequestFailedError',
      code: 'USER_NAME_REQUIRED',
      message: expect.stringContaining('--allow-implicit-user'),
      requestId: null,
    })
    expect(strict.sandbox.calls).toEqual([])
  })

  test("the gateway's own user is changed where it is, and told by its name", async () => {
    const { userName } = gateway.sandbox.credentials
    const told = await toldDuring(gateway.gateway.events, async () => {
      const uploaded = await gateway.ask(upload, { input: { certificateBody: mintCertificate() } })
      const { certificateId } = uploaded.data.result.signingCertificate
      const { data } = await gateway.ask(setStatus, { input: { certificateId, status: 'INACTIVE' } })
      expect(data.result.signingCertificate).toMatchObject({ userName, certificateId, status: 'INACTIVE' })
    })
    expect(told).toMatchObject([
      { userName, status: 'Active' },
      { userName, status: 'Inactive' },
    ])
    expect(gateway.sandbox.calls.map(({ parameters }) => parameters['UserName'])).toEqual(Array(4).fill(undefined))
  })

  test.each([
    [upload, { certificateBody: mintCertificate() }],
    [setStatus, { certificateId, status: 'INACTIVE' }],
  ])('a role has no user of its own: IAM says so', async (mutation, input) => {
    const { url, roleCredentials } = gateway.sandbox
    await using role = startOperations({ endpoint: url, credentials: roleCredentials })
    expect((await role.ask(mutation, { input })).data.result).toMatchObject({
      __typename: 'ValidationError',
      code: 'ValidationError',
      message: 'Must specify userName when calling with non-User credentials',
    })
  })
})

describe('several mutations in a document', () => {
  const list = '{ user { signingCertificates { nodes { certificateId status } } } }'

  test('run in order, each once, and each shows what the ones before it did', async () => {
    const [first, second] = [mintCertificate(), mintCertificate()]
    const certificateId = await account.certificate('Ann')
    gateway.sandbox.clearCalls()
    const { data, errors } = await gateway.ask(
      `mutation ($first: String!, $second: String!, $certificateId: String!) {
        one: uploadSigningCertificate(input: { userName: "Ann", certificateBody: $first }) {
          ... on UploadSigningCertificatePayload { signingCertificate ${list} }
        }
        two: setSigningCertificateStatus(input: { userName: "Ann", certificateId: $certificateId, status: INACTIVE }) {
          ... on SetSigningCertificateStatusPayload { signingCertificate ${list} }
        }
        three: uploadSigningCertificate(input: { userName: "Ben", certificateBody: $second }) {
          ... on UploadSigningCertificatePayload { signingCertificate ${list} }
        }
      }`,
      { first, second, certificateId },
    )
    expect(errors).toBeUndefined()
    const shown = (name: string) => data[name].signingCertificate.user.signingCertificates.nodes
    expect(shown('one')).toHaveLength(2)
    expect(shown('one')).toContainEqual({ certificateId, status: 'ACTIVE' })
    expect(shown('two')).toHaveLength(2)
    expect(shown('two')).toContainEqual({ certificateId, status: 'INACTIVE' })
    expect(shown('three')).toHaveLength(1)
    expect(gateway.sandbox.calls.map(({ action, parameters }) => `${action} ${parameters['UserName']}`)).toEqual([
      'UploadSigningCertificate Ann',
      'ListSigningCertificates Ann',
      'GetUser Ann',
      'ListSigningCertificates Ann',
      'ListSigningCertificates Ann',
      'UpdateSigningCertificate Ann',
      // Who Ann is did not change, and is remembered.
      'ListSigningCertificates Ann',
      'UploadSigningCertificate Ben',
      'ListSigningCertificates Ben',
      'GetUser Ben',
      'ListSigningCertificates Ben',
    ])
  })

  test('where the second fails, the first has its answer', async () => {
    const { data, errors } = await gateway.ask(
      `mutation ($body: String!) {
        one: uploadSigningCertificate(input: { userName: "Ann", certificateBody: $body }) { __typename }
        two: uploadSigningCertificate(input: { userName: "nobody", certificateBody: $body }) { __typename }
        three: uploadSigningCertificate(input: { userName: "Ben", certificateBody: "no certificate" }) { __typename }
      }`,
      { body: mintCertificate() },
    )
    expect(data).toEqual({
      one: { __typename: 'UploadSigningCertificatePayload' },
      two: { __typename: 'NoSuchEntityError' },
      three: { __typename: 'MalformedCertificateError' },
    })
    expect(errors).toBeUndefined()
  })

  test('where the second breaks unexpectedly, it alone is null', async () => {
    const { events } = gateway.gateway
    const { publish } = events
    const certificateId = await account.certificate('Ann')
    let published = 0
    Object.assign(events, {
      publish: (change: Parameters<typeof publish>[0]) => {
        if (++published === 2) throw new Error('disk full')
        return publish(change)
      },
    })
    const { data, errors } = await gateway.ask(
      `mutation ($id: String!) {
        one: setSigningCertificateStatus(input: { userName: "Ann", certificateId: $id, status: INACTIVE }) { __typename }
        two: setSigningCertificateStatus(input: { userName: "Ann", certificateId: $id, status: ACTIVE }) { __typename }
      }`,
      { id: certificateId },
    )
    expect(data).toEqual({ one: { __typename: 'SetSigningCertificateStatusPayload' }, two: null })
    expect(errors).toMatchObject([{ path: ['two'], extensions: { code: 'INTERNAL_SERVER_ERROR' } }])
  })
})

test('of a private key or a certificate nothing is in the log, however talkative, nor in the answers', async () => {
  const main = new URL('../../dist/main.js', import.meta.url).pathname
  const flags = ['--port=0', '--sandbox-port=0', '--sandbox-users=2', '--log-level=trace']
  const gatewayProcess = spawn(process.execPath, [main, 'start', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {},
  })
  const log = text(gatewayProcess.stderr)
  let url: string | undefined
  for await (const chunk of gatewayProcess.stdout) {
    url = /Open (\S+)/.exec(String(chunk))?.[1]
    if (url) break
  }
  const key = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n'
  const malformed = '-----BEGIN CERTIFICATE-----\nc2VjcmV0\n-----END CERTIFICATE-----\n'
  const ask = (input: object) => post(url ?? '', { query: upload, variables: { input: { userName: 'bob', ...input } } })
  const answers = []
  try {
    for (const certificateBody of [key, malformed, mintCertificate()]) answers.push(await ask({ certificateBody }))
    answers.push(await ask({ certificatBody: key }))
  } finally {
    gatewayProcess.kill('SIGTERM')
    await once(gatewayProcess, 'exit')
  }
  expect(answers.map(({ data }) => data?.result.__typename)).toEqual([
    'RequestFailedError',
    'MalformedCertificateError',
    'UploadSigningCertificatePayload',
    undefined,
  ])
  expect(JSON.stringify([answers[0], answers[1], answers[3]])).not.toMatch(/c2VjcmV0|BEGIN/)
  expect(await log).not.toMatch(/c2VjcmV0|BEGIN/)
})
