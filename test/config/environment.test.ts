import { describe, expect, test } from 'vitest'
import { flagTable, readConfig } from '../../src/config.ts'
import { refusal } from './refusal.ts'

describe('the environment', () => {
  test('gives every flag of every command', () => {
    const examples: Record<string, string> = {
      IAM_GATEWAY_ALLOWED_HOST: 'a.example, b.example:1',
      IAM_GATEWAY_ALLOWED_ORIGIN: 'http://a.example',
      IAM_GATEWAY_ALLOW_IMPLICIT_USER: 'false',
      IAM_GATEWAY_CHANGE_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/123456789012/iam-changes',
      CHANGE_QUEUE_URL: 'none',
      IAM_GATEWAY_REDIS_URL: 'rediss://:secret@redis.example:6380/1',
      REDIS_URL: 'redis://redis.example',
      IAM_GATEWAY_HOST: 'localhost',
      IAM_GATEWAY_IAM_CONCURRENCY: '7',
      IAM_GATEWAY_LOG_LEVEL: 'silent',
      IAM_GATEWAY_REPORT_COST: 'false',
      IAM_GATEWAY_INSECURE_NO_AUTH: 'true',
      IAM_GATEWAY_OIDC_ISSUER: 'https://issuer.example',
      IAM_GATEWAY_OIDC_ALGORITHM: 'ES256',
      IAM_GATEWAY_AWS_WEB_IDENTITY_ROLE: 'arn:aws:iam::123456789012:role/gateway/auditor',
      IAM_GATEWAY_AWS_SESSION_DURATION: '900',
      IAM_GATEWAY_INTROSPECTION: 'false',
      IAM_GATEWAY_GRAPHIQL: 'false',
      IAM_GATEWAY_PERSISTED_OPERATIONS_ONLY: 'true',
    }
    const issuer = { IAM_GATEWAY_OIDC_ISSUER: 'https://issuer.example', IAM_GATEWAY_OIDC_AUDIENCE: 'gateway' }
    const role = { ...issuer, IAM_GATEWAY_AWS_WEB_IDENTITY_ROLE: 'arn:aws:iam::123456789012:role/operator' }
    /** What a variable means nothing, or is refused, without. */
    const beside: Record<string, NodeJS.ProcessEnv> = {
      IAM_GATEWAY_OIDC_ISSUER: { IAM_GATEWAY_OIDC_AUDIENCE: 'gateway', IAM_GATEWAY_OIDC_ISSUER: 'https://a.example' },
      IAM_GATEWAY_OIDC_AUDIENCE: issuer,
      IAM_GATEWAY_AWS_WEB_IDENTITY_ROLE: issuer,
      IAM_GATEWAY_AWS_ROLE_CLAIM: role,
      IAM_GATEWAY_PERSISTED_OPERATIONS_ONLY: { IAM_GATEWAY_PERSISTED_OPERATIONS: 'manifest.json' },
    }
    const needsIssuer = /_(JWKS_FILE|OIDC_ALGORITHM|SCOPE_\w+|CLOCK_TOLERANCE|TOKEN_GRACE|MAX_CALLER_\w+)$/
    const given = flagTable().flatMap(({ variables, commands }) =>
      variables.flatMap(variable => commands.map(command => [command, variable] as const)),
    )
    for (const [command, variable] of given.filter(([, variable]) => !/_KEY(_ID)?$/.test(variable))) {
      const others = beside[variable] ?? (needsIssuer.test(variable) ? issuer : {})
      const before = readConfig([command], others)
      const after = readConfig([command], { ...others, [variable]: examples[variable] ?? '77' })
      const same = command === 'serve' && variable === 'IAM_GATEWAY_ALLOW_IMPLICIT_USER'
      expect.soft(JSON.stringify(after) === JSON.stringify(before), `${variable} of ${command}`).toBe(same)
    }
    expect(
      readConfig(['sandbox'], { IAM_GATEWAY_ACCESS_KEY_ID: 'K', IAM_GATEWAY_SECRET_ACCESS_KEY: 'S' }),
    ).toMatchObject({ sandbox: { accessKeyId: 'K', secretAccessKey: 'S' } })
  })

  test('yields to a flag', () => {
    expect(readConfig(['start', '--port', '4100'], { IAM_GATEWAY_PORT: '4200' })).toMatchObject({ port: 4100 })
    expect(readConfig(['start', '--port', '4100'], { IAM_GATEWAY_PORT: 'http' })).toMatchObject({ port: 4100 })
  })

  test('is named where its value is wrong', () => {
    expect(refusal(['start'], { IAM_GATEWAY_PORT: 'tcp://10.0.0.1:80' }).message).toBe(
      'IAM_GATEWAY_PORT: expected a whole number from 0 to 65535, got "tcp://10.0.0.1:80"',
    )
    expect(refusal(['sandbox'], { IAM_GATEWAY_SECRET_ACCESS_KEY: 'S' }).message).toMatch(
      /got only IAM_GATEWAY_SECRET_ACCESS_KEY$/,
    )
  })

  test('has a name of the gateway’s own for what others name, too, and that one wins', () => {
    const environment = { REDIS_URL: 'redis://others', IAM_GATEWAY_REDIS_URL: 'redis://own' }
    expect(readConfig(['serve'], environment)).toMatchObject({ redisUrl: 'redis://own' })
    expect(readConfig(['serve'], { ...environment, IAM_GATEWAY_REDIS_URL: '' })).toMatchObject({
      redisUrl: 'redis://others',
    })
  })

  test('does not show an address that cannot be used, for there may be a password in it', () => {
    expect(refusal(['serve'], { REDIS_URL: 'http://:hush@redis' }).message).toBe(
      'REDIS_URL: expected a URL such as redis://host:6379 or rediss://user:password@host:6379/0',
    )
    expect(refusal(['serve', '--redis-url=redis://host/hush']).message).not.toContain('hush')
    expect(refusal(['serve', '--oidc-issuer=https://me:hush@issuer.example']).message).not.toContain('hush')
    expect(refusal(['serve', '--change-queue-url=hush']).message).toBe(
      '--change-queue-url: expected a URL that begins with https:// or http://, or none',
    )
  })

  test('counts an empty variable as not given', () => {
    expect(readConfig(['start'], { IAM_GATEWAY_PORT: '', IAM_GATEWAY_ALLOWED_HOST: '' })).toMatchObject({
      port: 4000,
      allowedHost: [],
    })
  })
})
