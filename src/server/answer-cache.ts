import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  getOperationAST,
  OperationTypeNode,
} from 'graphql'
import { isAsyncIterable, type Plugin } from 'graphql-yoga'
import { LRUCache } from 'lru-cache'
import type { Context } from '../context.ts'
import type { Walk } from '../iam/cost.ts'
import type { Recalled } from '../iam/operation.ts'
import { directivesIn } from './incremental-rule.ts'

export interface AnswerCacheOptions {
  /** About; in bytes. 0: each answer is made. */
  readonly answerCacheBytes: number
  /** Whether what IAM lists is shown as it is. What is made of it while changes lie over it is made anew once they end. */
  readonly isSettled: () => boolean
}

/**
 * Gives the answer to a query again where making it again would make the same: it was made of remembered pages alone,
 * and whoever asks would be given these very pages. So it lives no longer than they do, and what lets go of one of them
 * lets go of it. To stand behind all that may refuse an operation, for here it is answered.
 */
export function useAnswerCache({ answerCacheBytes, isSettled }: AnswerCacheOptions): Plugin<Context> {
  if (answerCacheBytes === 0) return {}
  const answers = new LRUCache<string, Answer | typeof asked>({
    maxSize: answerCacheBytes,
    sizeCalculation: (known, key) => 100 + 2 * key.length + (known === asked ? 0 : known.size),
  })
  const nameOf = numbered<DocumentNode>()

  return {
    onExecute({ args, setResultAndStopExecution }) {
      if (!isWholeQuery(args)) return
      const { document, operationName, variableValues, contextValue: context } = args
      const { principal, iam } = context
      const whose = [principal.key, iam.session?.key]
      const key = JSON.stringify([...whose, nameOf(document), operationName, variableValues])
      const known = answers.get(key)
      if (known !== undefined && known !== asked && isRightFor(context, known)) {
        for (const page of known.recalled) context.operation.recalls(page)
        for (const walk of known.walks) context.operation.cost.walked(walk)
        return setResultAndStopExecution(known.result)
      }
      // What is asked once is not worth the keeping.
      answers.set(key, asked)
      if (known === undefined) return
      return {
        onExecuteDone({ result }) {
          if (isAsyncIterable(result) || !isSettled()) return
          const answer = answerOf(result, context)
          if (answer) answers.set(key, answer)
        },
      }
    },
  }
}

const asked = 'asked'

/** Yoga writes a result by its own `stringify`, where it has one; over WebSocket it is written as any other. */
interface Written extends ExecutionResult {
  readonly stringify: (result: ExecutionResult) => string
}

/** What an answer hangs on. */
interface Ground {
  readonly recalled: readonly Recalled[]
  /** By the wall clock, in milliseconds since 1970; it may be set back. */
  readonly madeAt: number
  readonly holdsUntil: number
}

interface Answer extends Ground {
  readonly result: Written
  readonly walks: readonly Walk[]
  readonly size: number
}

/** Undefined where IAM was asked, or failed, or told nothing of it: then it may hang on more than what is remembered. */
function answerOf({ data, errors }: ExecutionResult, context: Context): Answer | undefined {
  const { recalled, holdsUntil, cost } = context.operation
  const ground = { recalled, madeAt: Date.now(), holdsUntil }
  if (!data || errors || recalled.length === 0 || cost.calls + cost.shared > 0) return undefined
  if (!isRightFor(context, ground)) return undefined
  const text = JSON.stringify(data)
  return {
    ...ground,
    result: written(text),
    walks: cost.walks,
    // The text, and what it says, for which V8 takes half as much again (measured).
    size: 3 * text.length + 200 * recalled.length,
  }
}

/** Writing it takes longer than all else that is left to be done. What is reported beside it is of its own time. */
function written(text: string): Written {
  return {
    data: JSON.parse(text),
    stringify(result) {
      const { extensions, errors } = result
      if (errors) return JSON.stringify(result)
      return extensions ? `{"extensions":${JSON.stringify(extensions)},"data":${text}}` : `{"data":${text}}`
    },
  }
}

function isRightFor({ iam, operation }: Context, { recalled, madeAt, holdsUntil }: Ground): boolean {
  const now = Date.now()
  return now >= madeAt && now <= holdsUntil && !operation.signal.aborted && iam.stillRemembers(recalled)
}

/** What some get in parts is made for each, as each takes it. */
function isWholeQuery({ document, operationName }: ExecutionArgs): boolean {
  const operation = getOperationAST(document, operationName)
  return operation?.operation === OperationTypeNode.QUERY && directivesIn(document).length === 0
}

/** A number for each object, never another's, however long that one is gone. */
function numbered<Thing extends object>(): (thing: Thing) => number {
  const numbers = new WeakMap<Thing, number>()
  let last = 0
  return thing => {
    const known = numbers.get(thing)
    if (known !== undefined) return known
    numbers.set(thing, ++last)
    return last
  }
}
