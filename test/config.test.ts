import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { flagTable, readConfig } from '../src/config.ts'
import { helpOf, refusal } from './config/refusal.ts'

const sandboxDefaults = {
  port: 4566,
  users: 200,
  latency: 0,
  rate: 0,
  burst: 0,
  maxPage: 1000,
  consistencyDelay: 0,
  eventDelay: 1000,
  seed: 1,
  roles: undefined,
}

const gatewayDefaults = {
  startedByNpm: false,
  port: 4000,
  host: '127.0.0.1',
  allowedHost: [],
  allowedOrigin: [],
  insecureNoAuth: false,
  oidcIssuer: undefined,
  oidcAudience: [],
  jwksFile: undefined,
  oidcAlgorithm: ['RS256', 'PS256', 'ES256', 'EdDSA'],
  scopeClaim: 'scope',
  scopePrefix: '',
  clockTolerance: 30,
  tokenGrace: 30,
  awsWebIdentityRole: [],
  awsRoleClaim: undefined,
  awsSessionDuration: 3600,
  introspection: undefined,
  graphiql: undefined,
  auditLog: undefined,
  logLevel: 'info',
  grace: 10,
  rememberedChanges: 10_000,
  rememberedFor: 168,
  redisUrl: undefined,
  redisPrefix: 'iam-graphql-gateway',
  changeQueueUrl: undefined,
  reconcileInterval: 900,
  keepAlive: 30,
  connectionInitTimeout: 10,
  maxSocketSubscriptions: 100,
  maxSubscriptions: 20_000,
  operationTimeout: 120,
  callTimeout: 30,
  iamConcurrency: 25,
  maxIamCalls: 1500,
  walkCalls: 200,
  cacheTtl: 5,
  cacheEntries: 20_000,
  cacheBytes: 67_108_864,
  answerCacheBytes: 16_777_216,
  consistencyWindow: 15,
  reportCost: true,
  maxDepth: 12,
  maxAliases: 30,
  maxTokens: 2000,
  maxDirectives: 50,
  maxBody: 131_072,
  maxCallerOperations: 50,
  maxCallerOperationsPerMinute: 1200,
  maxCallerIamCallsPerMinute: 6000,
  maxCallerSubscriptions: 500,
  maxVariableValues: 2000,
  maxVariableDepth: 10,
  persistedOperations: [],
  persistedOperationsOnly: false,
}

describe('a command', () => {
  test('start has the gateway’s defaults, the sandbox’s, and lets mutations act on the implicit user', () => {
    expect(readConfig(['start'], {})).toEqual({
      command: 'start',
      allowImplicitUser: true,
      ...gatewayDefaults,
      sandbox: sandboxDefaults,
    })
  })

  test('serve has no sandbox, and does not let mutations act on the implicit user', () => {
    expect(readConfig(['serve'], {})).toEqual({ command: 'serve', allowImplicitUser: false, ...gatewayDefaults })
  })

  test('sandbox is a sandbox alone, without an access key unless one is given', () => {
    expect(readConfig(['sandbox'], {})).toEqual({
      command: 'sandbox',
      startedByNpm: false,
      logLevel: 'info',
      sandbox: sandboxDefaults,
    })
  })

  test.each([
    [[], 'expected a command (start, serve or sandbox), got none'],
    [['strat'], 'expected a command (start, serve or sandbox), got "strat" (did you mean start?)'],
    [['--port', '4000'], 'expected a command (start, serve or sandbox), got "--port"'],
    [['start', '8080'], 'start: expected nothing but flags, got "8080"'],
  ])('%j: what was expected and got is said', (argv, sentence) => {
    expect(refusal(argv)).toEqual({ message: sentence, exitCode: 2 })
  })

  test('that npm started it is known from npm, and not inside some other script of npm’s', () => {
    expect(readConfig(['start'], { npm_lifecycle_event: 'start' }).startedByNpm).toBe(true)
    expect(readConfig(['start'], { npm_lifecycle_event: 'test' }).startedByNpm).toBe(false)
  })
})

