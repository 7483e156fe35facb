import {
  IAMClient,
  type IAMClientConfig,
  type IAMClientResolvedConfig,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from '@aws-sdk/client-iam'
import { loadConfig, NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS } from '@smithy/core/config'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { Command } from '@smithy/types'
import pLimit from 'p-limit'
import { answerClock } from './answer-clock.ts'
import { type Changed, type ChangeKind, change } from './change.ts'
import { IamError } from './errors.ts'
import { isSilence, questionFailure } from './failure.ts'
import { QuestionRetryStrategy } from './retry.ts'

export interface IamClientOptions {
  /** Left out: `AWS_ENDPOINT_URL_IAM`, the profile, else AWS's own. */
  readonly endpoint?: string
  readonly region?: string
  /** Left out: the SDK's default credential chain. */
  readonly credentials?: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken?: string
  }
  /** Reads under way at once; changes have a lane of their own. Default 25: half of the SDK's sockets. */
  readonly concurrency?: number
  /** How long one call may take, in milliseconds. Default 30,000. */
  readonly callTimeout?: number
  /** Default: nobody is told. */
  readonly onSilence?: OnSilence
}

/** Told of each call that IAM left unanswered, for the log; `error.cause` is what the SDK said. */
export type OnSilence = (error: IamError) => void

type IamCommand<Input extends ServiceInputTypes, Output extends ServiceOutputTypes> = Command<
  ServiceInputTypes,
  Input,
  ServiceOutputTypes,
  Output,
  IAMClientResolvedConfig
>

export interface IamClient {
  /**
   * A question: repeated while IAM throttles or is silent, a few times. `read` makes of the answer what is wanted, and
   * throws where it was not IAM's. Throws IamError, or the signal's reason.
   */
  ask<I extends ServiceInputTypes, O extends ServiceOutputTypes, Value>(
    command: IamCommand<I, O>,
    read: (answer: O) => Value,
    options?: AskOptions,
  ): Promise<Value>
  /** A change: once sent, never aborted. Throws IamError, OUTCOME_UNKNOWN where nobody knows whether it was made. */
  change<I extends ServiceInputTypes, O extends ServiceOutputTypes, Value>(
    command: IamCommand<I, O>,
    kind: ChangeKind<O, Value>,
  ): Promise<Changed<Value>>
  /** False when IAM was asked lately and was silent. */
  answersLately(): boolean
  /** The same client, telling somebody else of its silences: an operation's log carries the operation's request id. */
  reportingTo(onSilence: OnSilence): IamClient
  readonly sdk: IAMClient
  destroy(): void
}

export interface AskOptions {
  readonly signal?: AbortSignal
  /** A change waits for the answer: it does not queue behind other questions. */
  readonly urgent?: boolean
}

export function createIamClient(options: IamClientOptions = {}): IamClient {
  const asker = new IAMClient({
    ...connection(options),
    requestHandler: createHandler(options, { keepAlive: true }),
    retryStrategy: new QuestionRetryStrategy(),
  })
  // A kept connection may be closed by the other side just as a call goes out on it; a question is then asked again,
  // but of a change nobody would know whether it was made.
  const changer = new IAMClient({
    ...connection(options),
    // Found once for both, and remembered.
    credentials: asker.config.credentials,
    requestHandler: createHandler(options, { keepAlive: false }),
    maxAttempts: 1,
  })
  changer.middlewareStack.use(answerClock)

  const lane = pLimit(options.concurrency ?? 25)
  const pulse = createPulse()

  const client = (onSilence: OnSilence = () => {}): IamClient => ({
    sdk: asker,
    async ask(command, read, { signal, urgent = false } = {}) {
      signal?.throwIfAborted()
      const send = async () => {
        signal?.throwIfAborted()
        return asker.send(command, signal && { abortSignal: signal })
      }
      try {
        const value = read(await untilAborted(urgent ? send() : lane(send), signal))
        pulse.answered()
        return value
      } catch (error) {
        signal?.throwIfAborted()
        throw pulse.failed(questionFailure(error), onSilence)
      }
    },
    async change(command, kind) {
      try {
        const changed = await change(() => changer.send(command), kind)
        pulse.answered()
        return changed
      } catch (error) {
        throw error instanceof IamError ? pulse.failed(error, onSilence) : error
      }
    },
    answersLately: pulse.beats,
    reportingTo: client,
    destroy() {
      for (const sdk of [asker, changer]) sdk.destroy()
    },
  })
  return client(options.onSilence)
}

function createHandler({ callTimeout = 30_000 }: IamClientOptions, { keepAlive }: { readonly keepAlive: boolean }) {
  return new NodeHttpHandler({
    connectionTimeout: 5_000,
    requestTimeout: callTimeout,
    throwOnRequestTimeout: true,
    // The handler's requestTimeout ends with the answer's headers; an answer may stop in its middle, too.
    socketTimeout: callTimeout,
    httpAgent: { keepAlive, maxSockets: 50 },
    httpsAgent: { keepAlive, maxSockets: 50 },
  })
}

/** Neither the lane nor the SDK's wait between two attempts ends with the signal. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

function connection({ endpoint, region, credentials }: IamClientOptions): IAMClientConfig {
  return {
    region: region ?? configuredRegion,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
  }
}

/** IAM is global: where nothing names a region, any will do. */
const configuredRegion = (): Promise<string> =>
  loadConfig({ ...NODE_REGION_CONFIG_OPTIONS, default: 'us-east-1' }, NODE_REGION_CONFIG_FILE_OPTIONS)()

/** For `/ready`: silent lately, and nothing heard since. A refusal is an answer. */
function createPulse() {
  const memory = 30_000
  let silentAt = Number.NEGATIVE_INFINITY
  const answered = () => {
    silentAt = Number.NEGATIVE_INFINITY
  }
  return {
    answered,
    failed(error: IamError, onSilence: OnSilence): IamError {
      if (isSilence(error)) {
        silentAt = performance.now()
        onSilence(error)
      } else answered()
      return error
    },
    beats: () => performance.now() - silentAt > memory,
  }
}
