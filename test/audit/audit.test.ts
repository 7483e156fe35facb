import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { auditIsAway } from '../../src/audit/audit.ts'
import { anonymous } from '../../src/principal.ts'
import { project } from '../command/process.ts'
import { alice, disabling, forbidden, linesOf, openAudit } from './written.ts'

const made = { code: 'OK', awsRequestId: 'aws-1' } as const
const unavailable = { code: 'AUDIT_UNAVAILABLE', message: 'The audit log cannot be written. Nothing was changed.' }

describe('a line', () => {
  test('says of a mutation who meant to do what in whose name, and another what came of it', async () => {
    await using written = await openAudit({ now: () => Date.UTC(2026, 10, 22, 10, 49, 26, 7) })
    await written.audit.intent(disabling())
    await written.audit.outcome(disabling(), made)
    const asked = {
      time: '2026-11-22T10:49:26.007Z',
      id: 'one',
      requestId: 'request',
      principal: { name: 'alice', issuer: 'https://issuer.example' },
      awsIdentity: 'arn:aws:iam::123456789012:user/gateway',
      mutation: 'setSigningCertificateStatus',
      path: 'disable',
      operationName: 'Disable',
      target: { userName: 'bob', certificateId: 'A'.repeat(32), status: 'Inactive' },
    }
    expect(await written.records()).toEqual([
      { ...asked, event: 'intent' },
      { ...asked, event: 'outcome', code: 'OK', awsRequestId: 'aws-1' },
    ])
  })

  test('says of a refused access who was refused what, where that is known, and from where', async () => {
    await using written = await openAudit({ now: () => 0 })
    const client = { address: '203.0.113.7', forwardedFor: '198.51.100.1' }
    await written.audit.refused(forbidden({ client, operationName: 'Disable' }))
    await written.audit.refused(forbidden({ code: 'UNAUTHENTICATED', principal: undefined, transport: 'websocket' }))
    expect(await written.records()).toEqual([
      {
        time: '1970-01-01T00:00:00.000Z',
        event: 'refused',
        requestId: 'request',
        principal: { name: 'alice', issuer: 'https://issuer.example' },
        operationName: 'Disable',
        code: 'FORBIDDEN',
        message: 'The token lacks the scope write.',
        transport: 'http',
        client,
      },
      expect.objectContaining({ code: 'UNAUTHENTICATED', transport: 'websocket', client: { address: '203.0.113.7' } }),
    ])
  })

  test('never holds the token, nor what it claims', async () => {
    await using written = await openAudit()
    await written.audit.intent(disabling())
    await written.audit.outcome(disabling(), made)
    await written.audit.refused(forbidden())
    const text = await readFile(written.path, 'utf8')
    expect(text).toContain('alice')
    expect(text).not.toMatch(/eyJ|secret/)
  })

  test.each([
    ['a line feed', 'bob\n{"event":"outcome"}'],
    ['a carriage return', 'bob\r{"event":"outcome"}'],
    ['a line separator', 'bob\u2028{}'],
    ['a paragraph separator', 'bob\u2029{}'],
    ['a next line', 'bob\u0085{}'],
    ['a colour of terminals', 'bob\u001b[31m'],
    ['a C1 control', 'bob\u009b31m'],
    ['a delete', 'bob\u007f'],
    ['a change of direction', 'bob\u202egnp.exe'],
    ['a joiner', 'b\u200dob'],
    ['an invisible tag', `bob${String.fromCodePoint(0xe0041)}`],
    ['half a character', 'bob\ud83d'],
  ])('is one line of what can be seen, whatever a client sent: %s', async (_what, userName) => {
    await using written = await openAudit()
    await written.audit.intent(disabling({ target: { userName }, path: userName, operationName: userName }))
    await written.audit.refused(forbidden({ message: userName, client: { address: '::1', forwardedFor: userName } }))
    const text = await readFile(written.path, 'utf8')
    expect(text).toMatch(/^(?:[\p{L}\p{N}\p{P}\p{S} ]+\n){2}$/u)
    const [intent, refused] = linesOf(text)
    expect(intent).toMatchObject({ target: { userName }, path: userName, operationName: userName })
    expect(refused).toMatchObject({ message: userName, client: { forwardedFor: userName } })
  })

  test('is not as long as clients like', async () => {
    await using written = await openAudit()
    const long = 'ü'.repeat(100_000)
    await written.audit.intent(disabling({ target: { userName: long }, path: long, operationName: long }))
    await written.audit.refused(forbidden({ message: long, principal: { ...alice, name: long } }))
    const [intent, refused] = await written.records()
    for (const text of [intent.target.userName, intent.path, intent.operationName, refused.message]) {
      expect(text).toBe(`${'ü'.repeat(200)}…`)
    }
    expect(refused.principal.name).toBe(`${'ü'.repeat(1000)}…`)
  })

  test.each([
    ['a control', '\u0001', 33],
    ['a quote', '"', 100],
    ['a direction', '\u202e', 33],
    ['a tag, of two halves', String.fromCodePoint(0xe0041), 16],
    ['half a character', '\ud83d', 33],
  ])('is cut by what stands in it, not by what was sent: %s', async (_what, sign, most) => {
    await using written = await openAudit()
    await written.audit.refused(forbidden({ message: sign.repeat(200) }))
    const [{ message }] = await written.records()
    expect(message).toBe(`${sign.repeat(most)}…`)
  })

  test('has of what a proxy says but the beginning', async () => {
    await using written = await openAudit()
    await written.audit.refused(forbidden({ client: { address: '::1', forwardedFor: '1'.repeat(200) } }))
    const [{ client }] = await written.records()
    expect(client).toEqual({ address: '::1', forwardedFor: `${'1'.repeat(100)}…` })
  })
})

