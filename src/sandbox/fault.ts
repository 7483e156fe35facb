import { type Denial, implicitDenial } from './access.ts'
import { AwsError } from './error.ts'
import type { Parameters } from './query-protocol.ts'

/** The first matching rule answers instead of IAM. */
export interface FaultRule {
  /** Matched without regard to case, as userName is; left out: all. */
  readonly action?: string
  /** The UserName that the call carries: one without a UserName is matched only by rules without a userName. */
  readonly userName?: string
  /** How often; default: unlimited. */
  readonly times?: number
  /** True: the action is really performed, then its answer replaced: a change that was made, its answer lost. */
  readonly after?: boolean
  readonly answer: FaultAnswer
}

export type FaultAnswer =
  | { readonly code: string; readonly message?: string; readonly status?: number }
  /** No answer, ever. */
  | 'hang'
  /** The connection is reset. */
  | 'reset'
  | { readonly status: number; readonly contentType: string; readonly body: string }
  /** IAM's own answer, so many milliseconds later. The action is performed at once. */
  | { readonly delay: number }
  /** IAM's own answer, its page cut to so many items: with 0 an empty page that is truncated, as IAM may send one. */
  | { readonly maxPage: number }

export interface Faults<Rule extends FaultRule = FaultRule> {
  add(rule: Rule): () => void
  /** The rule for this call, which counts as one of its times. */
  take(action: string, parameters: Parameters): Rule | undefined
}

export function createFaults<Rule extends FaultRule = FaultRule>(): Faults<Rule> {
  const active: { readonly rule: Rule; left: number }[] = []
  return {
    add(rule) {
      const entry = { rule, left: rule.times ?? Number.POSITIVE_INFINITY }
      active.push(entry)
      return () => {
        entry.left = 0
        const index = active.indexOf(entry)
        if (index >= 0) active.splice(index, 1)
      }
    },
    take(action, parameters) {
      const entry = active.find(
        ({ rule, left }) => left > 0 && matches(rule.action, action) && matches(rule.userName, parameters['UserName']),
      )
      if (entry === undefined) return undefined
      entry.left -= 1
      return entry.rule
    },
  }
}

/** The error a rule stands for; without a message of its own, in the words IAM uses for it. */
export function faultError(
  fault: { readonly code: string; readonly message?: string; readonly status?: number },
  denial: Denial,
  userName?: string,
): AwsError {
  const message = fault.message ?? ownWords(fault.code, denial, userName)
  return new AwsError(fault.code, message, fault.status)
}

function matches(wanted: string | undefined, actual: string | undefined): boolean {
  return wanted === undefined || wanted.toLowerCase() === actual?.toLowerCase()
}

/** The first three as IAM.md has them (grade C, A, C); the others as AWS documents its common errors. */
function ownWords(code: string, denial: Denial, userName: string | undefined): string {
  switch (code) {
    case 'AccessDenied':
      return implicitDenial(denial)
    case 'NoSuchEntity':
      return userName === undefined ? 'No such entity' : `The user with name ${userName} cannot be found.`
    case 'Throttling':
      return 'Rate exceeded'
    case 'ExpiredToken':
      return 'The security token included in the request is expired'
    default:
      return 'The request processing has failed because of an unknown error, exception or failure.'
  }
}
