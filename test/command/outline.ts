import type { Data } from '../gateway.ts'
import type { GatewayProcess } from './announcement.ts'

/** What the same seed promises: names, paths, numbers, statuses, and times in days from the account's beginning. */
export async function outlineOf(gateway: GatewayProcess) {
  const { data } = await gateway.ask(`{
    viewer { createDate }
    users {
      nodes {
        userName path createDate passwordLastUsed
        signingCertificates { nodes { status uploadDate x509 { notAfter publicKeyAlgorithm publicKeySize } } }
        serviceSpecificCredentials { serviceName status createDate expirationDate }
      }
    }
  }`)
  const begin = Date.parse(data.viewer.createDate)
  // The example certificate ends in 2075, whenever the account began.
  const inDays = JSON.parse(JSON.stringify(data.users.nodes), (_key, value: unknown) =>
    typeof value === 'string' && /^20[0-6]\d-\d\d-\d\dT/.test(value) ? (Date.parse(value) - begin) / DAY : value,
  )
  return {
    gatewayAge: Math.floor((Date.now() - begin) / DAY),
    users: inDays.map(({ signingCertificates, ...user }: Data) => ({
      ...user,
      // IAM orders them by id, which comes from a key that is new each time.
      certificates: signingCertificates.nodes.map((certificate: Data) => JSON.stringify(certificate)).toSorted(),
    })),
  }
}

const DAY = 86_400_000
