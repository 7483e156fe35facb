import type { Account } from '../account.ts'
import { type Answer, post } from '../gateway.ts'
import { setStatus } from './operation.ts'

/** A client with a user, a certificate and a credential of its own: nobody else changes them. */
export interface LoadClient {
  /** Reads or changes what is its own, in turn, and judges the answer. */
  askNext(): Promise<void>
  read(): Promise<void>
  readonly answered: number
  /** The codes it was told. */
  readonly told: ReadonlySet<string>
  /** Answers that were neither right nor an error with a code of this kind. */
  readonly wrongs: readonly string[]
}

type Status = 'ACTIVE' | 'INACTIVE'

/** What a client may be told of a fault. */
const expected = new Set(['IAM_UNREACHABLE', 'OUTCOME_UNKNOWN', 'ServiceFailure'])

export async function createLoadClient(url: string, account: Account, userName: string): Promise<LoadClient> {
  await account.user(userName)
  const certificateId = await account.certificate(userName)
  const serviceSpecificCredentialId = await account.credential(userName, 'codecommit.amazonaws.com')
  const told = new Set<string>()
  const wrongs: string[] = []
  /** More than one where nobody knows whether the last change was made. */
  let possible: readonly Status[] = ['ACTIVE']
  let answered = 0

  function judge(what: string, answer: Answer, isRight: () => boolean): void {
    answered += 1
    const codes = (answer.errors ?? []).map(({ extensions }) => extensions.code ?? 'none')
    for (const code of codes) told.add(code)
    if (codes.some(code => !expected.has(code)) || !isRight()) {
      wrongs.push(`${userName}, ${what}, one of ${possible}: ${JSON.stringify(answer)}`)
    }
  }

  async function read(): Promise<void> {
    const answer = await post(url, { query: own, variables: { userName } })
    judge('own', answer, () => {
      const { user } = answer.data
      if (!user) return isNulledBy(answer, 'user')
      const { signingCertificates: certificates, serviceSpecificCredentials: credentials } = user
      const [certificate, ...others] = certificates?.nodes ?? []
      const isRight =
        certificate?.userName === userName &&
        certificate.certificateId === certificateId &&
        possible.includes(certificate.status) &&
        others.length === 0
      if (isRight) possible = [certificate.status]
      return (
        user.userName === userName &&
        (certificates ? isRight : isNulledBy(answer, 'user', 'signingCertificates')) &&
        (credentials
          ? credentials.length === 1 && credentials[0].serviceSpecificCredentialId === serviceSpecificCredentialId
          : isNulledBy(answer, 'user', 'serviceSpecificCredentials'))
      )
    })
  }

  async function list(): Promise<void> {
    const answer = await post(url, { query: everybody })
    judge('everybody', answer, () => {
      const { users } = answer.data
      if (!users) return isNulledBy(answer, 'users')
      const names = users.nodes.map((user: { userName: string }) => user.userName)
      return new Set(names).size === names.length && names.includes(userName)
    })
  }

  async function set(status: Status): Promise<void> {
    const input = { userName, certificateId, status }
    const answer = await post(url, { query: setStatus, variables: { input } })
    judge(`set ${status}`, answer, () => {
      const { __typename, signingCertificate, code } = answer.data.change
      if (__typename === 'SetSigningCertificateStatusPayload') {
        possible = [status]
        // Null where the list beside the change met a fault.
        return signingCertificate === null || JSON.stringify(signingCertificate) === JSON.stringify(input)
      }
      told.add(code)
      if (code !== 'IAM_UNREACHABLE') possible = [...new Set([...possible, status])]
      return expected.has(code)
    })
  }

  const steps = [read, () => set('INACTIVE'), read, list, () => set('ACTIVE'), read, read]
  let step = Number(/\d+$/.exec(userName)?.[0])
  return {
    async askNext() {
      await steps[step++ % steps.length]?.()
    },
    read,
    get answered() {
      return answered
    },
    told,
    wrongs,
  }
}

const own = `query ($userName: String!) {
  user(userName: $userName) {
    userName
    signingCertificates { nodes { userName certificateId status } }
    serviceSpecificCredentials { serviceSpecificCredentialId }
  }
}`

const everybody = '{ users(first: 1000) { nodes { userName } } }'

/** Nothing is missing that an error does not speak for. */
function isNulledBy({ errors = [] }: Answer, ...path: string[]): boolean {
  return errors.some(error => error.path?.join() === path.join())
}
