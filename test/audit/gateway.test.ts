import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { auditIsAway } from '../../src/audit/audit.ts'
import { startIssuer } from '../auth/issuer.ts'
import { type Process, project, runMain } from '../command/process.ts'
import { post, startTestGateway, type TestGateway } from '../gateway.ts'
import { setStatus } from '../schema/changing.ts'
import { linesOf } from './written.ts'

const input = { userName: 'nobody', certificateId: 'A'.repeat(32), status: 'INACTIVE' }

describe('a gateway', () => {
  test('without authentication writes no audit log where none is asked for', async () => {
    await using gateway = await start('--port=0')
    await post(gateway.url, { query: setStatus, variables: { input } })
    expect(gateway.heard().stdout).not.toContain('"event"')
  })

  test('with authentication writes it to stdout where nothing else is said', async () => {
    await using issuer = await startIssuer()
    await using gateway = await start(`--oidc-issuer=${issuer.url}`, '--oidc-audience=iam-gateway')
    const proof = { authorization: `Bearer ${await issuer.token({ subject: 'alice' })}` }
    await post(gateway.url, { query: setStatus, variables: { input } })
    await post(gateway.url, { query: setStatus, variables: { input } }, proof)
    await gateway.said(/"event":"outcome".*\n/)
    const text = gateway.heard().stdout
    expect(linesOf(text.slice(text.indexOf('{"time"')))).toMatchObject([
      { event: 'refused', code: 'UNAUTHENTICATED' },
      { event: 'intent', principal: { name: 'alice', issuer: issuer.url }, target: { userName: 'nobody' } },
      { event: 'outcome', principal: { name: 'alice' }, code: 'NoSuchEntity', awsRequestId: expect.any(String) },
    ])
  })

  test('has on the disk what it answered, when it is killed at once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'audit-'))
    const path = join(folder, 'audit.log')
    await using gateway = await start(`--audit-log=${path}`)
    await post(gateway.url, { query: setStatus, variables: { input } })
    gateway.kill('SIGKILL')
    await gateway.ended
    expect(linesOf(await readFile(path, 'utf8'))).toMatchObject([{ event: 'intent' }, { event: 'outcome' }])
    await rm(folder, { recursive: true })
  })

  test('whose stdout nobody reads any more refuses mutations, and lives on', async () => {
    const words = ['dist/main.js', 'start', '--port=0', '--sandbox-port=0', '--audit-log=stdout']
    const child = spawn(process.execPath, words, { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] })
    try {
      const [said] = await once(child.stdout, 'data')
      const [, url = ''] = /(http:\S+\/graphql)/.exec(String(said)) ?? []
      child.stdout.destroy()
      await once(child.stdout, 'close')
      const { data } = await post(url, { query: setStatus, variables: { input } })
      expect(data.result.code).toBe('AUDIT_UNAVAILABLE')
      expect((await post(url, { query: '{ latestChangeId }' })).errors).toBeUndefined()
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      expect(await ended).toEqual([0, null])
    } finally {
      child.kill('SIGKILL')
    }
  })
})

test('has the outcome of a change whose client has gone, when the gateway has closed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'audit-'))
  const path = join(folder, 'audit.log')
  const { url, gateway, sandbox } = await startTestGateway(`--audit-log=${path}`)
  sandbox.fault({ action: 'UpdateSigningCertificate', answer: { delay: 1000 } })
  const client = new AbortController()
  const answer = fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: setStatus, variables: { input } }),
    signal: client.signal,
  })
  await vi.waitFor(() => expect(sandbox.calls.map(({ action }) => action)).toContain('UpdateSigningCertificate'))
  client.abort()
  await expect(answer).rejects.toThrow('aborted')
  await gateway.close()
  expect(linesOf(await readFile(path, 'utf8'))).toMatchObject([{ event: 'intent' }, { event: 'outcome' }])
  await rm(folder, { recursive: true })
})

