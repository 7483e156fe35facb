import type { ExecutionArgs, ExecutionResult } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { GatewayError } from '../gateway-error.ts'

export interface VariableLimitOptions {
  /** Most values in all variables of an operation, lists and objects counted with what is in them. */
  readonly maxVariableValues: number
  /** Most lists and objects within each other; those of a text or a number are 0. */
  readonly maxVariableDepth: number
}

/** Judged as they came, those with them that the operation does not declare: nothing has walked through them yet. */
export function useVariableLimits(limits: VariableLimitOptions): Plugin {
  function check(hook: {
    readonly args: Pick<ExecutionArgs, 'variableValues'>
    setResultAndStopExecution(result: ExecutionResult): void
  }): void {
    const error = excessOf(measure(hook.args.variableValues ?? {}), limits)
    if (error) hook.setResultAndStopExecution({ errors: [error] })
  }
  return { onExecute: check, onSubscribe: check }
}

interface Measure {
  readonly values: number
  readonly depth: number
}

function excessOf({ values, depth }: Measure, limits: VariableLimitOptions): GatewayError | undefined {
  const { maxVariableValues, maxVariableDepth } = limits
  if (values > maxVariableValues) return exceeded(`${maxVariableValues} values`, values, maxVariableValues)
  if (depth > maxVariableDepth) return exceeded(`${maxVariableDepth} levels of nesting`, depth, maxVariableDepth)
  return undefined
}

function exceeded(most: string, got: number, limit: number): GatewayError {
  return new GatewayError('LIMIT_EXCEEDED', `The variables: expected at most ${most}, got ${got}.`, {
    limit,
    http: { status: 400, spec: true },
  })
}

/** Without a call for each level: a client chooses how many there are. */
function measure(variables: object): Measure {
  const rest: [value: unknown, depth: number][] = [[variables, -1]]
  let values = -1
  let deepest = 0
  for (let next = rest.pop(); next; next = rest.pop()) {
    const [value, depth] = next
    values += 1
    if (typeof value !== 'object' || value === null) continue
    deepest = Math.max(deepest, depth + 1)
    for (const part of Object.values(value)) rest.push([part, depth + 1])
  }
  return { values, depth: deepest }
}
