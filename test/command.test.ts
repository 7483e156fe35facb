import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Ended, type Environment, project, run, runMain } from './command/process.ts'

const { version } = JSON.parse(await readFile(join(project, 'package.json'), 'utf8')) as { readonly version: string }

describe('each command', () => {
  test.each([
    [[], /^Usage: iam-graphql-gateway .*Commands:.* start .* serve .* sandbox /s],
    [['start'], /^Usage: iam-graphql-gateway start .* --sandbox-users <count> /s],
    [['serve'], /^Usage: iam-graphql-gateway serve .* --allow-implicit-user \[true\|false\] /s],
    [['sandbox'], /^Usage: iam-graphql-gateway sandbox .* --access-key-id <id> /s],
  ])('shows its help and its version, and that is all: %j', async (command, help) => {
    const [helped, versioned] = await Promise.all([
      outcomeOf([...command, '--help']),
      outcomeOf([...command, '--version']),
    ])
    expect(helped).toEqual({ exitCode: 0, signal: null, stdout: expect.stringMatching(help), stderr: '' })
    expect(versioned).toEqual({ exitCode: 0, signal: null, stdout: `${version}\n`, stderr: '' })
  })

  test('has nothing to complain of where whoever reads it leaves early', async () => {
    const help = `"${process.execPath}" dist/main.js start --help`
    await using shell = await run('sh', ['-c', `{ ${help}; echo "ended with $?" >&2; } | true`])
    expect((await shell.ended).stderr).toBe('ended with 0\n')
  })
})

describe('a mistake', () => {
  test.each<[string[], Environment, string]>([
    [
      ['start', '--prot', '0'],
      {},
      'start: expected a flag that start --help lists, got "--prot" (did you mean --port?)',
    ],
    [['serve', '--port', 'http'], {}, '--port: expected a whole number from 0 to 65535, got "http"'],
    [
      ['start'],
      { IAM_GATEWAY_SANDBOX_USERS: 'many' },
      'IAM_GATEWAY_SANDBOX_USERS: expected a whole number from 0 to 5000, got "many"',
    ],
    [
      ['serve', '--host', '0.0.0.0'],
      {},
      '--host: expected a loopback address (127.0.0.0/8, ::1 or localhost), got "0.0.0.0": whoever reached the gateway there could use its credentials. Say by --oidc-issuer and --oidc-audience whose tokens callers must show, or by --insecure-no-auth that anybody may',
    ],
  ])('ends with 2 and one sentence, what was expected and got: %j %j', async (words, environment, sentence) => {
    expect(await outcomeOf(words, environment)).toEqual({
      exitCode: 2,
      signal: null,
      stdout: '',
      stderr: `iam-graphql-gateway: ${sentence}\n`,
    })
  })

  test.each([
    [['start', '--sandbox-port', '0'], '--port'],
    [['start', '--port', '0'], '--sandbox-port'],
    [['sandbox'], '--port'],
  ])('ends with 1 and one sentence where a port is in use: %j', async (words, flag) => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    try {
      expect(await outcomeOf([...words, flag, String(port)])).toEqual({
        exitCode: 1,
        signal: null,
        stdout: '',
        stderr: `iam-graphql-gateway: port ${port} is in use: choose another with ${flag}, or 0 for any free one.\n`,
      })
    } finally {
      other.close()
    }
  })
})

async function outcomeOf(words: readonly string[], environment: Environment = {}): Promise<Ended> {
  await using main = await runMain(words, environment)
  return await main.ended
}
