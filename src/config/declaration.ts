import type { Flags } from './flag.ts'
import { gatewayFlags, logFlags } from './gateway-flag.ts'
import { accessKeyFlags, sandboxFlags } from './sandbox-flag.ts'

export type CommandName = 'start' | 'serve' | 'sandbox'

export interface Declaration {
  readonly summary: string
  readonly groups: readonly { readonly prefix: string; readonly flags: Flags }[]
}

/** Every command with its flags: `--help`, the README's table and what is accepted all come from here. */
export function declarations(): Readonly<Record<CommandName, Declaration>> {
  return {
    start: {
      summary: 'Serve GraphQL on an embedded sandbox IAM; needs no AWS account.',
      groups: [
        { prefix: '', flags: gatewayFlags('start') },
        { prefix: SANDBOX_PREFIX, flags: sandboxFlags() },
      ],
    },
    serve: {
      summary: 'Serve GraphQL on the IAM that the AWS credential chain and AWS_ENDPOINT_URL_IAM lead to.',
      groups: [{ prefix: '', flags: gatewayFlags('serve') }],
    },
    sandbox: {
      summary: 'Run the sandbox IAM alone.',
      groups: [
        { prefix: '', flags: sandboxFlags() },
        { prefix: '', flags: accessKeyFlags() },
        { prefix: '', flags: logFlags() },
      ],
    },
  }
}

export const SANDBOX_PREFIX = 'sandbox-'
