/** One statement of a policy document. */
export interface Statement {
  readonly effect: 'Allow' | 'Deny'
  /** Each list is non-empty, and one of its patterns must match. */
  readonly actions: readonly RegExp[]
  readonly resources: readonly RegExp[]
  /** All must hold. */
  readonly conditions: readonly Condition[]
}

export interface Condition {
  /** In lower case, as condition keys are compared. */
  readonly key: string
  /** Any of them. */
  readonly values: readonly RegExp[]
}

export interface Question {
  /** `iam:ListUsers` */
  readonly action: string
  /** The ARN of what it is about, or `*`. */
  readonly resource: string
  /** By key in lower case. A key that is missing makes no condition hold. */
  readonly context: ReadonlyMap<string, string>
}

export type Decision = 'allowed' | 'denied' | 'explicitly denied'

/** An explicit deny goes before any allow, and what nothing allows is denied. */
export function decide(statements: readonly Statement[], question: Question): Decision {
  const effects = new Set(statements.filter(statement => applies(statement, question)).map(({ effect }) => effect))
  if (effects.has('Deny')) return 'explicitly denied'
  return effects.has('Allow') ? 'allowed' : 'denied'
}

/** `*` stands for any characters, `?` for one. Actions are compared without regard to case. */
export function wildcard(pattern: string, { ignoreCase = false } = {}): RegExp {
  const source = escaped(pattern).replace(/\\\*/g, '.*').replace(/\\\?/g, '.')
  return new RegExp(`^${source}$`, ignoreCase ? 'is' : 's')
}

export function literal(text: string): RegExp {
  return new RegExp(`^${escaped(text)}$`, 's')
}

function applies({ actions, resources, conditions }: Statement, { action, resource, context }: Question): boolean {
  return (
    matches(actions, action) && matches(resources, resource) && conditions.every(condition => holds(condition, context))
  )
}

function holds({ key, values }: Condition, context: ReadonlyMap<string, string>): boolean {
  const value = context.get(key)
  return value !== undefined && matches(values, value)
}

function matches(patterns: readonly RegExp[], text: string): boolean {
  return patterns.some(pattern => pattern.test(text))
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
