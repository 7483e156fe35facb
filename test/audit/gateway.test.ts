import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
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
