import type { Writable } from 'node:stream'
import { IamError } from '../iam/errors.ts'
import type { Logger } from '../log.ts'
import { intentRecord, type Mutation, type Outcome, outcomeRecord, type Refused } from './entry.ts'
import { createFileSink } from './file.ts'
import { inTime } from './in-time.ts'
import { lineOf } from './line.ts'
import { createRefusals } from './refusal.ts'
import { createStreamSink, type Sink } from './sink.ts'

export type { Mutation, Outcome, Refused, RefusedOperation, Transport } from './entry.ts'

/** Who changed what, or was not let in: a line for each intent, each outcome and each refused access. */
export interface Audit {
  /** Opens the file, as the first line would otherwise. Throws what the system says. */
  open(): Promise<void>
  /**
   * Before IAM is asked: once this resolves the line survives a power cut, where it goes to a file. Throws
   * AUDIT_UNAVAILABLE. It is tried each time, so that it heals.
   */
  intent(mutation: Mutation): Promise<void>
  /**
   * Before the client is told. Never rejects, for the change is made: what cannot be written is in the log, and is
   * written before anything else once that works again.
   */
  outcome(mutation: Mutation, outcome: Outcome): Promise<void>
  /**
   * Never rejects. Whoever waits for it before answering, as everybody should, is a bound on how many there are. Beyond a
   * rate those of callers who are not known are counted, and told by their number.
   */
  refused(refused: Refused): Promise<void>
  /** Degraded: the last line could not be written. */
  readonly state: 'ok' | 'degraded'
  /** Once each intent has its outcome, or they take too long: a client that goes away does not end what it changes. */
  settled(): Promise<void>
  /** Writes what is under way. */
  close(): Promise<void>
}

export interface AuditOptions {
  /** `stdout`, a path, or a stream. */
  readonly destination: string | Writable
  readonly log: Logger
  /** In milliseconds since 1970; default: this machine's clock. */
  readonly now?: () => number
  /** How long a line may take, in milliseconds; default 5 s. */
  readonly patience?: number
}

/** Opens nothing yet: that is for the first line. */
export function createAudit({ destination, log, now = Date.now, patience = 5_000 }: AuditOptions): Audit {
  const sink = sinkOf(destination, now)
  let state: Audit['state'] = 'ok'
  let missed = 0
  let waiting = 0
  let last = Promise.resolve()
  /** Outcomes that could not be written, of mutations that were refused for it too: they come before anything else. */
  const owed: string[] = []
  /** Mutations whose intent is written and whose outcome is not yet. */
  const open = new Set<string>()
  let onAllKnown = () => {}
  const refusals = createRefusals({
    write: (record, onFailed) => write(lineOf(record), { onFailed }),
    now,
    patience,
    onLate: failed,
    onMissed() {
      missed += 1
    },
  })

  /**
   * Rejects where the line cannot be written, or not in time: a lasting one is given up then, unless it is being written;
   * any other may still be written, unless `onFailed` is told.
   */
  async function write(line: string, { isLasting = false, onFailed = () => {} } = {}): Promise<void> {
    // Of those that were given up some may still wait, behind one that the system never finishes.
    if (isLasting && waiting >= 2 * mostWaiting) throw failed(new Error(`${waiting} lines are waiting`))
    waiting += 1
    let isGivenUp = false
    const written = last
      .then(() => {
        if (isGivenUp) throw new Error('its turn came too late')
        return put(line, isLasting)
      })
      .then(succeeded, (error: unknown) => {
        onFailed()
        throw failed(error)
      })
    last = written.then(settled, settled)
    try {
      await inTime(patience, written)
    } catch (error) {
      isGivenUp = isLasting
      throw failed(error)
    }
  }

  async function put(line: string, isLasting: boolean): Promise<void> {
    await payOwed()
    await sink.write(line, { isLasting })
  }

  async function payOwed(): Promise<void> {
    for (let first = owed[0]; first !== undefined; first = owed[0]) {
      await sink.write(first, { isLasting: false })
      owed.shift()
    }
  }

  function settled(): void {
    waiting -= 1
  }

  function owe(line: string): void {
    if (owed.length < mostWaiting) owed.push(line)
    else missed += 1
  }

  function succeeded(): void {
    if (state === 'ok') return
    state = 'ok'
    log.info({ missed }, 'the audit log is written again')
    missed = 0
  }

  function failed(error: unknown): unknown {
    const reason = error instanceof Error ? error.message : String(error)
    if (state === 'ok') log.error({ flag: '--audit-log', reason }, auditIsAway)
    state = 'degraded'
    return error
  }

  return {
    async open() {
      const mode = await sink.open()
      if (mode === undefined || (mode & 0o077) === 0) return
      log.warn({ flag: '--audit-log', mode: mode.toString(8) }, 'the audit log is open to others than its owner')
    },
    async intent(mutation) {
      try {
        await write(lineOf(intentRecord(mutation, new Date(now()))), { isLasting: true })
        open.add(mutation.id)
      } catch (cause) {
        const refusal = { code: 'AUDIT_UNAVAILABLE', awsRequestId: null } as const
        // Also of a line that is there after all, torn or late, the end is told.
        owe(lineOf(outcomeRecord(mutation, refusal, new Date(now()))))
        throw IamError.own(refusal.code, 'The audit log cannot be written. Nothing was changed.', { cause })
      }
    },
    async outcome(mutation, outcome) {
      const record = outcomeRecord(mutation, outcome, new Date(now()))
      const line = lineOf(record)
      try {
        await write(line, { onFailed: () => owe(line) })
      } catch {
        log.error({ record }, 'an outcome could not be written to the audit log')
      }
      open.delete(mutation.id)
      if (open.size === 0) onAllKnown()
    },
    refused: refusals.add,
    get state() {
      return state
    },
    async settled() {
      if (open.size === 0) return
      const known = new Promise<void>(resolve => {
        onAllKnown = resolve
      })
      await inTime(patience, known).catch(() => log.error({ changes: open.size }, 'changes have no outcome yet'))
    },
    async close() {
      try {
        const written = refusals.close().then(() => last)
        await inTime(patience, written.then(payOwed).finally(sink.close))
      } catch (error) {
        failed(error)
      }
      if (owed.length > 0) log.error({ lines: owed.length }, 'the audit log lacks outcomes')
      if (refusals.omitted > 0) log.warn({ lines: refusals.omitted }, 'the audit log lacks refused accesses')
    },
  }
}

/** For the log, and for `/health`. */
export const auditIsAway = 'the audit log cannot be written: mutations are refused until it can'

/** Lines that were given up and wait all the same, and outcomes that are owed. */
const mostWaiting = 10_000

function sinkOf(destination: string | Writable, now: () => number): Sink {
  if (destination === 'stdout') return createStreamSink(process.stdout)
  return typeof destination === 'string' ? createFileSink({ path: destination, now }) : createStreamSink(destination)
}
