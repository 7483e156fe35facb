import type { Flags } from './flag.ts'
import { texts, trueOrFalse, wholeNumber } from './kind.ts'

/** What one caller may use: counted where callers are authenticated, for without that they cannot be told apart. */
export function callerFlags() {
  return {
    maxCallerOperations: {
      kind: wholeNumber('<count>', { from: 1 }),
      initial: 50,
      help: 'Most queries and mutations of one caller under way at once.',
    },
    maxCallerOperationsPerMinute: {
      kind: wholeNumber('<count>', { from: 1 }),
      initial: 1200,
      help: 'Most operations of one caller in a minute.',
    },
    maxCallerIamCallsPerMinute: {
      kind: wholeNumber('<calls>', { from: 1 }),
      initial: 6000,
      help: 'Most IAM calls of one caller in a minute.',
    },
    maxCallerSubscriptions: {
      kind: wholeNumber('<count>', { from: 1 }),
      initial: 500,
      help: 'Most subscriptions of one caller open at once.',
    },
    maxVariableValues: {
      kind: wholeNumber('<count>', { from: 1 }),
      initial: 2000,
      help: "Most values in an operation's variables, lists and objects counted with what is in them.",
    },
    maxVariableDepth: {
      kind: wholeNumber('<levels>', { from: 1 }),
      initial: 10,
      help: "Deepest nesting of an operation's variables.",
    },
    persistedOperations: {
      kind: texts('<file>', 'a path', /\S/),
      initial: [],
      help: "Manifest of operations that may be asked for by id: Apollo's or graphql-codegen's. Repeatable, or between commas.",
    },
    persistedOperationsOnly: {
      kind: trueOrFalse(),
      initial: false,
      help: 'Take no other operations than those of --persisted-operations.',
    },
  } as const satisfies Flags
}
