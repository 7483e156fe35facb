import { GetUserCommand, IAMClient } from '@aws-sdk/client-iam'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { IamClient } from './client.ts'
import { endpointOf } from './endpoint.ts'
import { wireCode } from './failure.ts'
import { getUser } from './user.ts'

export interface Identity {
  /** Undefined where nobody could be asked: then only the access key's last four characters are known. */
  readonly arn: string | undefined
  /** For people. */
  readonly name: string
  /** Where IAM calls go. */
  readonly endpoint: string
  /** IAM is an emulator, and nothing leads to its STS: what is asked of STS would be asked of AWS. */
  readonly lacksSts: boolean
  /** Why the ARN is not known. */
  readonly reason?: string
}

export class NoCredentials extends Error {}

/** How long to wait for an answer before the gateway starts without, in milliseconds. */
const patience = 5_000

/**
 * As whom the gateway asks IAM. STS knows; but where IAM's endpoint is overridden and STS's is not, an emulator's user
 * must not be looked up at real AWS, so IAM itself is asked. Throws NoCredentials and BadEndpoint.
 */
export async function identify(iam: IamClient, options: { readonly stsEndpoint?: string } = {}): Promise<Identity> {
  const { region, credentials } = iam.sdk.config
  const { accessKeyId } = await credentials().catch((cause: unknown) => {
    throw new NoCredentials('no AWS credentials', { cause })
  })
  const { stsEndpoint } = options
  const base = { region, credentials }
  const sts = new STSClient({ ...base, maxAttempts: 2, ...(stsEndpoint !== undefined && { endpoint: stsEndpoint }) })
  const plainIam = new IAMClient({ ...base, ignoreConfiguredEndpointUrls: true })
  const plainSts = new STSClient({ ...base, ignoreConfiguredEndpointUrls: true })
  try {
    const iamEndpoint = await endpointOf(iam.sdk, plainIam, new GetUserCommand({}))
    const asksIam =
      iamEndpoint.overridden && !(await endpointOf(sts, plainSts, new GetCallerIdentityCommand({}))).overridden
    const who = await (asksIam ? askIam(iam) : askSts(sts)).catch((error: unknown) => ({ reason: reasonOf(error) }))
    return { ...named(who, accessKeyId), endpoint: iamEndpoint.url, lacksSts: asksIam }
  } finally {
    for (const client of [sts, plainIam, plainSts]) client.destroy()
  }
}

type Who = { readonly arn: string } | { readonly reason: string }

/** Through the gateway's own client, which notes whether IAM answers. */
async function askIam(iam: IamClient): Promise<Who> {
  const { arn } = await getUser(iam, undefined, { signal: AbortSignal.timeout(patience), urgent: true })
  return { arn }
}

async function askSts(sts: STSClient): Promise<Who> {
  const { Arn } = await sts.send(new GetCallerIdentityCommand({}), { abortSignal: AbortSignal.timeout(patience) })
  return Arn === undefined ? { reason: 'the answer held no ARN' } : { arn: Arn }
}

/** What the connection failed with, else IAM's code or STS's. */
function reasonOf(error: unknown): string {
  return (error instanceof Error && codeOf(error.cause)) || wireCode(error) || codeOf(error) || 'no answer'
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function named(who: Who, accessKeyId: string): Pick<Identity, 'arn' | 'name' | 'reason'> {
  if ('arn' in who) return { arn: who.arn, name: who.arn }
  return { arn: undefined, name: `access key …${accessKeyId.slice(-4)}`, reason: who.reason }
}
