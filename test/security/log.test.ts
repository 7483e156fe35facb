import { afterAll, beforeAll, expect, test } from 'vitest'
import { type GatewayProcess, runStart } from '../command/announcement.ts'
import { openGraphQLSocket, openSocket, postText, readToEnd, requestText, sendRaw } from '../server/transport.ts'
import { expectMasked } from './unharmed.ts'

/** As it runs, with everything that it would ever log. */
let gateway: GatewayProcess
beforeAll(async () => {
  gateway = await runStart(['--sandbox-users=2', '--log-level=trace', '--reconcile-interval=0'])
})
afterAll(() => gateway[Symbol.asyncDispose]())

/** A line of the log that nobody logged. */
const forged = '{"level":60,"msg":"forged"}'

/** Every line is JSON of one entry, in ASCII or in letters: nothing that ends a line, or that a terminal obeys. */
async function expectLogWhole(): Promise<void> {
  expect((await gateway.ask('{ viewer { userName } }')).errors).toBeUndefined()
  const { stderr } = gateway.heard()
  expect(stderr).not.toBe('')
  for (const line of stderr.trimEnd().split('\n')) {
    const entry = JSON.parse(line) as { level: number; msg?: string }
    expect(entry.level).toBeLessThan(50)
    expect(entry.msg).not.toBe('forged')
    expect(line).toSatisfy(isHarmless)
  }
}

test('line ends and terminal commands in headers: Host, Origin, Content-Type, Authorization, x-request-id', async () => {
  const nasty = [`x\x9b2J\x85${forged}`, `\xff\xfe${forged}`, `"${forged}"`, '\x80\x9f\xa0']
  for (const value of nasty) {
    for (const name of [
      'host',
      'origin',
      'content-type',
      'content-encoding',
      'authorization',
      'x-request-id',
      'user-agent',
    ]) {
      const socket = await openSocket(gateway.url)
      const read = readToEnd(socket)
      // Byte for byte, as no client library would send it.
      socket.write(Buffer.from(postText('{"query":"{ __typename }"}', { [name]: value }), 'latin1'))
      const answer = await read
      expect(answer).toMatch(/^HTTP\/1\.1 (200|401|403|415) /)
      expect(answer).not.toContain('forged"}\r\n')
    }
  }
  for (const end of ['\r\n', '\n', '\r', '\0']) {
    const request = requestText('GET /graphql', { 'x-request-id': `x${end}${forged}${end}set-cookie: a=b` })
    expect((await sendRaw(gateway.url, request)).head).not.toMatch(/^set-cookie/im)
  }
  await expectLogWhole()
})

test('line ends and terminal commands in operation names, documents, variables and paths', async () => {
  for (const text of [
    `x\n${forged}\n`,
    `x\r\nset-cookie: a=b\r\n\r\n${forged}`,
    '\u001b[2J\u009b31m',
    '\u2028\u2029',
    '\u202e',
  ]) {
    for (const body of [
      { query: 'query A { __typename }', operationName: text },
      { query: `query A { ${text} }` },
      { query: `# ${text}\n{ __typename }` },
      { query: 'query ($name: String!) { user(userName: $name) { id } }', variables: { name: text } },
      { query: 'query ($first: Int) { users(first: $first) { nodes { id } } }', variables: { first: text } },
      { query: '{ __typename }', extensions: { [text]: text } },
      { query: '{ __typename }', [text]: text },
    ]) {
      const { head, body: answer } = await sendRaw(gateway.url, postText(JSON.stringify(body)))
      expect(head).not.toMatch(/^set-cookie/im)
      expect(head).toMatch(/^x-request-id: [\da-f-]{36}$/im)
      expectMasked(JSON.parse(answer).errors ?? [])
    }
    await sendRaw(gateway.url, requestText(`GET /${encodeURIComponent(text)}?query=${encodeURIComponent(text)}`, {}))
    await using socket = await openGraphQLSocket(gateway.url)
    await socket.ask({ query: text, operationName: text }).catch(() => {})
  }
  await expectLogWhole()
})

test('a request id of the client’s own', async () => {
  const ids = new Set<string>()
  for (const id of ['forged', 'forged', '../../x', 'x'.repeat(1_000)]) {
    const headers = { 'x-request-id': id, 'x-amzn-requestid': id, traceparent: id }
    const { head } = await sendRaw(gateway.url, postText('{"query":"{ __typename }"}', headers))
    ids.add(/^x-request-id: (.*)$/im.exec(head)?.[1] ?? '')
    expect(head).not.toContain(id)
  }
  expect(ids.size).toBe(4)
})

/** No C0 or C1 control, no line or paragraph separator. */
function isHarmless(line: string): boolean {
  return [...line].every(sign => {
    const code = sign.codePointAt(0) ?? 0
    return code >= 0x20 && !(code >= 0x7f && code <= 0x9f) && code !== 0x2028 && code !== 0x2029
  })
}
