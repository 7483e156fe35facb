import { randomUUID } from 'node:crypto'
import type { GraphQLResolveInfo } from 'graphql'
import type { Audit, Mutation } from '../audit/audit.ts'
import type { Context } from '../context.ts'
import { GatewayError } from '../gateway-error.ts'
import type { IamClient } from '../iam/client.ts'
import { IamError } from '../iam/errors.ts'
import { targetOf } from './mutation-target.ts'

/** A mutation field as its resolver has it. */
export interface Asked {
  readonly input: Readonly<Record<string, unknown>>
  readonly context: Context
  readonly info: GraphQLResolveInfo
}

/**
 * Every mutation field goes through here; a test holds each of the schema to it. What it changes it changes by the
 * context that it is given: its intent stands in the audit log before IAM is asked, and its outcome before the client is
 * told. After a change, made or not, nothing that this operation read before may be shown again.
 */
export async function changing<T>(asked: Asked, change: (context: Context) => Promise<T>): Promise<T> {
  const { context } = asked
  const { audit, loaders } = context
  try {
    return await (audit ? audited(audit, asked, change) : change(context))
  } finally {
    loaders.clearAll()
  }
}

/**
 * Whom a mutation changes; undefined is IAM's implicit user. A gateway in production signs as itself, and would break
 * itself by a forgotten argument. Throws USER_NAME_REQUIRED.
 */
export function targetUser({ allowImplicitUser }: Context, userName: string | null | undefined): string | undefined {
  if (userName != null) return userName
  if (allowImplicitUser) return undefined
  throw IamError.own(
    'USER_NAME_REQUIRED',
    'userName: expected a user name, got none. Without one the gateway would change its own user; start it with ' +
      '--allow-implicit-user to permit that.',
  )
}

/** Throws AUDIT_UNAVAILABLE. */
async function audited<T>(audit: Audit, asked: Asked, change: (context: Context) => Promise<T>): Promise<T> {
  const mutation = mutationOf(asked)
  await audit.intent(mutation)
  let awsRequestId: string | null = null
  const iam = noting(asked.context.iam, requestId => {
    awsRequestId = requestId
  })
  try {
    const changed = await change({ ...asked.context, iam })
    await audit.outcome(mutation, { code: 'OK', awsRequestId })
    return changed
  } catch (error) {
    // Where something failed behind a change that was made, IAM's id of it tells so.
    const requestId = error instanceof IamError ? error.requestId : null
    await audit.outcome(mutation, { code: codeOf(error), awsRequestId: requestId ?? awsRequestId })
    throw error
  }
}

function mutationOf({ input, context, info }: Asked): Mutation {
  return {
    id: randomUUID(),
    requestId: context.requestId,
    principal: context.principal,
    awsIdentity: context.changedBy,
    mutation: info.fieldName,
    path: String(info.path.key),
    operationName: info.operation.name?.value,
    target: targetOf(input),
  }
}

function noting(iam: IamClient, note: (requestId: string) => void): IamClient {
  return {
    ...iam,
    async change(command, kind) {
      const changed = await iam.change(command, kind)
      note(changed.requestId)
      return changed
    },
  }
}

function codeOf(error: unknown): string {
  return error instanceof IamError || error instanceof GatewayError ? error.code : 'INTERNAL_SERVER_ERROR'
}
