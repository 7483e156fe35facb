import { IAMClient, type IAMClientConfig } from '@aws-sdk/client-iam'
import { loadConfig, NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS } from '@smithy/core/config'
import { HttpRequest } from '@smithy/core/protocols'
import { answerClock } from './answer-clock.ts'
import { createHttpHandler, abortable as markAbortable } from './http-handler.ts'

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

/** One client that asks and one that changes, signing as one identity. */
export interface Signing {
  readonly asker: IAMClient
  readonly changer: IAMClient
  /** Has the asker's next sending of this input end with the signal. */
  abortable(input: object, signal: AbortSignal): void
}

export interface Sdk extends Signing {
  /**
   * The same with another's signature, on the same connections: what it keeps of its own is a pair of the SDK's clients,
   * which take no calls of each other's credentials, and nothing of it needs to be destroyed.
   */
  signedBy(credentials: Credentials): Signing
  destroy(): void
}

export type Credentials = NonNullable<IAMClientConfig['credentials']>

/** The SDK repeats nothing: the pacer must see every call, and what may be repeated is IAM's rule, not the SDK's guess. */
const maxAttempts = 1

export function createSdk(options: SdkOptions): Sdk {
  const { callTimeout = 30_000 } = options
  // A kept connection may be closed by the other side just as a call goes out on it; a question is then asked again,
  // but of a change nobody would know whether it was made.
  const [keeping, closing] = [createHttpHandler({ callTimeout, keepAlive: true }), createHttpHandler({ callTimeout })]
  // What each call goes through is put together once, which is a fifth of what the SDK takes of the processor for one.
  // It is not where a call has options of its own, so signals go another way.
  const fixed = { ...connection(options), maxAttempts, cacheMiddleware: true }
  const signals = new WeakMap<object, AbortSignal>()
  const abortable: Signing['abortable'] = (input, signal) => signals.set(input, signal)

  function createClient(config: IAMClientConfig): IAMClient {
    const client = new IAMClient({ ...fixed, ...config })
    client.middlewareStack.use(answerClock)
    return client
  }

  function createAsker(config: IAMClientConfig): IAMClient {
    const asker = createClient({ ...config, requestHandler: keeping })
    asker.middlewareStack.add(
      next => args => {
        const signal = signals.get(args.input)
        if (signal && HttpRequest.isInstance(args.request)) markAbortable(args.request, signal)
        return next(args)
      },
      // The last step, on the request as it is sent.
      { step: 'deserialize', name: 'abortable', priority: 'low' },
    )
    return asker
  }

  const asker = createAsker({})
  // Found once for both, and remembered.
  const changer = createClient({ credentials: asker.config.credentials, requestHandler: closing })
  return {
    asker,
    changer,
    abortable,
    signedBy(credentials) {
      let own: IAMClient | undefined
      return {
        asker: createAsker({ credentials }),
        // Most callers change nothing.
        get changer() {
          own ??= createClient({ credentials, requestHandler: closing })
          return own
        },
        abortable,
      }
    },
    destroy() {
      for (const client of [asker, changer]) client.destroy()
    },
  }
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
