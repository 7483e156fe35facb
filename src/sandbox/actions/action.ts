import { type Declaration, type Input, integer, readInput, text, wordedText } from '../constraint.ts'
import type { Pager } from '../marker.ts'
import type { Principal } from '../principal.ts'
import type { Api, Members, Parameters } from '../query-protocol.ts'
import type { Seeding } from '../seed/seeding.ts'
import type { Account, Kind, Row, User } from '../store.ts'

export interface Call {
  readonly account: Account
  readonly caller: Principal
  readonly page: Pager
}

/** Undefined: the operation has no output. */
export type Answer = Members | undefined

export interface Action {
  readonly declaration: Declaration
  perform(parameters: Parameters, call: Call): Answer
}

/** One that nobody signs. Its answer may depend on others than the account, and come later. */
export interface OpenAction {
  perform(parameters: Parameters, account: Account): Promise<Answer>
}

/** What one file of this folder adds to the sandbox. */
export interface ActionGroup {
  readonly api: Api
  readonly actions: Readonly<Record<string, Action>>
  readonly open?: Readonly<Record<string, OpenAction>>
  /** The rows it keeps with users, if any. */
  readonly kind?: Kind
  /** Those that a made-up user starts with. */
  seed?(user: User, seeding: Seeding): readonly Row[]
}

export function action<D extends Declaration>(
  declaration: D,
  perform: (input: Input<D>, call: Call) => Answer,
): Action {
  return { declaration, perform: (parameters, call) => perform(readInput(declaration, parameters), call) }
}

export function openAction<D extends Declaration>(
  declaration: D,
  perform: (input: Input<D>, account: Account) => Promise<Answer>,
): OpenAction {
  return { perform: async (parameters, account) => perform(readInput(declaration, parameters), account) }
}

/** From the AWS API model (IAM.md, Constraints, grade D). */
export function pageMembers() {
  return {
    Marker: text({ min: 1, max: 320, pattern: '[\\u0020-\\u00FF]+' }),
    MaxItems: integer({ min: 1, max: 1000 }),
  }
}

/** 64 where a user is made and for service-specific credentials, 128 elsewhere. */
export function userName(max: 64 | 128) {
  return wordedText(
    { min: 1, max, pattern: '[\\w+=,.@-]*' },
    'The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-',
  )
}
