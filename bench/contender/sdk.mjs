/**
 * The SDK in a plain script, which makes of its answers what the GraphQL answers are, with as few calls as IAM allows:
 * `node sdk.mjs sequential|unbounded|adaptive|lanes`.
 */
import { Buffer } from 'node:buffer'
import { X509Certificate } from 'node:crypto'
import {
  GetUserCommand,
  IAMClient,
  ListServiceSpecificCredentialsCommand,
  ListSigningCertificatesCommand,
  ListUsersCommand,
  UpdateSigningCertificateCommand,
} from '@aws-sdk/client-iam'
import { answer, ready } from '../probe.mjs'

const modes = {
  sequential: { atOnce: 1, client: {} },
  unbounded: { atOnce: Number.POSITIVE_INFINITY, client: {} },
  adaptive: { atOnce: Number.POSITIVE_INFINITY, client: { retryMode: 'adaptive' } },
  lanes: { atOnce: 20, client: { maxAttempts: 9 } },
}
const { atOnce, client } = modes[process.argv[2]]
const iam = new IAMClient(client)

const scripts = {
  async oneUser() {
    const [{ User }, certificates, credentials] = await each(
      [
        () => iam.send(new GetUserCommand({ UserName: 'alice' })),
        () => listCertificates('alice'),
        () => iam.send(new ListServiceSpecificCredentialsCommand({ UserName: 'alice' })),
      ],
      ask => ask(),
    )
    return { user: user(User, certificates, credentials.ServiceSpecificCredentials, certificate) }
  },
  dashboard: () => dashboard(certificate),
  dashboardX509: () => dashboard(certificateWithX509),
  async mutation({ input: { userName, certificateId, status } }) {
    const Status = status === 'ACTIVE' ? 'Active' : 'Inactive'
    const change = { UserName: userName, CertificateId: certificateId, Status }
    await iam.send(new UpdateSigningCertificateCommand(change))
    const found = (await listCertificates(userName)).find(({ CertificateId }) => CertificateId === certificateId)
    return { setSigningCertificateStatus: { signingCertificate: certificate(found) } }
  },
  async sweep({ first }) {
    const { Users } = await iam.send(new ListUsersCommand({ MaxItems: first }))
    const nodes = await each(Users, async ({ UserName }) => ({
      userName: UserName,
      signingCertificates: await listCertificates(UserName).then(
        found => ({
          nodes: found.map(({ CertificateId, Status }) => ({
            certificateId: CertificateId,
            status: Status.toUpperCase(),
          })),
        }),
        () => null,
      ),
    }))
    return { users: { nodes, pageInfo: { hasNextPage: false } } }
  },
}

async function dashboard(certificateOf) {
  const { Users, IsTruncated } = await iam.send(new ListUsersCommand({ MaxItems: 100 }))
  const names = Users.map(({ UserName }) => UserName)
  const credentialsListed = iam.send(new ListServiceSpecificCredentialsCommand({ AllUsers: true, MaxItems: 1000 }))
  if (atOnce === 1) await credentialsListed
  const certificates = await each(names, listCertificates)
  const credentials = new Map(names.map(name => [name, []]))
  for (const found of (await credentialsListed).ServiceSpecificCredentials) credentials.get(found.UserName)?.push(found)
  const nodes = Users.map((found, index) =>
    user(found, certificates[index], credentials.get(found.UserName), certificateOf),
  )
  return { users: { nodes, pageInfo: { hasNextPage: IsTruncated } } }
}

async function listCertificates(userName) {
  const { Certificates } = await iam.send(new ListSigningCertificatesCommand({ UserName: userName }))
  return Certificates
}

function user({ UserName }, certificates, credentials, certificateOf) {
  return {
    id: globalId('User', UserName),
    userName: UserName,
    signingCertificates: { nodes: certificates.map(certificateOf) },
    serviceSpecificCredentials: credentials.map(
      ({ UserName, ServiceSpecificCredentialId, ServiceName, Status, ExpirationDate }) => ({
        id: globalId('ServiceSpecificCredential', `${UserName}/${ServiceSpecificCredentialId}`),
        serviceName: ServiceName,
        status: Status.toUpperCase(),
        expirationDate: ExpirationDate ?? null,
      }),
    ),
  }
}

function certificate({ UserName, CertificateId, Status }) {
  return { id: globalId('SigningCertificate', `${UserName}/${CertificateId}`), status: Status.toUpperCase() }
}

function certificateWithX509(found) {
  const notAfter = new Date(new X509Certificate(found.CertificateBody).validTo)
  const daysUntilExpiry = Math.floor((notAfter - Date.now()) / 86_400_000)
  return { ...certificate(found), x509: { notAfter, daysUntilExpiry } }
}

function globalId(type, id) {
  return Buffer.from(`${type}:${id}`).toString('base64url')
}

/** In order, as many at once as the mode has it. */
async function each(items, work) {
  const results = []
  const rest = items.entries()
  const lane = async () => {
    for (const [index, item] of rest) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, lane))
  return results
}

answer('run', async ({ workload, variables, silently }) => {
  const data = await scripts[workload](variables)
  return silently ? undefined : data
})
// It lives to be asked: no server holds it.
process.channel?.ref()
ready()
