import type { Logger } from 'pino'
import type { Audit } from './audit/audit.ts'
import type { ChangeLog } from './events/change-log.ts'
import type { IamClient } from './iam/client.ts'
import type { Cost } from './iam/cost.ts'
import type { Operation } from './iam/operation.ts'
import type { X509Reader } from './iam/x509-certificate.ts'
import type { Loaders } from './loaders/loaders.ts'
import type { Principal } from './principal.ts'

/** What one operation has at hand: made anew for each. */
export interface Context {
  readonly principal: Principal
  /** Stands in the log beside everything that happens to this operation. */
  readonly requestId: string
  readonly log: Logger
  /** Undefined: what is changed is written down nowhere. */
  readonly audit: Audit | undefined
  readonly iam: IamClient
  readonly operation: Operation
  readonly cost: Cost
  readonly loaders: Loaders
  /** One for all operations: what is in a certificate never changes. */
  readonly x509: X509Reader
  readonly events: ChangeLog
  /** As whom IAM sees what the gateway changes: an ARN, where known. */
  readonly changedBy: string | undefined
  /** Whether a mutation that names no user may change the gateway's own. */
  readonly allowImplicitUser: boolean
  /** IAM calls that a page of an account-wide walk may cost. */
  readonly walkCalls: number
  /**
   * Of a subscription in a caller's own name: does work as an operation of its own, before there is an event. Undefined
   * of every other.
   */
  readonly asking?: <Value>(work: (context: Context) => Promise<Value>) => Promise<Value>
}
