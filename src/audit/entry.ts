import type { Principal } from '../principal.ts'

/** A mutation field that somebody asked for. */
export interface Mutation {
  /** Ties the outcome to the intent. */
  readonly id: string
  readonly requestId: string
  readonly principal: Principal
  /** As whom IAM is asked: an ARN, where known. */
  readonly awsIdentity: string | undefined
  /** The mutation field. */
  readonly mutation: string
  /** Where it stands in the answer: the field, or its alias. */
  readonly path: string
  readonly operationName: string | undefined
  /** What it is about, without anything secret: see schema/mutation-target.ts. */
  readonly target: Readonly<Record<string, unknown>>
}

export interface Outcome {
  /** `OK`, IAM's wire code, or one of the gateway's own. */
  readonly code: string
  /** Null where IAM was not asked, or did not answer. */
  readonly awsRequestId: string | null
}

/** An access that the gateway refused, or STS for it. */
export interface Refused extends RefusedOperation {
  readonly code: string
  /** What the client is told. */
  readonly message: string
  /** Undefined where it was not a client's request that was refused. */
  readonly transport?: Transport | undefined
  readonly client?: ClientAddress | undefined
  /** Undefined where a request was refused before it had one. */
  readonly requestId?: string | undefined
  /** Undefined where nobody proved who he is. */
  readonly principal?: Pick<Principal, 'name' | 'token'> | undefined
  /** As whom IAM would have been asked: an ARN, where known. */
  readonly awsIdentity?: string | undefined
}

export type Transport = 'http' | 'websocket'

/** What somebody asked for who was refused it, as far as it is known. */
export interface RefusedOperation {
  readonly operation?: 'query' | 'mutation' | 'subscription' | undefined
  readonly operationName?: string | undefined
  /** Of the root. */
  readonly fields?: readonly RefusedField[] | undefined
  /** Those that are not shown. */
  readonly furtherFields?: number | undefined
}

export interface RefusedField {
  readonly field: string
  /** The field, or its alias. */
  readonly path: string
  /** Of a mutation, as in Mutation. */
  readonly target?: Readonly<Record<string, unknown>> | undefined
}

export interface ClientAddress {
  /** Of the connection: behind a proxy, the proxy's. */
  readonly address: string | undefined
  /** What a proxy says of whom it asks for, or anybody who is none. */
  readonly forwardedFor?: string | undefined
}

export function intentRecord(mutation: Mutation, time: Date): object {
  return { time: time.toISOString(), event: 'intent', ...recordOf(mutation) }
}

/** With all that the intent has: after a rotation it may be in another file. */
export function outcomeRecord(mutation: Mutation, { code, awsRequestId }: Outcome, time: Date): object {
  return { time: time.toISOString(), event: 'outcome', ...recordOf(mutation), code, awsRequestId }
}

export function refusedRecord(refused: Refused, time: Date): object {
  const { code, message, transport, client, requestId, principal, awsIdentity } = refused
  const { operation, operationName, fields, furtherFields } = refused
  return {
    time: time.toISOString(),
    event: 'refused',
    requestId,
    principal: principal && nameOf(principal),
    awsIdentity,
    operation,
    operationName,
    fields,
    furtherFields,
    code,
    message,
    transport,
    client,
  }
}

/** Of so many refused accesses there is no line. */
export function omissionRecord(omitted: number, time: Date): object {
  return { time: time.toISOString(), event: 'refused', omitted }
}

function recordOf({ principal, awsIdentity, ...asked }: Mutation): object {
  const { id, requestId, mutation, path, operationName, target } = asked
  return { id, requestId, principal: nameOf(principal), awsIdentity, mutation, path, operationName, target }
}

/** Never the token. */
function nameOf({ name, token }: Pick<Principal, 'name' | 'token'>): object {
  return { name, issuer: token?.issuer }
}
