import type { IAMClientResolvedConfig, ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/client-iam'
import type { Command } from '@smithy/types'

export type IamCommand<Input extends ServiceInputTypes, Output extends ServiceOutputTypes> = Command<
  ServiceInputTypes,
  Input,
  ServiceOutputTypes,
  Output,
  IAMClientResolvedConfig
>

/** As IAM's buckets are named, and its documentation: `ListUsers`. */
export function apiOf(command: object): string {
  return apiNamed(command.constructor.name)
}

export function apiNamed(command: string): string {
  return command.slice(0, -'Command'.length)
}

/** IAM names the list of each kind of credential so. */
export function listOf(kind: string): string {
  return `List${kind}s`
}

/** Whom a command is about, and what else it says. */
export function keyOf(input: ServiceInputTypes): { userName: string | undefined; input: object } {
  const { UserName: userName, ...rest } = input as { readonly UserName?: string }
  return { userName, input: rest }
}
