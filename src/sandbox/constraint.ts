import { AwsError } from './error.ts'
import type { Parameters } from './query-protocol.ts'

/**
 * A declared member of an operation's input. Reading one takes three steps, each for all members before the next: parse
 * (MalformedInput), check the declared constraints (reported together), and the refusals that IAM words on its own.
 */
export interface Member<T> {
  readonly required: boolean
  parse(name: string, value: string): T
  /** Each broken constraint as AWS words it, such as `have length less than or equal to 64`. */
  violations(value: T): string[]
  ownRefusal?(value: T): AwsError | undefined
}

export type Declaration = Readonly<Record<string, Member<unknown>>>

export type Input<D> = {
  readonly [Name in keyof D]: D[Name] extends RequiredMember<infer T>
    ? T
    : D[Name] extends Member<infer T>
      ? T | undefined
      : never
}

export interface RequiredMember<T> extends Member<T> {
  readonly required: true
}

export interface TextRule {
  readonly min: number
  readonly max: number
  /** As the AWS API model has it: matched whole, and quoted in the refusal. */
  readonly pattern?: string
}

export function text(rule: TextRule): Member<string> {
  return { required: false, parse: (_name, value) => value, violations: value => brokenTextRules(rule, value) }
}

/**
 * Text whose bad characters IAM refuses in words of its own. IAM.md knows the words, not whether they come before the
 * constraints that are reported together: a choice, they come after, when nothing else is broken.
 */
export function wordedText(rule: TextRule & { readonly pattern: string }, message: string): Member<string> {
  return {
    ...text({ min: rule.min, max: rule.max }),
    ownRefusal: value => (matches(rule.pattern, value) ? undefined : new AwsError('ValidationError', message)),
  }
}

export function integer(rule: { readonly min: number; readonly max: number }): Member<number> {
  return {
    required: false,
    parse(name, value) {
      // `1.0` and `1e0` are no integers to IAM (IAM.md, grade B).
      if (!/^-?\d+$/.test(value)) throw new AwsError('MalformedInput', `Invalid value for ${name}: expected an integer`)
      return Number(value)
    },
    violations: value => [
      ...(value < rule.min ? [`have value greater than or equal to ${rule.min}`] : []),
      ...(value > rule.max ? [`have value less than or equal to ${rule.max}`] : []),
    ],
  }
}

export function oneOf<const T extends string>(...values: readonly T[]): Member<T> {
  return {
    required: false,
    // Not yet known to be one of them: violations() says so before anybody reads the value.
    parse: (_name, value) => value as T,
    violations: value => (values.includes(value) ? [] : [`satisfy enum value set: [${values.join(', ')}]`]),
  }
}

export function flag(): Member<boolean> {
  return {
    required: false,
    parse(name, value) {
      if (value === 'true') return true
      if (value === 'false') return false
      throw new AwsError('MalformedInput', `Invalid value for ${name}: expected true or false`)
    },
    violations: () => [],
  }
}

export function required<T>(member: Member<T>): RequiredMember<T> {
  return { ...member, required: true }
}

/** Members that are not declared are ignored, as Query services do. */
export function readInput<D extends Declaration>(declaration: D, parameters: Parameters): Input<D> {
  const members = Object.entries(declaration).map(([name, member]) => read(name, member, parameters[name]))
  const violations = members.flatMap(member => member.violations)
  if (violations.length > 0) {
    const count = `${violations.length} validation error${violations.length === 1 ? '' : 's'} detected`
    throw new AwsError('ValidationError', `${count}: ${violations.join('; ')}`)
  }
  for (const member of members) {
    const refusal = member.refusal()
    if (refusal !== undefined) throw refusal
  }
  // Each value was parsed by the member of its name, and none required is missing: what Input says.
  return Object.fromEntries(members.map(member => [member.name, member.value])) as Input<D>
}

/** The declared members that were sent, as what they are: `5`, not `'5'`. What cannot be read stays as it came. */
export function sentInput(declaration: Declaration, parameters: Parameters): Readonly<Record<string, unknown>> {
  const sent = Object.entries(declaration).flatMap(([name, member]): [string, unknown][] => {
    const given = parameters[name]
    return given === undefined ? [] : [[name, parsed(member, name, given)]]
  })
  return Object.fromEntries(sent)
}

/** AWS names members as its own code does: `userName`, not `UserName`. */
export function innerName(name: string): string {
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}`
}

interface ReadMember {
  readonly name: string
  readonly value: unknown
  readonly violations: readonly string[]
  refusal(): AwsError | undefined
}

function read<T>(name: string, member: Member<T>, given: string | undefined): ReadMember {
  const at = `'${innerName(name)}' failed to satisfy constraint: Member must`
  if (given === undefined) {
    const violations = member.required ? [`Value null at ${at} not be null`] : []
    return { name, value: undefined, violations, refusal: () => undefined }
  }
  const value = member.parse(name, given)
  const violations = member.violations(value).map(broken => `Value at ${at} ${broken}`)
  return { name, value, violations, refusal: () => member.ownRefusal?.(value) }
}

function parsed(member: Member<unknown>, name: string, given: string): unknown {
  try {
    return member.parse(name, given)
  } catch (error) {
    if (error instanceof AwsError) return given
    throw error
  }
}

function brokenTextRules(rule: TextRule, value: string): string[] {
  const { min, max, pattern } = rule
  return [
    ...(value.length < min ? [`have length greater than or equal to ${min}`] : []),
    ...(value.length > max ? [`have length less than or equal to ${max}`] : []),
    ...(pattern !== undefined && !matches(pattern, value) ? [`satisfy regular expression pattern: ${pattern}`] : []),
  ]
}

function matches(pattern: string, value: string): boolean {
  return new RegExp(`^(?:${pattern})$`).test(value)
}