describe('a flag', () => {
  test('is read in either spelling, the last one counting', () => {
    expect(readConfig(['start', '--port', '1', '--port=4100', '--sandbox-users', '500'], {})).toMatchObject({
      port: 4100,
      sandbox: { users: 500 },
    })
  })

  test('stands beside all the others of its command', () => {
    const line =
      '--port 4566 --users 5000 --latency 40 --rate 35.5 --max-page 100 --seed 7 --access-key-id K --secret-access-key S'
    expect(readConfig(['sandbox', ...line.split(' ')], {})).toMatchObject({
      sandbox: {
        port: 4566,
        users: 5000,
        latency: 40,
        rate: 35.5,
        maxPage: 100,
        seed: 7,
        accessKeyId: 'K',
        secretAccessKey: 'S',
      },
    })
  })

  test('that is true or false means true when it stands alone', () => {
    expect(readConfig(['serve', '--allow-implicit-user', '--port', '0'], {})).toMatchObject({ allowImplicitUser: true })
    expect(readConfig(['start', '--allow-implicit-user', 'false'], {})).toMatchObject({ allowImplicitUser: false })
  })

  test('that is a list is repeatable and splits at commas', () => {
    const argv = ['serve', '--allowed-host', 'Gateway.example.com,localhost:4100', '--allowed-host', '[::1]:4000']
    expect(readConfig(argv, {})).toMatchObject({
      allowedHost: ['gateway.example.com', 'localhost:4100', '[::1]:4000'],
    })
  })

  test('holds origins as browsers send them', () => {
    const argv = ['serve', '--allowed-origin', 'https://App.example.com:443,http://localhost:5173,vscode-webview://abc']
    expect(readConfig(argv, {})).toMatchObject({
      allowedOrigin: ['https://app.example.com', 'http://localhost:5173', 'vscode-webview://abc'],
    })
  })

  test.each(['127.0.0.1', '127.8.9.10', '::1', '0:0:0:0:0:0:0:1', 'localhost'])('may name the loopback %s', host => {
    expect(readConfig(['serve', '--host', host], {})).toMatchObject({ host })
  })

  test.each([
    [['start', '--prot', '1'], 'start: expected a flag that start --help lists, got "--prot" (did you mean --port?)'],
    [['serve', '--sandbox-users', '5'], 'serve: expected a flag that serve --help lists, got "--sandbox-users"'],
    [['start', '--port'], '--port: expected a value (<port>), got nothing'],
    [['start', '--port', 'http'], '--port: expected a whole number from 0 to 65535, got "http"'],
    [['start', '--port', '65536'], '--port: expected a whole number from 0 to 65535, got "65536"'],
    [['start', '--port', '1e3'], '--port: expected a whole number from 0 to 65535, got "1e3"'],
    [['start', '--port', ''], '--port: expected a whole number from 0 to 65535, got ""'],
    [['start', '--grace', '-1'], '--grace: expected a number from 0 to 86400, got "-1"'],
    [['start', '--max-depth', '0'], '--max-depth: expected a whole number of 1 or more, got "0"'],
    [['start', '--remembered-changes', '0'], '--remembered-changes: expected a whole number of 1 or more, got "0"'],
    [['start', '--sandbox-users', '5001'], '--sandbox-users: expected a whole number from 0 to 5000, got "5001"'],
    [['sandbox', '--max-page', '0'], '--max-page: expected a whole number from 1 to 1000, got "0"'],
    [['sandbox', '--seed', '1.5'], '--seed: expected a whole number of 0 or more, got "1.5"'],
    [['sandbox', '--rate', 'fast'], '--rate: expected a number from 0 to 10000, got "fast"'],
    [
      ['serve', '--log-level', 'loud'],
      '--log-level: expected one of trace, debug, info, warn, error, fatal, silent, got "loud"',
    ],
    [['serve', '--allow-implicit-user=maybe'], '--allow-implicit-user: expected true or false, got "maybe"'],
    [['serve', '--host', 'a b'], '--host: expected an IP address or a host name, got "a b"'],
    [['serve', '--host', ''], '--host: expected an IP address or a host name, got ""'],
    [
      ['serve', '--oidc-issuer', 'http://issuer.example'],
      '--oidc-issuer: expected a URL that begins with https:// (http:// on this machine alone), without a query or a password, got "http://issuer.example"',
    ],
    [
      ['serve', '--oidc-algorithm', 'HS256'],
      '--oidc-algorithm: expected one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, got "HS256"',
    ],
    [
      ['serve', '--aws-web-identity-role', 'auditor'],
      '--aws-web-identity-role: expected the ARN of an IAM role, got "auditor"',
    ],
    [
      ['serve', '--allowed-host', 'https://a.example'],
      '--allowed-host: expected a host name with or without a port, such as gateway.example.com or localhost:4100, got "https://a.example"',
    ],
    [
      ['serve', '--allowed-origin', 'https://a.example/path'],
      '--allowed-origin: expected an origin, scheme://host or scheme://host:port, got "https://a.example/path"',
    ],
  ])('%j: what was expected and got is said', (argv, sentence) => {
    expect(refusal(argv)).toEqual({ message: sentence, exitCode: 2 })
  })

  test.each([
    ['*', 'every page on the web could then use the credentials of the gateway, so name each origin'],
    ['null', 'any page can send the origin null, from a sandboxed frame'],
  ])('never lets in the origin %s, and says why', (origin, reason) => {
    expect(refusal(['serve', '--allowed-origin', `https://a.example,${origin}`]).message).toBe(
      `--allowed-origin: expected an origin, scheme://host or scheme://host:port, got "${origin}": ${reason}`,
    )
  })

  test.each([
    [['--access-key-id', 'K'], '--access-key-id'],
    [['--secret-access-key', 'S'], '--secret-access-key'],
  ])('%j: half an access key is refused', (argv, got) => {
    expect(refusal(['sandbox', ...argv]).message).toBe(
      `--access-key-id and --secret-access-key: expected both or neither, got only ${got}`,
    )
  })

  test('that may be a secret is not repeated in what is said about it', () => {
    expect(refusal(['sandbox', '--secret-access-key', 'hush hush', '--access-key-id', 'K']).message).toBe(
      '--secret-access-key: expected a text without spaces',
    )
    expect(refusal(['sandbox', '--secret-acces-key=hush']).message).not.toContain('hush')
  })
})

describe('help', () => {
  test.each(['start', 'serve', 'sandbox'])('of %s names each of its flags, their defaults and variables', command => {
    const help = helpOf([command, '--help']).replace(/\s+/g, ' ')
    const rows = flagTable().filter(row => row.commands.includes(command))
    expect(rows.length).toBeGreaterThan(8)
    for (const { flag, placeholder, variables, initial, help: text } of rows) {
      const names = variables.join(' or ')
      const origin = initial === '' ? names : `default: ${initial}; ${names}`
      expect.soft(help).toContain(`${flag} ${placeholder} ${text} (${origin})`)
    }
  })

  test('without a command names the commands', () => {
    expect(helpOf(['--help'])).toMatch(/start .*\n[\s\S]*serve .*\n[\s\S]*sandbox /)
  })

  test('wins over what else is wrong', () => {
    expect(helpOf(['start', '--prot', '--help'])).toContain('Usage: iam-graphql-gateway start')
  })

  test.each([[['--version']], [['start', '--version']], [['serve', '--version']], [['sandbox', '--version']]])(
    '%j is the package’s version',
    argv => {
      const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
      expect(helpOf(argv)).toBe(manifest.version)
    },
  )
})
