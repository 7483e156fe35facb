import { randomUUID } from 'node:crypto'
import type { Action, Answer } from './actions/action.ts'
import { AwsError } from './error.ts'
import { type Api, formatDate, iam } from './query-protocol.ts'
import type { Account } from './store.ts'
import { createRecorder, type RecordedCall } from './trail-record.ts'

/** CloudTrail, as EventBridge passes its records on. */
export interface Trail {
  /** With its answer, or the error it failed with. */
  note(call: TrailCall, result: Answer | AwsError): void
}

export interface TrailCall extends Omit<RecordedCall, 'definition'> {
  readonly api: Api
  /** Undefined: there is no such action, and no record of the attempt. */
  readonly definition: Action | undefined
}

/**
 * Events of whatever changes the account or tried to: reads are not delivered (IAM.md, CloudTrail and EventBridge). What
 * was not let in leaves none, nor what was throttled: the latter is a choice.
 */
export function createTrail(account: Account, deliver: (event: string) => void): Trail {
  const recordOf = createRecorder(account)
  return {
    note(call, result) {
      const { definition } = call
      if (definition === undefined || call.api !== iam || isRead(call.action)) return
      if (result instanceof AwsError && result.code === 'Throttling') return
      const now = formatDate(new Date())
      const detail = recordOf({ ...call, definition }, result, now)
      deliver(JSON.stringify(envelope(account, detail, now)))
    },
  }
}

/**
 * By IAM's verbs, so that a new kind of credential needs no edit here. That GenerateCredentialReport is readOnly to
 * CloudTrail, too, is a choice: to IAM's policies it is a read (AWS's Service Authorization Reference).
 */
function isRead(action: string): boolean {
  return /^(Get|List|Generate)/.test(action)
}

function envelope(account: Account, detail: object, time: string): object {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.iam',
    account: account.accountId,
    time,
    region: 'us-east-1',
    resources: [],
    detail,
  }
}
