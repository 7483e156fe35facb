import { IAMClient, type IAMClientConfig } from '@aws-sdk/client-iam'
import { loadConfig, NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS } from '@smithy/core/config'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { answerBody } from './answer-body.ts'
import { answerClock } from './answer-clock.ts'

export interface SdkOptions {
  /** Left out: `AWS_ENDPOINT_URL_IAM`, the profile, else AWS's own. */
  readonly endpoint?: string
  readonly region?: string
  /** Left out: the SDK's default credential chain. */
  readonly credentials?: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken?: string
  }
  /** How long one call may take, in milliseconds. Default 30,000. */
  readonly callTimeout?: number
}

export interface Sdk {
  readonly asker: IAMClient
  readonly changer: IAMClient
}

/** The SDK repeats nothing: the pacer must see every call, and what may be repeated is IAM's rule, not the SDK's guess. */
const maxAttempts = 1
const callTimeout = 30_000

export function createSdk(options: SdkOptions): Sdk {
  const asker = new IAMClient({
    ...connection(options),
    requestHandler: createHandler(options, { keepAlive: true }),
    maxAttempts,
  })
  // A kept connection may be closed by the other side just as a call goes out on it; a question is then asked again,
  // but of a change nobody would know whether it was made.
  const changer = new IAMClient({
    ...connection(options),
    // Found once for both, and remembered.
    credentials: asker.config.credentials,
    requestHandler: createHandler(options, { keepAlive: false }),
    maxAttempts,
  })
  changer.middlewareStack.use(answerClock)
  for (const client of [asker, changer]) client.middlewareStack.use(answerBody(options.callTimeout ?? callTimeout))
  return { asker, changer }
}

function createHandler(options: SdkOptions, { keepAlive }: { readonly keepAlive: boolean }) {
  return new NodeHttpHandler({
    connectionTimeout: 5_000,
    // Ends with the answer's headers; its body has what is left of the time.
    requestTimeout: options.callTimeout ?? callTimeout,
    throwOnRequestTimeout: true,
    socketTimeout: 0,
    httpAgent: { keepAlive, maxSockets: 50 },
    httpsAgent: { keepAlive, maxSockets: 50 },
  })
}

function connection({ endpoint, region, credentials }: SdkOptions): IAMClientConfig {
  return {
    region: region ?? configuredRegion,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
  }
}

/** IAM is global: where nothing names a region, any will do. */
const configuredRegion = (): Promise<string> =>
  loadConfig({ ...NODE_REGION_CONFIG_OPTIONS, default: 'us-east-1' }, NODE_REGION_CONFIG_FILE_OPTIONS)()
