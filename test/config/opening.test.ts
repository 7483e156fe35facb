import { describe, expect, test } from 'vitest'
import { isLocal } from '../../src/config/opening.ts'
import { type GatewayOptions, readConfig } from '../../src/config.ts'
import { refusal as refused } from './refusal.ts'

const issuer = ['--oidc-issuer', 'https://issuer.example', '--oidc-audience', 'gateway']
const role = (name: string) => ['--aws-web-identity-role', `arn:aws:iam::123456789012:role/${name}`]

describe('a host beyond this machine', () => {
  test.each(['0.0.0.0', '::', '192.168.1.5', 'gateway.example.com', '128.0.0.1'])(
    '%j is refused without authentication, and it is said what to configure',
    host => {
      expect(refusal('--host', host)).toBe(
        `--host: expected a loopback address (127.0.0.0/8, ::1 or localhost), got ${JSON.stringify(host)}: whoever ` +
          'reached the gateway there could use its credentials. Say by --oidc-issuer and --oidc-audience whose tokens ' +
          'callers must show, or by --insecure-no-auth that anybody may',
      )
    },
  )

  test('is taken where callers authenticate, and where it is said that they need not', () => {
    expect(accepted('--host', '0.0.0.0', ...issuer)).toMatchObject({ host: '0.0.0.0', insecureNoAuth: false })
    expect(accepted('--host', '[2001:DB8::1]', '--insecure-no-auth')).toMatchObject({ host: '2001:db8::1' })
  })
})

test.each([
  [[], true],
  [['--host', '::1', '--allowed-host', 'localhost:4100,[::1]:80'], true],
  [['--allowed-host', 'gateway.example.com'], false],
  [['--host', '0.0.0.0', '--insecure-no-auth'], false],
])('%j: whether it is for this machine alone: %j', (argv, expected) => {
  expect(isLocal(accepted(...argv))).toBe(expected)
})

describe('flags that belong together', () => {
  test.each([
    [['--oidc-issuer', 'https://issuer.example'], '--oidc-issuer: expected --oidc-audience beside it, got none'],
    [['--oidc-audience', 'gateway'], '--oidc-audience: expected --oidc-issuer beside it, got none'],
    [['--jwks-file', 'keys.json'], '--jwks-file: expected --oidc-issuer beside it, got none'],
    [['--scope-prefix', 'iam:'], '--scope-prefix: expected --oidc-issuer beside it, got none'],
    [['--max-caller-operations', '5'], '--max-caller-operations: expected --oidc-issuer beside it, got none'],
    [role('auditor'), '--aws-web-identity-role: expected --oidc-issuer beside it, got none'],
    [['--aws-role-claim', 'role', ...issuer], '--aws-role-claim: expected --aws-web-identity-role beside it, got none'],
    [['--insecure-no-auth', ...issuer], '--insecure-no-auth: expected it without --oidc-issuer, got both'],
    [
      ['--persisted-operations-only'],
      '--persisted-operations-only: expected --persisted-operations beside it, got none',
    ],
    [
      [...role('auditor'), ...role('operator'), ...issuer],
      '--aws-web-identity-role: expected --aws-role-claim beside several roles, got none',
    ],
  ])('%j: which one is missing is said', (argv, sentence) => {
    expect(refusal(...argv)).toBe(sentence)
  })

  test('are named as they were given', () => {
    expect(() => readConfig(['serve'], { IAM_GATEWAY_HOST: '0.0.0.0' })).toThrow(/^IAM_GATEWAY_HOST: expected a loop/)
  })

  test('together are taken', () => {
    expect(accepted(...issuer, ...role('auditor'), ...role('operator'), '--aws-role-claim', 'role')).toMatchObject({
      oidcAudience: ['gateway'],
      awsRoleClaim: 'role',
    })
  })
})

function accepted(...argv: readonly string[]): GatewayOptions {
  const config = readConfig(['serve', ...argv], {})
  if (config.command === 'sandbox') throw new Error('expected a gateway, got a sandbox')
  return config
}

function refusal(...argv: readonly string[]): string {
  return refused(['serve', ...argv]).message
}
