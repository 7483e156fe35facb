import { vi } from 'vitest'
import { readConfig } from '../src/config.ts'
import { createGateway, type Gateway } from '../src/gateway.ts'
import { mintCertificate } from '../src/sandbox/x509.ts'
import { answerOf, refusalOf, type StubIam, startStubIam } from './stub-iam.ts'

/** A gateway on an IAM that answers for a user's certificates when the test says so. */
export interface HeldGateway extends AsyncDisposable {
  readonly url: string
  readonly gateway: Gateway
  readonly iam: StubIam
  release(userName: string): void
}

export interface HeldAccount {
  /** In IAM's order; each holds one certificate. */
  readonly users: readonly string[]
  readonly held: readonly string[]
  /** Whose certificates IAM refuses to list. */
  readonly refused?: readonly string[]
}

export async function startHeldGateway({ users, held, refused = [] }: HeldAccount): Promise<HeldGateway> {
  const answers = new Map(held.map(userName => [userName, hold()]))
  const body = mintCertificate({ subject: { CN: 'anyone' } })
  const iam = await startStubIam(async ({ action, parameters: { UserName = '' } }) => {
    if (action === 'GetUser') return answerOf(action, `<User>${userXml('gateway')}</User>`)
    if (action === 'ListUsers') return answerOf(action, listXml('Users', users.map(userXml)))
    await answers.get(UserName)?.answered
    if (refused.includes(UserName)) return refusalOf('AccessDenied', 403)
    return answerOf(action, listXml('Certificates', [certificateXml(UserName, body)]))
  })
  vi.stubEnv('AWS_ENDPOINT_URL_IAM', iam.url)
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIASTUBSTUBSTUBSTUB')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
  const config = readConfig(['serve', '--port=0', '--log-level=silent', '--cache-ttl=0'], {})
  if (config.command !== 'serve') throw new Error('expected the serve command')
  const gateway = await createGateway(config)
  return {
    url: gateway.url,
    gateway,
    iam,
    release: userName => answers.get(userName)?.answer(),
    async [Symbol.asyncDispose]() {
      for (const { answer } of answers.values()) answer()
      await gateway.close()
      await iam.close()
      vi.unstubAllEnvs()
    },
  }
}

function hold() {
  let answer = () => {}
  const answered = new Promise<void>(resolve => {
    answer = resolve
  })
  return { answer: () => answer(), answered }
}

function userXml(userName: string): string {
  const date = '<CreateDate>2026-01-02T03:04:05Z</CreateDate>'
  const arn = `arn:aws:iam::123456789012:user/${userName}`
  return `<UserName>${userName}</UserName><UserId>AIDA${userName}</UserId><Arn>${arn}</Arn><Path>/</Path>${date}`
}

function certificateXml(userName: string, body: string): string {
  const id = `<CertificateId>CERTIFICATE${userName.toUpperCase()}</CertificateId><Status>Active</Status>`
  const date = '<UploadDate>2026-01-02T03:04:05Z</UploadDate>'
  return `<UserName>${userName}</UserName>${id}<CertificateBody>${body}</CertificateBody>${date}`
}

function listXml(name: string, members: readonly string[]): string {
  const list = members.map(member => `<member>${member}</member>`).join('')
  return `<${name}>${list}</${name}><IsTruncated>false</IsTruncated>`
}
