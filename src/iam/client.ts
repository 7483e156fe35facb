import type { IAMClient, IAMClientResolvedConfig, ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/client-iam'
import type { Command } from '@smithy/types'
import { answeredAt } from './answer-clock.ts'
import { type Changed, type ChangeKind, change, type Pace } from './change.ts'
import { IamError } from './errors.ts'
import type { Operation } from './operation.ts'
import { createPacer, type Lane, type Pacer } from './pacer.ts'
import { createPulse, type OnSilence } from './pulse.ts'
import { question } from './question.ts'
import { createSdk, type SdkOptions } from './sdk.ts'
import { createSharing, type Sharing } from './sharing.ts'
import { createParties, type Party } from './turn.ts'

export type { OnSilence } from './pulse.ts'

export interface IamClientOptions extends SdkOptions {
  /** One for each account. Default: one of this client's own. */
  readonly pacer?: Pacer
  /** How long pages are remembered, in milliseconds; default 0: not at all. */
  readonly cacheTtl?: number
  /** Default 20,000. */
  readonly cacheEntries?: number
  /** Default 64 MiB. */
  readonly cacheBytes?: number
  /** Default: nobody is told. */
  readonly onSilence?: OnSilence
  /** Told of a change of a kind of credential of which nobody knows whether it was made. Default: nobody is. */
  readonly onDoubt?: (kind: string, userName: string | undefined) => void
}

type IamCommand<Input extends ServiceInputTypes, Output extends ServiceOutputTypes> = Command<
  ServiceInputTypes,
  Input,
  ServiceOutputTypes,
  Output,
  IAMClientResolvedConfig
>

/** IAM, as one identity asks it. */
export interface IamClient {
  /**
   * A question. Asked by others at the same time or lately, it is theirs; else it goes in its turn, again while IAM
   * throttles, and a few times where IAM is silent. `read` makes of the answer what is wanted, and throws where it was
   * not IAM's. Throws IamError, IAM_CALLS_EXCEEDED, or the reason of a signal.
   */
  ask<I extends ServiceInputTypes, O extends ServiceOutputTypes, Value>(
    command: IamCommand<I, O>,
    read: (answer: O) => Value,
    options?: AskOptions,
  ): Promise<Value>
  /** What `ask` would find remembered, at once; undefined where it would have to ask, or to wait. */
  recall<I extends ServiceInputTypes, Value>(command: new (input: I) => object, input: I): Value | undefined
  /** A change: once sent, never aborted. Throws IamError, OUTCOME_UNKNOWN where nobody knows whether it was made. */
  change<I extends ServiceInputTypes, O extends ServiceOutputTypes, Value>(
    command: IamCommand<I, O>,
    kind: ChangeKind<O, Value>,
  ): Promise<Changed<Value>>
  /**
   * A credential of this kind changed: what was read of the user's, and is remembered or on its way, is not used any more.
   * Where nothing is named, whatever was read is not.
   */
  forget(kind?: string, userName?: string): void
  /** The same client, on behalf of an operation; its log carries the operation's request id. */
  on(operation: Operation, onSilence?: OnSilence): IamClient
  /** False when IAM was asked lately and was silent. */
  answersLately(): boolean
  readonly pacer: Pacer
  readonly sharing: Pick<Sharing, 'underWay'>
  readonly sdk: IAMClient
  destroy(): void
}

export interface AskOptions {
  readonly signal?: AbortSignal
  /** A change waits for the answer: it goes first, and is never somebody else's, which may be older. */
  readonly urgent?: boolean
  /** Called when a call of its own goes out: not where the answer was known, is another's, or was not waited for. */
  readonly onSent?: () => void
  /** What is remembered, or on its way for somebody else, will not do: it is asked anew, in its lane. */
  readonly fresh?: boolean
  /** Told when IAM answered or refused, by IAM's own clock, where that says it and the call was its own. */
  readonly onAnswered?: (at: Date) => void
}

export function createIamClient(options: IamClientOptions = {}): IamClient {
  const { asker, changer, abortable } = createSdk(options)
  const { pacer = createPacer({ concurrency: 25 }) } = options
  const sharing = createSharing({
    ttl: options.cacheTtl ?? 0,
    maxEntries: options.cacheEntries ?? 20_000,
    maxBytes: options.cacheBytes ?? 67_108_864,
  })
  const pulse = createPulse()
  const nobody = {}
  const partyOf = (lane: Lane, operation: Operation | undefined): Party<Lane> => ({
    lane,
    turn: operation ?? nobody,
    waits: operation?.cost.waits,
  })

  const clientOf = (operation: Operation | undefined, onSilence: OnSilence = () => {}): IamClient => ({
    async ask(command, read, { signal: own, urgent = false, fresh = urgent, onSent, onAnswered } = {}) {
      const lane: Lane = urgent ? 'urgent' : (operation?.lane ?? 'waiting')
      const api = apiOf(command)
      const party = partyOf(lane, operation)
      const noted = <Answer>(answer: Answer): Answer => {
        const at = answeredAt(answer)
        if (at) onAnswered?.(at)
        return answer
      }
      const load = (signal: AbortSignal | undefined, parties = createParties(party)) => {
        operation?.spend()
        return question(async () => {
          const send = async () => {
            onSent?.()
            if (signal) abortable(command.input, signal)
            try {
              return noted(await asker.send(command))
            } catch (error) {
              throw noted(error)
            }
          }
          const value = read(await pacer.run({ api, parties, signal, cost: operation?.cost, send }))
          // What is remembered is no sign of life.
          pulse.answered()
          return value
        }, signal)
      }
      try {
        // A change goes on when its client has gone, and so does what it reads.
        const signal = either(urgent ? operation?.deadline : operation?.signal, own)
        signal?.throwIfAborted()
        return fresh
          ? await load(signal)
          : await sharing.get(
              { api, ...keyOf(command.input) },
              {
                ...party,
                signal,
                wasShared: () => operation?.cost.wasShared(),
                wasCached: () => operation?.cost.wasCached(),
              },
              async (ended, parties) => load(ended, parties),
            )
      } catch (error) {
        throw error instanceof IamError ? pulse.failed(error, onSilence) : error
      }
    },
    recall<I extends ServiceInputTypes, Value>(command: new (input: I) => object, input: I) {
      if (operation?.signal.aborted) return undefined
      const value = sharing.recall<Value>({ api: apiNamed(command.name), ...keyOf(input) })
      if (value !== undefined) operation?.cost.wasCached()
      return value
    },
    async change(command, kind) {
      const api = apiOf(command)
      const pace: Pace = async send => {
        operation?.spend()
        const parties = createParties(partyOf('urgent', operation))
        return pacer.run({ api, parties, signal: operation?.deadline, cost: operation?.cost, send })
      }
      try {
        const changed = await change(pace, async () => changer.send(command), kind)
        pulse.answered()
        return changed
      } catch (error) {
        if (isDoubtful(error)) options.onDoubt?.(kind.of, keyOf(command.input).userName)
        throw error instanceof IamError ? pulse.failed(error, onSilence) : error
      } finally {
        sharing.forget(listOf(kind.of), keyOf(command.input).userName)
      }
    },
    forget: (kind, userName) => sharing.forget(kind === undefined ? undefined : listOf(kind), userName),
    on: clientOf,
    answersLately: pulse.beats,
    pacer,
    sharing,
    sdk: asker,
    destroy() {
      for (const sdk of [asker, changer]) sdk.destroy()
    },
  })
  return clientOf(undefined, options.onSilence)
}

/** IAM did not answer, or failed: it does not say whether before or behind the change. */
function isDoubtful(error: unknown): boolean {
  return error instanceof IamError && (error.code === 'OUTCOME_UNKNOWN' || (error.status ?? 0) >= 500)
}

/** As IAM's buckets are named, and its documentation: `ListUsers`. */
function apiOf(command: object): string {
  return apiNamed(command.constructor.name)
}

function apiNamed(command: string): string {
  return command.slice(0, -'Command'.length)
}

/** IAM names the list of each kind of credential so. */
function listOf(kind: string): string {
  return `List${kind}s`
}

function keyOf(input: ServiceInputTypes): { userName: string | undefined; input: object } {
  const { UserName: userName, ...rest } = input as { readonly UserName?: string }
  return { userName, input: rest }
}

function either(one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined {
  return one && other ? AbortSignal.any([one, other]) : (one ?? other)
}
