import { IAMClient, type IAMClientConfig } from '@aws-sdk/client-iam'
import { loadConfig, NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS } from '@smithy/core/config'
import { HttpRequest } from '@smithy/core/protocols'
import { answerClock } from './answer-clock.ts'
import { abortable, createHttpHandler } from './http-handler.ts'

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
  /** Has the asker's next sending of this input end with the signal. */
  abortable(input: object, signal: AbortSignal): void
}

/** The SDK repeats nothing: the pacer must see every call, and what may be repeated is IAM's rule, not the SDK's guess. */
const maxAttempts = 1

export function createSdk(options: SdkOptions): Sdk {
  const { callTimeout = 30_000 } = options
  // What each call goes through is put together once, which is a fifth of what the SDK takes of the processor for one.
  // It is not where a call has options of its own, so signals go another way.
  const fixed = { ...connection(options), maxAttempts, cacheMiddleware: true }
  const asker = new IAMClient({ ...fixed, requestHandler: createHttpHandler({ callTimeout, keepAlive: true }) })
  // A kept connection may be closed by the other side just as a call goes out on it; a question is then asked again,
  // but of a change nobody would know whether it was made.
  const changer = new IAMClient({
    ...fixed,
    // Found once for both, and remembered.
    credentials: asker.config.credentials,
    requestHandler: createHttpHandler({ callTimeout }),
  })
  for (const sdk of [asker, changer]) sdk.middlewareStack.use(answerClock)

  const signals = new WeakMap<object, AbortSignal>()
  asker.middlewareStack.add(
    next => args => {
      const signal = signals.get(args.input)
      if (signal && HttpRequest.isInstance(args.request)) abortable(args.request, signal)
      return next(args)
    },
    // The last step, on the request as it is sent.
    { step: 'deserialize', name: 'abortable', priority: 'low' },
  )
  return { asker, changer, abortable: (input, signal) => signals.set(input, signal) }
}

function connection({ endpoint, region, credentials }: SdkOptions): IAMClientConfig {
  return {
    // IAM is global: where nothing names a region, any will do.
    region:
      region ?? loadConfig({ ...NODE_REGION_CONFIG_OPTIONS, default: 'us-east-1' }, NODE_REGION_CONFIG_FILE_OPTIONS),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
  }
}
