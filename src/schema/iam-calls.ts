import type { GraphQLSchema } from 'graphql'
import type { Context } from '../context.ts'

/**
 * A field that costs IAM calls says so beside its definition, by `extensions.iamCalls`; a node type, what finding one by
 * its id costs, by `extensions.iamCallsOfId`. A field that says nothing costs nothing, and gives what its parent is.
 */
declare module 'graphql' {
  interface GraphQLFieldExtensions<_TSource, _TContext, _TArgs> {
    readonly iamCalls?: (asked: Asked<_TArgs>) => Spending
  }
  interface GraphQLObjectTypeExtensions {
    readonly iamCallsOfId?: (id: string) => Spending
    /**
     * How a node type is found by what is in its id; null where it is gone. Pothos' `builder.node` would make a promise
     * of every id that it shows.
     */
    readonly findById?: (id: string, context: Context) => Promise<object | null>
  }
}

/** What an estimate has of the context. */
export type Counting = Pick<Context, 'walkCalls'>

export interface Asked<Args> {
  /** What the field is asked of. */
  readonly parent: Things
  /** As graphql coerces them, before Pothos takes global ids apart. */
  readonly args: Args
  readonly context: Counting
  readonly schema: GraphQLSchema
}

/** Things that IAM is asked about, as far as they are known before it is asked. */
export interface Things {
  /** Which ones: things of one name are the same things, and IAM is asked for them once. */
  readonly of: string
  /** How many, at most. */
  readonly many: number
  /** The users whose credentials they are. */
  readonly owners?: Things
  /** True where IAM has told of them already, though not by their names. */
  readonly areRead?: boolean
  /** Things of one moment become known together, so that a loader asks for all of them at once. */
  readonly moment?: string
}

/** Calls that are made once in an operation, however often it asks for what they answer. */
export interface Calls {
  readonly of: string
  readonly count: number
  /** Where calls of one moment may be fewer than their sum. */
  /** Things of one kind are asked for once: what one field has asked for is missing from another's batch. */
  readonly kind?: string
  readonly batch?: { readonly moment: string; readonly cost: (count: number) => number }
  /** Each field that asks for them has a budget of its own, and what another one found leaves that whole. */
  readonly areBudgeted?: boolean
}

export interface Spending {
  readonly calls: readonly Calls[]
  readonly gives: readonly Given[]
}

export interface Given {
  readonly things: Things
  /** Where the field's type is abstract. */
  readonly typename?: string
}

export const nothing: Spending = { calls: [], gives: [] }
