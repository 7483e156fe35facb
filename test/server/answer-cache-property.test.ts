import { UpdateSigningCertificateCommand } from '@aws-sdk/client-iam'
import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { anonymous } from '../../src/principal.ts'
import { openAccount } from '../account.ts'
import type { Data } from '../gateway.ts'
import { type Asking, openAnswering, read } from './answering.ts'
import { aChange } from './change.ts'

const window = 15_000
const day = 86_400_000
const callers = ['ann', 'bob', 'cat'].map(name => ({ ...anonymous, name, key: name }))

type Status = 'Active' | 'Inactive'
type Step =
  | { readonly do: 'ask'; readonly question: number; readonly caller: number }
  | { readonly do: 'set'; readonly certificate: number; readonly status: Status }
  | { readonly do: 'tell'; readonly certificate: number; readonly status: Status }
  | { readonly do: 'change elsewhere'; readonly certificate: number; readonly status: Status }
  | { readonly do: 'forget'; readonly certificate: number }
  | { readonly do: 'pass'; readonly share: number }
  | { readonly do: 'sleep'; readonly share: number }

const change = { certificate: fc.nat(7), status: fc.constantFrom<Status[]>('Active', 'Inactive') }
const share = fc.constantFrom(0.4, 1)
const step = fc.oneof<fc.MaybeWeightedArbitrary<Step>[]>(
  // Asked again and again, as dashboards are, and long after a change: else hardly anything would be given again.
  { arbitrary: fc.record({ do: fc.constant('ask'), question: fc.nat(6), caller: fc.nat(2) }), weight: 8 },
  { arbitrary: fc.record({ do: fc.constant('pass'), share }), weight: 4 },
  fc.record({ do: fc.constant('sleep'), share }),
  fc.record({ do: fc.constant('set'), ...change }),
  fc.record({ do: fc.constant('tell'), ...change }),
  fc.record({ do: fc.constant('change elsewhere'), ...change }),
  fc.record({ do: fc.constant('forget'), certificate: change.certificate }),
)

test('who remembers answers gives those that would be made, to the byte, whatever happens in between', {
  timeout: 120_000,
}, async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date() })
  onTestFinished(() => void vi.useRealTimers())
  await using account = await openAnswering({ users: 11, window })
  // One caller of three asks IAM as somebody else.
  account.separate(callers[2] ?? expect.fail('three callers'))
  const making = account.serve(0)
  const remembering = account.serve(1_000_000)
  using elsewhere = openAccount(account.sandbox)
  const all = read(await making.ask({ query: certificates })).data.users.nodes.flatMap(
    ({ signingCertificates }: Data) => signingCertificates.nodes,
  )
  const certificateOf = (index: number) => all[index % all.length]
  const { id, userName } = certificateOf(0)
  const questions: Asking[] = [
    { query: dashboard },
    { query: dashboard, variables: { first: 3 } },
    { query: `{ node(id: "${id}") { id ... on SigningCertificate { status x509 { daysUntilExpiry isExpired } } } }` },
    { query: '{ signingCertificates(first: 4, status: ACTIVE) { nodes { id } usersWalked pageInfo { endCursor } } }' },
    { query: `{ user(userName: "${userName}") { signingCertificates { nodes { status } } } viewer { userName } }` },
    { query: `{ latestChangeId user(userName: "${userName}") { signingCertificates { nodes { status } } } }` },
    { query: `{ user(userName: "nobody") { id } users { nodes { serviceSpecificCredentials { status } } } }` },
  ]
  let givenAgain = 0

  async function take(step: Step): Promise<void> {
    if (step.do === 'ask') {
      const asking = {
        ...(questions[step.question] ?? expect.fail('no question')),
        as: callers[step.caller] ?? anonymous,
      }
      // What is not remembered yet is read: then both make their answers of the same.
      await making.ask(asking)
      for (let turn = 0; turn < 3; turn += 1) {
        const { loads } = remembering
        const answer = await remembering.ask(asking)
        if (remembering.loads === loads) givenAgain += 1
        expect(withoutWait(answer)).toBe(withoutWait(await making.ask(asking)))
      }
      return
    }
    if (step.do === 'pass') return account.pass(step.share * window)
    if (step.do === 'sleep') return void vi.setSystemTime(Date.now() + step.share * day)
    const { userName, certificateId } = certificateOf(step.certificate)
    if (step.do === 'forget') return account.iam.forget('SigningCertificate', userName)
    if (step.do === 'set') {
      const input = { userName, certificateId, status: step.status.toUpperCase() }
      await remembering.ask({ query: set, variables: { input } })
    } else if (step.do === 'tell') {
      const changedAt = new Date()
      await account.tell(aChange({ userName, credentialId: certificateId, status: step.status, changedAt }))
    } else {
      const input = { UserName: userName, CertificateId: certificateId, Status: step.status }
      await elsewhere.iam.send(new UpdateSigningCertificateCommand(input))
    }
  }

  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async taken => {
      for (const step of taken) await take(step)
    }),
    { numRuns: 30, seed: 5, endOnFailure: true },
  )
  expect(givenAgain).toBeGreaterThan(50)
})

const certificates = '{ users { nodes { signingCertificates { nodes { id userName certificateId } } } } }'
const dashboard = `query ($first: Int) {
  users(first: $first) {
    nodes { userName signingCertificates { nodes { id status } } serviceSpecificCredentials { id status } }
    pageInfo { hasNextPage endCursor }
  }
}`
const set = `mutation ($input: SetSigningCertificateStatusInput!) {
  setSigningCertificateStatus(input: $input) { __typename ... on SetSigningCertificateStatusPayload { clientMutationId } }
}`

/** Where IAM is asked, for a refusal is not remembered, a call may wait for its turn. */
function withoutWait(answer: string): string {
  return answer.replace(/"waitedMs":\d+/, '')
}
