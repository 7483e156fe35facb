import type { DocumentNode, ExecutionResult } from 'graphql'
import { isAsyncIterable, type Plugin } from 'graphql-yoga'
import type { Context } from '../context.ts'
import { GatewayError } from '../gateway-error.ts'
import { type Estimated, estimate } from './estimate.ts'
import type { Estimate } from './ledger.ts'

export interface CostOptions {
  /** Most IAM calls that an operation may be estimated to cost; of a subscription, each event. */
  readonly maxIamCalls: number
  /** Whether `extensions.cost` of each answer says what it cost. */
  readonly reportCost: boolean
}

/** What an operation's context has once it was estimated. */
export interface Reporting {
  readonly reportCost?: boolean | undefined
}

/**
 * Refuses, before the first call, what would cost too many: judged here and not by a validation rule, for a document is
 * validated once and its variables come anew each time.
 */
export function useCost({ maxIamCalls, reportCost }: CostOptions): Plugin<Context & Reporting> {
  const estimateOnce = rememberingLast()

  function begin(hook: {
    readonly args: Estimated & { readonly contextValue: Context }
    extendContext(extension: Reporting): void
    setResultAndStopExecution(result: ExecutionResult): void
  }): void {
    const estimated = estimateOnce(hook.args)
    hook.extendContext({ reportCost })
    hook.args.contextValue.operation.cost.estimates(estimated.calls)
    if (estimated.calls > maxIamCalls) hook.setResultAndStopExecution({ errors: [tooDear(estimated, maxIamCalls)] })
  }
  return {
    onExecute(hook) {
      begin(hook)
      const { contextValue } = hook.args
      return {
        onExecuteDone({ result, setResult }) {
          if (!isAsyncIterable(result)) return setResult(withCost(result, contextValue))
          return {
            // What comes in parts has cost its due when the last of them is there.
            onNext({ result: part, setResult: setPart }) {
              if (!('hasNext' in part && part.hasNext)) setPart(withCost(part, contextValue))
            },
          }
        },
      }
    },
    onSubscribe(hook) {
      begin(hook)
      const { contextValue } = hook.args
      return {
        // What could not begin. An event's cost is its own: see useOperations.
        onSubscribeResult({ result, setResult }) {
          if (!isAsyncIterable(result)) setResult(withCost(result, contextValue))
        },
      }
    },
  }
}

export function withCost(
  result: ExecutionResult,
  { cost, reportCost }: Pick<Context, 'cost'> & Reporting,
): ExecutionResult {
  if (!reportCost) return result
  const { estimated, calls: made, shared, cached, throttled, waited, walks } = cost
  const { extensions, ...answer } = result
  const iamCalls = { estimated, made, shared, cached, throttled }
  return {
    // In front of the data, so that GraphiQL shows it without scrolling.
    extensions: {
      ...extensions,
      cost: { iamCalls, waitedMs: Math.round(waited), ...(walks.length > 0 && { walks }) },
    },
    ...answer,
  }
}

/** A document's last estimate is remembered, for a dashboard is asked again and again with the same variables. */
function rememberingLast(): typeof estimate {
  const last = new WeakMap<DocumentNode, { readonly asked: string; readonly estimated: Estimate }>()
  return args => {
    const { document, operationName, variableValues } = args
    const asked = JSON.stringify([operationName, variableValues])
    const known = last.get(document)
    if (known?.asked === asked) return known.estimated
    const estimated = estimate(args)
    last.set(document, { asked, estimated })
    return estimated
  }
}

function tooDear({ calls, dearest }: Estimate, limit: number): GatewayError {
  const most = dearest && `${dearest.calls} of them for ${dearest.path}`
  return new GatewayError(
    'IAM_CALLS_EXCEEDED',
    `The operation would cost ${calls} IAM calls, ${most}; it may cost ${limit}.`,
    { estimate: calls, limit, field: dearest?.path, fieldCalls: dearest?.calls, http: { status: 400, spec: true } },
  )
}
