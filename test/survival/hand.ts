import { setTimeout as pause } from 'node:timers/promises'
import { ListSigningCertificatesCommand, ListUsersCommand, UpdateSigningCertificateCommand } from '@aws-sdk/client-iam'
import type { Sandbox } from '../../src/sandbox/server.ts'
import { post } from '../gateway.ts'
import { createIamClient } from '../sandbox/client.ts'
import { setStatus } from '../schema/changing.ts'
import type { Instance } from './instance.ts'

/** Those who make changes: somebody elsewhere by the SDK, and two who ask an instance each. */
export interface Hands extends AsyncDisposable {
  /** So many changes, made by all of them side by side. */
  make(count: number): Promise<void>
  /** One change, made elsewhere. */
  makeOne(): Promise<void>
  /** Goes on making changes until it is told to stop. */
  begin(): { stop(): Promise<void> }
  /** How often a mutation was not answered: what became of the change IAM alone knows. */
  readonly unanswered: number
}

interface Certificate {
  readonly userName: string
  readonly certificateId: string
  status: 'ACTIVE' | 'INACTIVE'
}

/** Rejects where the change could not be seen to be made. */
type Hand = (certificate: Certificate, status: Certificate['status']) => Promise<void>

/** Milliseconds from one change of a hand to its next. */
const rest = 40
/** So few that each is changed more than once in a second, and by one hand after another. */
const certificatesHeld = 12

export async function createHands(sandbox: Sandbox, instances: readonly Instance[]): Promise<Hands> {
  const iam = createIamClient(sandbox, sandbox.roleCredentials)
  /** Whoever changes one takes it out. */
  const certificates = (await certificatesOf(iam)).slice(0, certificatesHeld)
  const elsewhere: Hand = async ({ userName: UserName, certificateId: CertificateId }, status) => {
    const Status = status === 'ACTIVE' ? 'Active' : 'Inactive'
    await iam.send(new UpdateSigningCertificateCommand({ UserName, CertificateId, Status }))
  }
  const asking = instances.map(
    (instance): Hand =>
      async ({ userName, certificateId }, status) => {
        const { url } = instance.isKilled ? alive(instances) : instance
        const variables = { input: { userName, certificateId, status } }
        const { data, errors } = await post(url, { query: setStatus, variables })
        if (data?.result?.__typename === 'SetSigningCertificateStatusPayload') return
        throw new Error(`expected the status to be set, got ${JSON.stringify({ data, errors })}`)
      },
  )
  const hands = [elsewhere, ...asking]
  let unanswered = 0

  async function change(hand: Hand): Promise<void> {
    const certificate = certificates.shift()
    if (!certificate) throw new Error('expected a certificate to change, got none')
    const status = certificate.status === 'ACTIVE' ? 'INACTIVE' : 'ACTIVE'
    try {
      await hand(certificate, status)
    } catch (error) {
      // What fetch says where nobody answers. The certificate is not touched again: its status is not known.
      if (!(error instanceof TypeError)) throw error
      unanswered += 1
      return
    }
    certificate.status = status
    certificates.push(certificate)
  }

  async function keepOn(hand: Hand, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await change(hand)
      await pause(rest)
    }
  }

  return {
    async make(count) {
      let left = count
      await Promise.all(hands.map(hand => keepOn(hand, () => left-- <= 0)))
    },
    makeOne: () => change(elsewhere),
    begin() {
      let isOver = false
      const making = Promise.all(hands.map(hand => keepOn(hand, () => isOver)))
      // Where it fails it is told at the stop.
      making.catch(() => {})
      return {
        async stop() {
          isOver = true
          await making
        },
      }
    },
    get unanswered() {
      return unanswered
    },
    async [Symbol.asyncDispose]() {
      iam.destroy()
    },
  }
}

/** What IAM lists. */
export async function statusesAt(sandbox: Sandbox): Promise<Map<string, string>> {
  const iam = createIamClient(sandbox, sandbox.roleCredentials)
  const certificates = await certificatesOf(iam)
  iam.destroy()
  return new Map(certificates.map(({ certificateId, status }) => [certificateId, status]))
}

async function certificatesOf(iam: ReturnType<typeof createIamClient>): Promise<Certificate[]> {
  const { Users = [] } = await iam.send(new ListUsersCommand({ MaxItems: 100 }))
  const found: Certificate[] = []
  for (const { UserName } of Users) {
    const { Certificates = [] } = await iam.send(new ListSigningCertificatesCommand({ UserName }))
    for (const { UserName: userName = '', CertificateId: certificateId = '', Status } of Certificates) {
      found.push({ userName, certificateId, status: Status === 'Active' ? 'ACTIVE' : 'INACTIVE' })
    }
  }
  return found
}

function alive(instances: readonly Instance[]): Instance {
  const found = instances.find(({ isKilled }) => !isKilled)
  if (!found) throw new Error('expected an instance that was not killed, got none')
  return found
}
