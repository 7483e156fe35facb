export interface SandboxCall {
  /** When it had arrived, as `performance.now()` of the sandbox's process. */
  readonly at: number
  readonly action: string
  /** As sent, without Action and Version. */
  readonly parameters: Readonly<Record<string, string>>
  /** Undefined when the call carried no readable signature. */
  readonly accessKeyId: string | undefined
  /** Who asked, by a signature that was right. */
  readonly callerArn: string | undefined
  readonly requestId: string
  /** 0: no answer was given, or not yet. */
  readonly status: number
  /** The error's, if the answer was one. */
  readonly code: string | undefined
}

export interface CallLog<Call> {
  readonly calls: readonly Call[]
  add(call: Call): void
  clear(): void
}

const NEWEST = 100_000

export function createCallLog<Call>(): CallLog<Call> {
  const calls: Call[] = []
  return {
    calls,
    add(call) {
      calls.push(call)
      if (calls.length > NEWEST) calls.shift()
    },
    clear() {
      calls.length = 0
    },
  }
}
