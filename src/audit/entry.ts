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

/** An access that the gateway refused. */
export interface Refused {
  readonly code: string
  /** What the client is told. */
  readonly message: string
  readonly transport: 'http' | 'websocket'
  readonly client: ClientAddress
  /** Undefined where a request was refused before it had one. */
  readonly requestId?: string | undefined
  /** Undefined where nobody proved who he is. */
  readonly principal?: Principal | undefined
  readonly operationName?: string | undefined
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
  const { code, message, transport, client, requestId, principal, operationName } = refused
  return {
    time: time.toISOString(),
    event: 'refused',
    requestId,
    principal: principal && nameOf(principal),
    operationName,
    code,
    message,
    transport,
    client,
  }
}

function recordOf({ principal, awsIdentity, ...asked }: Mutation): object {
  const { id, requestId, mutation, path, operationName, target } = asked
  return { id, requestId, principal: nameOf(principal), awsIdentity, mutation, path, operationName, target }
}

/** Never the token. */
function nameOf({ name, token }: Principal): object {
  return { name, issuer: token?.issuer }
}