describe('a file', () => {
  test('is for its owner alone, and is added to', async () => {
    await using written = await openAudit()
    await written.audit.intent(disabling())
    expect((await stat(written.path)).mode & 0o777).toBe(0o600)
    await appendFile(written.path, '{"of":"another process"}\n')
    await written.audit.outcome(disabling(), made)
    expect(await written.records()).toMatchObject([
      { event: 'intent' },
      { of: 'another process' },
      { event: 'outcome' },
    ])
  })

  test('may be moved away: intents go to the new one at once', async () => {
    await using written = await openAudit({ now: () => 0 })
    await written.audit.intent(disabling({ id: 'old' }))
    await rename(written.path, `${written.path}.1`)
    await written.audit.intent(disabling({ id: 'new' }))
    expect(await written.records(`${written.path}.1`)).toMatchObject([{ id: 'old' }])
    expect(await written.records()).toMatchObject([{ id: 'new' }])
    await rm(written.path)
    await writeFile(written.path, '')
    await written.audit.intent(disabling({ id: 'newest' }))
    expect(await written.records()).toMatchObject([{ id: 'newest' }])
    expect(written.log).toEqual([])
  })

  test('may be moved away: everything else goes to the new one within a second', async () => {
    let time = 0
    await using written = await openAudit({ now: () => time })
    await written.audit.refused(forbidden({ requestId: 'first' }))
    await rename(written.path, `${written.path}.1`)
    time = 999
    await written.audit.refused(forbidden({ requestId: 'second' }))
    time = 1000
    await written.audit.refused(forbidden({ requestId: 'third' }))
    expect(await written.records(`${written.path}.1`)).toMatchObject([{ requestId: 'first' }, { requestId: 'second' }])
    expect(await written.records()).toMatchObject([{ requestId: 'third' }])
  })

  test('is shared by processes, line by line', async () => {
    await using written = await openAudit()
    const script = `
      const audit = open()
      await Promise.all(Array.from({ length: 500 }, (_, at) => audit.refused(refused(process.pid + '/' + at))))
      await audit.close()`
    await Promise.all([inProcess(script, written.path), inProcess(script, written.path)])
    const records = await written.records()
    expect(new Set(records.map(({ requestId }) => requestId)).size).toBe(1000)
  })

  test('that took but a part of a line gets the next one on a line of its own', async () => {
    await using written = await openAudit()
    // A file may grow to 1 KiB; the signal that says it may not grow is ignored, so that the write fails.
    const limited = ['-c', 'trap "" XFSZ; ulimit -f 1; exec "$0" "$@"']
    const script = `
      const audit = open()
      do await audit.refused(refused('filling')); while (audit.state === 'ok')
      truncateSync(path, 700)
      await audit.refused(refused('mended'))
      await audit.close()`
    await inProcess(script, written.path, limited)
    const lines = (await readFile(written.path, 'utf8')).trimEnd().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ requestId: 'mended' })
    expect(() => JSON.parse(lines.at(-2) ?? '')).toThrow()
  })
})

test('a flood of refused accesses takes so much memory and no more, and holds back no mutation', async () => {
  await using written = await openAudit()
  const flood = Array.from({ length: 12_000 }, (_, at) => written.audit.refused(forbidden({ requestId: String(at) })))
  await written.audit.intent(disabling())
  await Promise.all(flood)
  expect(written.audit.state).toBe('ok')
  await written.audit.close()
  const records = await written.records()
  expect(records).toHaveLength(10_002)
  expect(records.at(-1)).toEqual({ time: expect.any(String), event: 'refused', omitted: 2_000 })
})

