import type { IAMClient, ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/client-iam'
import { answeredAt } from './answer-clock.ts'
import { type Changed, type ChangeKind, change, type Pace } from './change.ts'
import { apiNamed, apiOf, type IamCommand, keyOf, listOf } from './command.ts'
import { IamError, NoSuchEntityError } from './errors.ts'
import { itself, type Operation, type Recalled } from './operation.ts'
import { createPacer, type Lane, type Pacer } from './pacer.ts'
import { createPulse, type OnSilence } from './pulse.ts'
import { question } from './question.ts'
import { createSdk, type SdkOptions, type Signing } from './sdk.ts'
import type { Session } from './session.ts'
import { callIn } from './session-call.ts'
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
  /** Whether the very same would be found again. */
  stillRemembers(recalled: readonly Recalled[]): boolean
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
  /**
   * The same account in a caller's own name: the rate, the connections and the room for what is remembered are shared,
   * what is read is not.
   */
  as(session: Session): IamClient
  /** In whose name it asks; undefined: the gateway's own. */
  readonly session: Session | undefined
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
  const sdk = createSdk(options)
  const { pacer = createPacer({ concurrency: 25 }) } = options
  const sharing = createSharing({
    ttl: options.cacheTtl ?? 0,
    maxEntries: options.cacheEntries ?? 20_000,
    maxBytes: options.cacheBytes ?? 67_108_864,
  })
  const pulse = createPulse()
  const signings = new WeakMap<Session, Signing>()
  const nothingElse = {}
  const partyOf = (lane: Lane, operation: Operation | undefined): Party<Lane> => ({
    lane,
    caller: operation?.caller ?? itself,
    operation: operation ?? nothingElse,
    waits: operation?.cost.waits,
  })

  function signingOf(session: Session | undefined): Signing {
    if (!session) return sdk
    const signing = signings.get(session) ?? sdk.signedBy(session.credentials)
    signings.set(session, signing)
    return signing
  }

  const clientOf = (
    session: Session | undefined,
    operation: Operation | undefined,
    onSilence: OnSilence = () => {},
  ): IamClient => ({
    async ask(command, read, { signal: own, urgent = false, fresh = urgent, onSent, onAnswered } = {}) {
      const lane: Lane = urgent ? 'urgent' : (operation?.lane ?? 'waiting')
      const api = apiOf(command)
      const page = { identity: session?.key, api, ...keyOf(command.input) }
      const party = partyOf(lane, operation)
      const noted = <Answer>(answer: Answer): Answer => {
        const at = answeredAt(answer)
        if (at) onAnswered?.(at)
        return answer
      }
      const load = (signal: AbortSignal | undefined, parties = createParties(party)) => {
        operation?.spend(urgent)
        const { asker, abortable } = signingOf(session)
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
          const paced = () => pacer.run({ api, parties, signal, cost: operation?.cost, send })
          const value = read(await callIn(session, signal, paced))
          // What is remembered is no sign of life.
          pulse.answered()
          return value
        }, signal)
      }
      // A change goes on when its client has gone, and so does what it reads.
      const signal = either(urgent ? operation?.deadline : operation?.signal, own)
      signal?.throwIfAborted()
      // Before its turn, which it would hold while STS answers; and what STS says is no sign of IAM.
      if (session) await session.ready(signal)
      try {
        return fresh
          ? await load(signal)
          : await sharing.get(
              page,
              {
                ...party,
                signal,
                wasShared: () => operation?.cost.wasShared(),
                wasCached: ({ stamp }) => operation?.recalls({ page, stamp }),
              },
              async (ended, parties) => load(ended, parties),
            )
      } catch (error) {
        throw error instanceof IamError ? pulse.failed(error, onSilence) : error
      }
    },
    recall<I extends ServiceInputTypes, Value>(command: new (input: I) => object, input: I) {
      if (operation?.signal.aborted) return undefined
      const page = { identity: session?.key, api: apiNamed(command.name), ...keyOf(input) }
      const remembered = sharing.recall<Value>(page)
      operation?.recalls({ page, stamp: remembered?.stamp })
      return remembered?.value
    },
    stillRemembers: recalled =>
      recalled.every(({ page, stamp }) => page.identity === session?.key && sharing.recall(page)?.stamp === stamp),
    async change(command, kind) {
      const api = apiOf(command)
      const { userName } = keyOf(command.input)
      const forget = () => sharing.forget(listOf(kind.of), userName)
      let isAsked = false
      const pace: Pace = async send => {
        if (session) await session.ready(operation?.deadline)
        isAsked = true
        operation?.spend(true)
        const parties = createParties(partyOf('urgent', operation))
        const paced = () => pacer.run({ api, parties, signal: operation?.deadline, cost: operation?.cost, send })
        return callIn(session, operation?.deadline, paced)
      }
      try {
        const changed = await change(pace, async () => signingOf(session).changer.send(command), kind)
        pulse.answered()
        forget()
        return changed
      } catch (error) {
        const doubtful = isDoubtful(error)
        if (doubtful) options.onDoubt?.(kind.of, userName)
        // Who may change nothing has nobody read anew; but who may, and finds it gone, knows more than is remembered.
        if (doubtful || error instanceof NoSuchEntityError) forget()
        throw error instanceof IamError && isAsked ? pulse.failed(error, onSilence) : error
      }
    },
    forget: (kind, userName) => sharing.forget(kind === undefined ? undefined : listOf(kind), userName),
    on: (other, onOtherSilence) => clientOf(session, other, onOtherSilence),
    as: other => clientOf(other, operation, onSilence),
    session,
    answersLately: pulse.beats,
    pacer,
    sharing,
    get sdk() {
      return signingOf(session).asker
    },
    destroy: sdk.destroy,
  })
  return clientOf(undefined, undefined, options.onSilence)
}

/** IAM did not answer, or failed: it does not say whether before or behind the change. */
function isDoubtful(error: unknown): boolean {
  return error instanceof IamError && (error.code === 'OUTCOME_UNKNOWN' || (error.status ?? 0) >= 500)
}

function either(one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined {
  return one && other ? AbortSignal.any([one, other]) : (one ?? other)
}
