import { type ExecutionResult, graphql } from 'graphql'
import pino from 'pino'
import type { Audit } from '../../src/audit/audit.ts'
import type { NewChange, Told } from '../../src/events/change.ts'
import { type ChangeLog, createChangeLog } from '../../src/events/change-log.ts'
import { createOverlay } from '../../src/events/overlay.ts'
import { createIamClient, type IamClientOptions } from '../../src/iam/client.ts'
import { createLoaders } from '../../src/loaders/loaders.ts'
import { anonymous } from '../../src/principal.ts'
import { schema } from '../../src/schema/index.ts'
import type { Data } from '../gateway.ts'

export interface Operations extends AsyncDisposable {
  readonly events: ChangeLog
  /** What was logged, a line each. */
  readonly log: readonly string[]
  ask(query: string, variables?: Record<string, unknown>): Promise<ExecutionResult<Data>>
}

/** The schema on an IAM of the test's own, or as somebody else: where the whole gateway would not let it be chosen. */
export function startOperations(
  target: IamClientOptions,
  {
    changedBy,
    audit,
    allowImplicitUser = true,
  }: { changedBy?: string; audit?: Audit; allowImplicitUser?: boolean } = {},
): Operations {
  const log: string[] = []
  const iam = createIamClient({ region: 'us-east-1', ...target })
  const events = createChangeLog({ capacity: 100 })
  const createContext = () => ({
    principal: anonymous,
    requestId: 'request',
    log: pino({ level: 'trace' }, { write: line => log.push(line) }),
    iam,
    loaders: createLoaders(iam, createOverlay({ window: 0 })),
    events,
    changedBy,
    audit,
    allowImplicitUser,
  })
  return {
    events,
    log,
    ask: (source, variableValues) => graphql({ schema, source, variableValues, contextValue: createContext() }),
    async [Symbol.asyncDispose]() {
      iam.destroy()
    },
  }
}

/** The changes published meanwhile, in order. */
export async function toldDuring(events: ChangeLog, work: () => Promise<unknown>): Promise<Told<NewChange>[]> {
  const before = events.latestId()
  await work()
  const last = events.latestId()
  const told: Told<NewChange>[] = []
  const subscription = events.subscribe({
    after: before,
    kind: 'SigningCertificate',
    accepts: (_change): _change is NewChange => true,
  })
  while ((told.at(-1)?.id ?? before) !== last) {
    const { value, done } = await subscription.next()
    if (done) throw new Error('expected another change, got the end')
    told.push(value)
  }
  await subscription.return?.()
  return told
}

export const upload = `mutation ($input: UploadSigningCertificateInput!) {
  result: uploadSigningCertificate(input: $input) {
    __typename
    ... on UploadSigningCertificatePayload {
      clientMutationId
      signingCertificate { userName certificateId certificateBody status uploadDate }
    }
    ... on IamError { code message requestId }
  }
}`

export const setStatus = `mutation ($input: SetSigningCertificateStatusInput!) {
  result: setSigningCertificateStatus(input: $input) {
    __typename
    ... on SetSigningCertificateStatusPayload {
      clientMutationId
      signingCertificate { userName certificateId certificateBody status uploadDate }
    }
    ... on IamError { code message requestId }
  }
}`