test('a mutation waits for no more than one refused access, however slowly the log is taken', async () => {
  const taken: string[] = []
  const slow = new Writable({
    write(line, _encoding, done) {
      taken.push(JSON.parse(String(line)).event)
      setTimeout(done, 1)
    },
  })
  await using written = await openAudit({ destination: slow })
  const flood = Array.from({ length: 1_000 }, () => written.audit.refused(forbidden()))
  await flood[0]
  const before = taken.length
  await written.audit.intent(disabling())
  expect(taken.slice(before).indexOf('intent')).toBeLessThan(2)
  await Promise.all(flood)
  expect(taken).toHaveLength(1_001)
})

describe('of callers who are not known', () => {
  const nobody = forbidden({ code: 'UNAUTHENTICATED', principal: undefined })
  const omission = (omitted: number) => ({ time: expect.any(String), event: 'refused', omitted })
  afterEach(() => vi.useRealTimers())

  test.each([
    ['nobody', undefined],
    ['somebody whom nobody asked for a token', anonymous],
  ])('there are so many lines a second, and how many there were beyond them: %s', async (_who, principal) => {
    let time = 0
    await using written = await openAudit({ now: () => time })
    const refuse = (times: number) =>
      Promise.all(Array.from(Array(times), () => written.audit.refused({ ...nobody, principal })))
    await refuse(300)
    expect(await written.records()).toHaveLength(200)
    time = 1_000
    await refuse(300)
    expect(await written.records()).toHaveLength(220)
    // Clocks are set back.
    time = 0
    await refuse(1)
    await written.audit.close()
    expect((await written.records()).slice(220)).toEqual([omission(381)])
  })

  test('all are written whom a token made known', async () => {
    await using written = await openAudit({ now: () => 0 })
    await Promise.all(Array.from(Array(500), () => written.audit.refused(nobody)))
    await Promise.all(Array.from(Array(500), () => written.audit.refused(forbidden())))
    const known = (await written.records()).filter(({ principal }) => principal)
    expect(known).toHaveLength(500)
  })

  test('how many were left out is told every ten seconds, as long as there are any', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await using written = await openAudit({ now: () => 0 })
    const omissions = async () => (await written.records()).filter(({ omitted }) => omitted !== undefined)
    const refuse = (times: number) => Promise.all(Array.from(Array(times), () => written.audit.refused(nobody)))
    await refuse(203)
    vi.advanceTimersByTime(9_999)
    expect(await omissions()).toEqual([])
    vi.advanceTimersByTime(1)
    await expect.poll(omissions).toEqual([omission(3)])
    await refuse(2)
    vi.advanceTimersByTime(10_000)
    await expect.poll(omissions).toEqual([omission(3), omission(2)])
    vi.advanceTimersByTime(60_000)
    await written.audit.close()
    expect(await omissions()).toEqual([omission(3), omission(2)])
  })

  test('none that could not be told is forgotten', async () => {
    await using written = await openAudit({ now: () => 0 })
    await Promise.all(Array.from(Array(205), () => written.audit.refused(nobody)))
    await rm(written.folder, { recursive: true })
    await expect(written.audit.intent(disabling())).rejects.toMatchObject(unavailable)
    await written.audit.close()
    expect(written.log.at(-1)).toMatchObject({ level: 40, lines: 5, msg: expect.stringContaining('lacks') })
  })

  test('nobody waits for a reader who does not read', async () => {
    const stuck = new PassThrough({ highWaterMark: 1 })
    await using written = await openAudit({ destination: stuck, patience: 60_000 })
    await written.audit.refused(nobody)
    expect(written.audit.state).toBe('ok')
    expect(written.log).toEqual([])
    stuck.resume()
  })
})

