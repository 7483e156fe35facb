import { GraphQLError, validate } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { withoutSuggestion } from './message.ts'

/** Who is shown the schema: everybody, or who proved by a token to have the scope introspect. */
export type Introspection = 'everybody' | 'scope'

/**
 * Where the schema is not for everybody, no message about a mistake names what is beside it. Of variables, which are
 * looked at on execution, useErrors sees to the same.
 */
export function useNoSuggestions(introspection: Introspection): Plugin {
  if (introspection === 'everybody') return {}
  return {
    onValidate({ setValidationFn }) {
      setValidationFn((schema, document, rules) =>
        // Not every rule of graphql's minds the option.
        validate(schema, document, rules, { hideSuggestions: true }).map(unsuggestive),
      )
    },
  }
}

function unsuggestive(error: GraphQLError): GraphQLError {
  const message = withoutSuggestion(error.message)
  const { nodes, extensions } = error
  return message === error.message ? error : new GraphQLError(message, { nodes: nodes ?? null, extensions })
}
