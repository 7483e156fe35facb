import { AwsError } from '../error.ts'
import type { Input } from './protocol.ts'

export function requiredText(input: Input, name: string): string {
  const value = input[name]
  if (value === undefined) {
    throw new AwsError('MissingParameter', `The request must contain the parameter ${name}.`)
  }
  if (typeof value !== 'string') throw malformed(name)
  return value
}

/** A number within its range; `initial` where it is not said. */
export function integer(input: Input, name: string, range: Range, initial: number): number {
  const value = input[name] ?? initial
  if (typeof value !== 'number' || !Number.isInteger(value)) throw malformed(name)
  if (value >= range.min && value <= range.max) return value
  throw new AwsError(
    'InvalidParameterValue',
    `Value ${value} for parameter ${name} is invalid. Reason: Must be ${range.words}, if provided.`,
  )
}

/** In SQS's words for it. */
export interface Range {
  readonly min: number
  readonly max: number
  readonly words: string
}

export function names(input: Input, name: string): readonly string[] {
  const value = input[name] ?? []
  if (!Array.isArray(value) || !value.every(one => typeof one === 'string')) throw malformed(name)
  return value
}

function malformed(name: string): AwsError {
  return new AwsError('SerializationException', `Expected another type of ${name}`)
}