describe('a log that cannot be written', () => {
  test.each([
    ['on a full disk', () => '/dev/full', /ENOSPC/],
    ['in a folder that is not there', (folder: string) => join(folder, 'none', 'audit.log'), /ENOENT/],
    ['where there is a folder', (folder: string) => folder, /EISDIR/],
  ])('refuses mutations, and says so once: %s', async (_where, place, reason) => {
    await using place1 = await openAudit()
    await using written = await openAudit({ destination: place(place1.folder) })
    const { audit, log } = written
    expect(audit.state).toBe('ok')
    for (const id of ['one', 'two']) await expect(audit.intent(disabling({ id }))).rejects.toMatchObject(unavailable)
    await audit.refused(forbidden())
    expect(audit.state).toBe('degraded')
    expect(log).toMatchObject([
      { level: 50, msg: auditIsAway, flag: '--audit-log', reason: expect.stringMatching(reason) },
    ])
  })

  test('heals with the next mutation, and has then what was refused meanwhile', async () => {
    await using written = await openAudit()
    const { audit, log, path, folder } = written
    await audit.intent(disabling({ id: 'before' }))
    await rm(folder, { recursive: true })
    await expect(audit.intent(disabling({ id: 'meanwhile' }))).rejects.toMatchObject(unavailable)
    for (const _ of Array(3)) await audit.refused(forbidden())
    await mkdir(folder)
    await audit.intent(disabling({ id: 'after' }))
    expect(audit.state).toBe('ok')
    expect(await written.records(path)).toMatchObject([
      { event: 'outcome', id: 'meanwhile', code: 'AUDIT_UNAVAILABLE', awsRequestId: null },
      { event: 'intent', id: 'after' },
    ])
    expect(log).toMatchObject([{ msg: auditIsAway }, { msg: 'the audit log is written again', missed: 3 }])
  })

  test('does not make of a change that was made one that was not: the record goes to the log, and is written later', async () => {
    await using written = await openAudit()
    const { audit, log, folder } = written
    await audit.intent(disabling())
    await rm(folder, { recursive: true })
    // Looked for once a second: this one line would go to the file that is not there any more.
    await expect(audit.intent(disabling({ id: 'other' }))).rejects.toMatchObject(unavailable)
    await audit.outcome(disabling(), made)
    expect(log.at(-1)).toMatchObject({
      level: 50,
      msg: 'an outcome could not be written to the audit log',
      record: { event: 'outcome', id: 'one', code: 'OK', awsRequestId: 'aws-1' },
    })
    await expect(audit.intent(disabling({ id: 'other' }))).rejects.toMatchObject(unavailable)
    await mkdir(folder)
    await audit.intent(disabling({ id: 'after' }))
    const ids = (await written.records()).map(({ event, id, code }) => [event, id, code])
    expect(ids).toEqual([
      ['outcome', 'other', 'AUDIT_UNAVAILABLE'],
      ['outcome', 'one', 'OK'],
      ['outcome', 'other', 'AUDIT_UNAVAILABLE'],
      ['intent', 'after', undefined],
    ])
  })

  test('is one whose reader has gone', async () => {
    const reader = spawn('true', { stdio: ['pipe', 'ignore', 'ignore'] })
    await once(reader, 'close')
    await using written = await openAudit({ destination: reader.stdin })
    await expect(written.audit.intent(disabling())).rejects.toMatchObject(unavailable)
    await expect(written.audit.intent(disabling())).rejects.toMatchObject(unavailable)
    expect(written.log).toMatchObject([{ msg: auditIsAway }])
  })

  test('is one whose reader does not read, until it does', async () => {
    const slow = new PassThrough({ highWaterMark: 1 })
    await using written = await openAudit({ destination: slow, patience: 10 })
    const { audit } = written
    for (const id of ['stuck', 'late']) await expect(audit.intent(disabling({ id }))).rejects.toMatchObject(unavailable)
    expect(audit.state).toBe('degraded')
    let text = ''
    slow.on('data', chunk => {
      text += chunk
    })
    await expect.poll(() => audit.intent(disabling({ id: 'then' })).then(() => 'written', String)).toBe('written')
    expect(audit.state).toBe('ok')
    // What was being written is there in the end, what waited is not; both are told to have been refused.
    const lines = linesOf(text).map(({ event, id, code }) => [event, id, code])
    expect(lines.slice(0, 3)).toEqual([
      ['intent', 'stuck', undefined],
      ['outcome', 'stuck', 'AUDIT_UNAVAILABLE'],
      ['outcome', 'late', 'AUDIT_UNAVAILABLE'],
    ])
  })
})

/** Runs against what is built, for only that runs without vitest: `open()`, and `refused(requestId)`. */
async function inProcess(script: string, path: string, shell?: readonly string[]): Promise<void> {
  const module = (name: string) => JSON.stringify(pathToFileURL(join(project, 'dist', name)))
  const whole = `
    import { truncateSync } from 'node:fs'
    import { createAudit } from ${module('audit/audit.js')}
    import { createLog } from ${module('log.js')}
    const path = ${JSON.stringify(path)}
    const open = () => createAudit({ destination: path, log: createLog('silent', process.stderr) })
    const principal = { name: 'alice', token: { issuer: '' } }
    const refused = requestId => ({ code: 'FORBIDDEN', message: '', transport: 'http', client: {}, requestId, principal })
    ${script}`
  const words = ['--input-type=module', '--eval', whole]
  await (shell
    ? promisify(execFile)('bash', [...shell, process.execPath, ...words])
    : promisify(execFile)(process.execPath, words))
}
