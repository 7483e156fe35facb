import { answerOf, refusalOf, startStubIam } from '../stub-iam.ts'
import type { Environment } from './process.ts'

export const gatewayArn = 'arn:aws:iam::123456789012:user/gateway'

/** An IAM that keeps whoever lists users waiting until it is told to answer; changes it takes at once. */
export interface HeldIam extends AsyncDisposable {
  /** What leads a gateway here. */
  readonly environment: Environment
  /** Resolves when ListUsers has arrived. */
  readonly asked: Promise<void>
  answer(): void
}

export async function startHeldIam(): Promise<HeldIam> {
  let arrive = () => {}
  const asked = new Promise<void>(resolve => {
    arrive = resolve
  })
  let answer = () => {}
  const told = new Promise<void>(resolve => {
    answer = resolve
  })
  const iam = await startStubIam(async ({ action }) => {
    if (action === 'GetUser') return answerOf('GetUser', `<User><Arn>${gatewayArn}</Arn></User>`)
    if (action === 'UpdateSigningCertificate') return answerOf(action)
    if (action !== 'ListUsers') return refusalOf('AccessDenied', 403)
    arrive()
    await told
    return answerOf('ListUsers', '<Users/><IsTruncated>false</IsTruncated>')
  })
  return {
    environment: { AWS_ENDPOINT_URL_IAM: iam.url, AWS_ACCESS_KEY_ID: 'K', AWS_SECRET_ACCESS_KEY: 'S' },
    asked,
    answer,
    [Symbol.asyncDispose]: iam.close,
  }
}
