import { GraphQLError } from 'graphql'

/**
 * The gateway's own codes: every `extensions.code` and `IamError.code` that is not IAM's wire code or one of GraphQL's
 * (GRAPHQL_PARSE_FAILED, GRAPHQL_VALIDATION_FAILED). Clients branch on them: they are never renamed.
 */
export const gatewayCodes = {
  BAD_USER_INPUT: 'An argument is out of its range.',
  BAD_CURSOR: 'An `after` that is no cursor of this list.',
  BAD_ID: 'An id that this gateway never gave out.',
  CHANGE_NOT_REMEMBERED: 'An `after` that is too old, or of another run: query the state again, then subscribe.',
  SUBSCRIBER_TOO_SLOW: 'The subscriber fell further behind than changes are remembered: query again, then subscribe.',
  TOO_MANY_SUBSCRIPTIONS:
    'As many are open as may be, on this WebSocket or in all: end some, or subscribe again later.',
  OUTCOME_UNKNOWN: 'IAM did not answer: the change may or may not have been made.',
  IAM_UNREACHABLE: 'IAM could not be asked, or did not answer a question: nothing was changed.',
  OPERATION_TIMEOUT: 'The operation took longer than --operation-timeout: what it had not read yet is missing.',
  CLIENT_GONE: 'The client went away before its answer was there, so that nobody is told.',
  IAM_CALLS_EXCEEDED: 'The operation would cost more IAM calls than --max-iam-calls: ask for less at once.',
  PRIVATE_KEY_REFUSED: 'The certificate body holds a private key: it was not sent to IAM.',
  USER_NAME_REQUIRED: 'This gateway does not change the credentials of its own user: name a user.',
  UNAUTHENTICATED: 'No token, or one that is not accepted (401): WWW-Authenticate says why.',
  AUTHENTICATION_UNAVAILABLE: "The issuer's keys, or its newest, cannot be had to check the token by (503): ask again.",
  FORBIDDEN: 'The token lacks the scope that `scope` names (403).',
  ROLE_REFUSED: 'The token names no role that this gateway may take on for its caller (403).',
  RATE_LIMITED: 'A limit of this caller is reached (429): ask again after `retryAfter` seconds.',
  INTROSPECTION_DISABLED: 'This gateway shows its schema to nobody, or to those with the scope introspect.',
  PERSISTED_QUERY_NOT_FOUND: 'No persisted operation has this id.',
  PERSISTED_QUERY_ONLY: 'This gateway takes persisted operations only, by their ids.',
  AUDIT_UNAVAILABLE: 'The audit log cannot be written: nothing was changed.',
  ACCESS_UNDECIDED: 'It could not be decided whether the subscriber may see a change: query again, then subscribe.',
  HOST_REFUSED: 'The Host header names no host of this gateway (403): see --allowed-host.',
  ORIGIN_REFUSED: 'A page of another origin (403): see --allowed-origin.',
  UNSUPPORTED_MEDIA_TYPE: 'A body that is not application/json (415).',
  LIMIT_EXCEEDED: 'The document is deeper, longer or wider than this gateway accepts.',
  SHUTTING_DOWN: 'The gateway is stopping: ask again, another instance will answer.',
  BAD_REQUEST: 'An HTTP request that is no GraphQL request (400, 405).',
  NOT_FOUND: 'A path at which there is nothing (404).',
  NOT_ACCEPTABLE: 'A client that takes no answer in a format that GraphQL over HTTP has (406).',
  REQUEST_ENTITY_TOO_LARGE: 'A body larger than --max-body (413).',
  OPERATION_RESOLUTION_FAILURE: 'The document has no operation of that name, or several and none was named.',
  INTERNAL_SERVER_ERROR: 'Something unexpected; the log tells more under the request id.',
} as const

export type GatewayCode = keyof typeof gatewayCodes

/** A refusal by the gateway itself, told to the client as it stands. */
export class GatewayError extends GraphQLError {
  readonly code: GatewayCode

  /** `details` stand beside the code in `extensions`. */
  constructor(code: GatewayCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message, { extensions: { code, ...details } })
    this.code = code
  }
}

/** What `work` gives; undefined where the gateway itself refuses it. */
export function unlessRefused<Value>(work: () => Value): Value | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof GatewayError) return undefined
    throw error
  }
}
