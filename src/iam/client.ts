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
import { answerClock, type Clocked } from './answer-clock.ts'
import { type IamError, isRefusal } from './errors.ts'
import { changeFailure, isSilence, questionFailure } from './failure.ts'
import type { Receipt } from './model.ts'
import { IamRetryStrategy } from './retry.ts'

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
  /** Told of each call that IAM left unanswered, for the log; `error.cause` is what the SDK said. */
  readonly onSilence?: (error: IamError) => void
}

type IamCommand<Input extends ServiceInputTypes, Output extends ServiceOutputTypes> = Command<
  ServiceInputTypes,
  Input,
  ServiceOutputTypes,
  Output,
  IAMClientResolvedConfig
>

export interface IamClient {
  /** A question: repeated while IAM throttles or is silent, a few times. Throws IamError, or the signal's reason. */
  ask<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
    command: IamCommand<I, O>,
    options?: AskOptions,
  ): Promise<O>
  /**
   * A change: sent once, never aborted. Only one that disables is repeated when its fate is unknown: a repeated enable
   * could undo an emergency disable made meanwhile. Throws IamError, OUTCOME_UNKNOWN where IAM did not answer.
   */
  change<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
    command: IamCommand<I, O>,
    kind: { readonly disables: boolean },
  ): Promise<Changed<O>>
  /** False when IAM was asked lately and was silent. */
  answersLately(): boolean
  readonly sdk: IAMClient
  destroy(): void
}

export interface AskOptions {
  readonly signal?: AbortSignal
  /** A change waits for the answer: it does not queue behind other questions. */
  readonly urgent?: boolean
}

export interface Changed<Output> extends Receipt {
  readonly output: Output
  /** Milliseconds between sending and the answer. */
  readonly elapsed: number
}

export function createIamClient(options: IamClientOptions = {}): IamClient {
  const requestHandler = new NodeHttpHandler({
    connectionTimeout: 5_000,
    requestTimeout: options.callTimeout ?? 30_000,
    throwOnRequestTimeout: true,
    httpAgent: { keepAlive: true, maxSockets: 50 },
    httpsAgent: { keepAlive: true, maxSockets: 50 },
  })
  const base = { ...connection(options), requestHandler }
  const asker = new IAMClient({ ...base, retryStrategy: new IamRetryStrategy(6, 'ask') })
  const changer = new IAMClient({ ...base, retryStrategy: new IamRetryStrategy(4, 'change') })
  const disabler = new IAMClient({ ...base, retryStrategy: new IamRetryStrategy(4, 'ask') })
  for (const client of [asker, changer, disabler]) client.middlewareStack.use(answerClock)

  const lane = pLimit(options.concurrency ?? 25)
  const pulse = createPulse(options.onSilence)

  return {
    sdk: asker,
    async ask(command, { signal, urgent = false } = {}) {
      const send = async () => {
        signal?.throwIfAborted()
        return asker.send(command, signal && { abortSignal: signal })
      }
      try {
        const output = await untilAborted(urgent ? send() : lane(send), signal)
        pulse.answered()
        return output
      } catch (error) {
        signal?.throwIfAborted()
        throw pulse.failed(questionFailure(error))
      }
    },
    async change(command, { disables }) {
      const sentAt = performance.now()
      try {
        const output = await (disables ? disabler : changer).send(command)
        const { requestId, answeredAt }: Clocked['$metadata'] = output.$metadata
        // A 200 without IAM's request id is some proxy's page: the SDK resolves it, with nothing in it.
        if (requestId === undefined) throw changeFailure(undefined)
        pulse.answered()
        return { output, requestId, answeredAt: answeredAt ?? new Date(), elapsed: performance.now() - sentAt }
      } catch (error) {
        throw pulse.failed(changeFailure(error))
      }
    },
    answersLately: pulse.beats,
    destroy() {
      for (const client of [asker, changer, disabler]) client.destroy()
    },
  }
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
export const configuredRegion = (): Promise<string> =>
  loadConfig({ ...NODE_REGION_CONFIG_OPTIONS, default: 'us-east-1' }, NODE_REGION_CONFIG_FILE_OPTIONS)()

/** For `/ready`: silent lately, and nothing heard since. A refusal is an answer. */
function createPulse(onSilence: IamClientOptions['onSilence']) {
  const memory = 30_000
  let silentAt = Number.NEGATIVE_INFINITY
  return {
    answered: () => {
      silentAt = Number.NEGATIVE_INFINITY
    },
    failed(error: IamError): IamError {
      if (isSilence(error)) {
        silentAt = performance.now()
        onSilence?.(error)
      } else if (isRefusal(error)) silentAt = Number.NEGATIVE_INFINITY
      return error
    },
    beats: () => performance.now() - silentAt > memory,
  }
}