test('there is a line where STS refuses a caller his role, once for all that he asked', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'audit-'))
  const path = join(folder, 'audit.log')
  await using issuer = await startIssuer()
  const role = 'arn:aws:iam::123456789012:role/none'
  const callers = [`--oidc-issuer=${issuer.url}`, '--oidc-audience=iam-gateway', `--aws-web-identity-role=${role}`]
  const { url, gateway } = await startTestGateway(...callers, `--audit-log=${path}`)
  const rows = ['bob', 'carol', 'dave'].map(name => `${name}: user(userName: "${name}") { arn }`)
  const proof = { authorization: `Bearer ${await issuer.token({ subject: 'alice' })}` }
  const { errors } = await post(url, { query: `{ ${rows.join(' ')} }` }, proof)
  expect(errors?.map(({ extensions }) => extensions.code)).toEqual(Array(3).fill('InvalidIdentityToken'))
  await gateway.close()
  expect(linesOf(await readFile(path, 'utf8'))).toEqual([
    {
      time: expect.any(String),
      event: 'refused',
      principal: { name: 'alice', issuer: issuer.url },
      awsIdentity: 'arn:aws:sts::123456789012:assumed-role/none/alice',
      code: 'InvalidIdentityToken',
      message: expect.stringContaining(issuer.url),
    },
  ])
  await rm(folder, { recursive: true })
})

describe('a log that cannot be opened is told at the start', () => {
  test.each([
    ['in a folder that is not there', '/none/audit.log', 'ENOENT'],
    ['where there is a folder', '', 'EISDIR'],
    ['in what is no folder', '/file/audit.log', 'ENOTDIR'],
  ])('%s', async (_where, place, code) => {
    const folder = await mkdtemp(join(tmpdir(), 'audit-'))
    await writeFile(join(folder, 'file'), '')
    await using started = await runMain(['start', '--port=0', '--sandbox-port=0', `--audit-log=${folder}${place}`])
    const { exitCode, stderr } = await started.ended
    expect(exitCode).toBe(2)
    expect(stderr).toContain(`--audit-log: ${folder}${place}: expected a file that can be written, got ${code}`)
    await rm(folder, { recursive: true })
  })
})

test.each([
  [0o640, 1],
  [0o602, 1],
  [0o600, 0],
])('of a log that others may read or write, as by %o, there is a warning', async (mode, times) => {
  const folder = await mkdtemp(join(tmpdir(), 'audit-'))
  const path = join(folder, 'audit.log')
  await writeFile(path, '')
  await chmod(path, mode)
  await using gateway = await start(`--audit-log=${path}`, '--log-level=warn')
  for (const _ of [1, 2]) await post(gateway.url, { query: setStatus, variables: { input } })
  gateway.kill('SIGTERM')
  const { stderr } = await gateway.ended
  expect(stderr.match(/audit log is open to others/g) ?? []).toHaveLength(times)
  await rm(folder, { recursive: true })
})

describe('where the log cannot be written', () => {
  test('mutations are refused, everything else goes on, and /health says so', async () => {
    await using gateway = await startTestGateway('--audit-log=/dev/full')
    expect(await health(gateway)).toEqual({ status: 'ok' })
    const { data } = await gateway.ask(setStatus, { input })
    expect(data.result).toMatchObject({ __typename: 'RequestFailedError', code: 'AUDIT_UNAVAILABLE' })
    expect(gateway.sandbox.calls).toEqual([])
    expect((await gateway.ask('{ users { nodes { userName } } }')).errors).toBeUndefined()
    expect(await health(gateway)).toEqual({ status: 'degraded', troubles: [auditIsAway] })
  })
})

async function start(...flags: string[]): Promise<Process & { readonly url: string }> {
  const gateway = await runMain(['start', '--port=0', '--sandbox-port=0', ...flags])
  const [, url = ''] = await gateway.said(/(http:\S+\/graphql)/)
  return Object.assign(gateway, { url })
}

async function health({ url }: TestGateway): Promise<unknown> {
  return (await fetch(url.replace('/graphql', '/health'))).json()
}
