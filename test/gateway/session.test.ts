import { expect, test } from 'vitest'
import { runMain } from '../command/process.ts'
import { startTestGateway } from '../gateway.ts'

test("callers' tokens are not shown to AWS where IAM is an emulator that has no STS", async () => {
  await using iam = await startTestGateway('--sandbox-users=2')
  const { url, credentials } = iam.sandbox
  const issuer = ['--oidc-issuer', 'http://127.0.0.1:9', '--oidc-audience', 'gateway']
  const role = ['--aws-web-identity-role', 'arn:aws:iam::123456789012:role/auditor']
  await using serving = await runMain(['serve', '--port', '0', ...issuer, ...role], {
    AWS_ENDPOINT_URL_IAM: url,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  })
  const { exitCode, stderr } = await serving.ended
  expect(exitCode).toBe(1)
  expect(stderr).toContain(
    `iam-graphql-gateway: the configured AWS endpoint of IAM is ${url}, and none is of STS: callers' tokens would be ` +
      'shown to AWS. Set AWS_ENDPOINT_URL_STS, too, or leave out --aws-web-identity-role.',
  )
})
