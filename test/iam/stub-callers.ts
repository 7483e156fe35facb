import { createIamClient, type IamClient, type IamClientOptions } from '../../src/iam/client.ts'
import { createSessions, type Sessions, type SessionsOptions } from '../../src/iam/web-identity.ts'
import type { Principal } from '../../src/principal.ts'
import { answerOf, type StubAnswer, type StubCall, type StubIam, startStubIam } from '../stub-iam.ts'
import { user } from './stub-client.ts'

export const role = 'arn:aws:iam::111111111111:role/team/reader'

export interface StubCallers extends AsyncDisposable {
  readonly iam: IamClient
  readonly sessions: Sessions
  readonly stub: StubIam
  as(principal: Principal): IamClient
  /** The calls of IAM alone, each with the access key that signed it. */
  readonly signed: readonly string[]
  readonly exchanges: readonly StubCall[]
}

/** One stub for STS and IAM; what it is not told to answer it answers as they would. */
export async function startStubCallers(
  answer: (call: StubCall) => StubAnswer | undefined | Promise<StubAnswer | undefined> = () => undefined,
  options: IamClientOptions & Partial<SessionsOptions> = {},
): Promise<StubCallers> {
  const stub = await startStubIam(async call => (await answer(call)) ?? granted(call))
  const iam = createIamClient({ endpoint: stub.url, region: 'us-east-1', credentials: own, ...options })
  const sts = { endpoint: stub.url, region: 'us-east-1', ...options.sts }
  // Time stands still: what is remembered for a moment is remembered for the whole test.
  const at = Date.now()
  const sessions = createSessions({
    roles: [role],
    roleClaim: undefined,
    duration: 3600,
    now: () => at,
    ...options,
    sts,
  })
  const isExchange = ({ action }: StubCall) => action === 'AssumeRoleWithWebIdentity'
  return {
    iam,
    sessions,
    stub,
    as: principal => iam.as(sessions.of(principal)),
    get signed() {
      return stub.calls.filter(call => !isExchange(call)).map(call => `${call.action} ${signerOf(call)}`)
    },
    get exchanges() {
      return stub.calls.filter(isExchange)
    },
    async [Symbol.asyncDispose]() {
      sessions.destroy()
      iam.destroy()
      await stub.close()
    },
  }
}

export const own = { accessKeyId: 'AKIAOWN', secretAccessKey: 'secret' }

export function signerOf({ headers }: StubCall): string | undefined {
  return /Credential=(\w+)\//.exec(headers.authorization ?? '')?.[1]
}

/** The access key names its role and its caller: `ASIAreaderalice`. */
export function granted({ action, parameters }: StubCall): StubAnswer {
  if (action === 'GetUser') return user
  if (action === 'ListSigningCertificates') return answerOf(action, '<Certificates/><IsTruncated>false</IsTruncated>')
  if (action === 'ListServiceSpecificCredentials') return answerOf(action, '<ServiceSpecificCredentials/>')
  if (action !== 'AssumeRoleWithWebIdentity') return answerOf(action)
  const name = `${parameters['RoleArn']?.replace(/.*\//, '')}${parameters['RoleSessionName']}`
  const expiration = new Date(Date.now() + Number(parameters['DurationSeconds']) * 1000).toISOString()
  return answerOf(
    action,
    `<Credentials><AccessKeyId>ASIA${name}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>` +
      `<SessionToken>session of ${name}</SessionToken><Expiration>${expiration}</Expiration></Credentials>`,
  )
}
