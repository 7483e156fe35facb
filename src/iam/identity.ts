import { GetUserCommand } from '@aws-sdk/client-iam'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { configuredRegion, type IamClient, type IamClientOptions } from './client.ts'
import { endpointOf } from './endpoint.ts'

export interface Identity {
  /** Undefined where nobody could be asked: then only the access key's last four characters are known. */
  readonly arn: string | undefined
  /** For people. */
  readonly name: string
  /** Where IAM calls go. */
  readonly endpoint: string
  /** Why the ARN is not known. */
  readonly reason?: string
}

export class NoCredentials extends Error {}

/** How long to wait for an answer before the gateway starts without, in milliseconds. */
const patience = 5_000

/**
 * As whom the gateway asks IAM. STS knows; but where IAM's endpoint is overridden and STS's is not, an emulator's user
 * must not be looked up at real AWS, so IAM itself is asked. Throws NoCredentials.
 */
export async function identify(
  iam: IamClient,
  options: IamClientOptions & { readonly stsEndpoint?: string },
): Promise<Identity> {
  const { accessKeyId } = await iam.sdk.config.credentials().catch((cause: unknown) => {
    throw new NoCredentials('no AWS credentials', { cause })
  })
  const sts = new STSClient({
    region: options.region ?? configuredRegion,
    credentials: iam.sdk.config.credentials,
    maxAttempts: 2,
    ...(options.stsEndpoint !== undefined && { endpoint: options.stsEndpoint }),
  })
  try {
    const endpoint = await endpointOf(iam.sdk, new GetUserCommand({}))
    const stsEndpoint = await endpointOf(sts, new GetCallerIdentityCommand({}))
    const abortSignal = AbortSignal.timeout(patience)
    try {
      const arn =
        endpoint.overridden && !stsEndpoint.overridden
          ? (await iam.sdk.send(new GetUserCommand({}), { abortSignal })).User?.Arn
          : (await sts.send(new GetCallerIdentityCommand({}), { abortSignal })).Arn
      if (arn !== undefined) return { arn, name: arn, endpoint: endpoint.url }
      return { ...byKey(accessKeyId), endpoint: endpoint.url, reason: 'the answer held no ARN' }
    } catch (error) {
      const reason = error instanceof Error ? error.name : 'unknown'
      return { ...byKey(accessKeyId), endpoint: endpoint.url, reason }
    }
  } finally {
    sts.destroy()
  }
}

function byKey(accessKeyId: string): Pick<Identity, 'arn' | 'name'> {
  return { arn: undefined, name: `access key …${accessKeyId.slice(-4)}` }
}
