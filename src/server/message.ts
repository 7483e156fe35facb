import { GraphQLError } from 'graphql'

/** A variable that does not fit its type: graphql quotes it whole, and gives the reason as the original error. */
export function isVariableError(error: unknown): error is GraphQLError & { readonly originalError: Error } {
  return (
    error instanceof GraphQLError &&
    error.path === undefined &&
    error.originalError !== undefined &&
    error.message.startsWith('Variable "') &&
    error.message.endsWith(`; ${error.originalError.message}`)
  )
}

/** graphql's message without the variable, which may hold a certificate: where it does not fit, and why. */
export function variableMessage({ message, originalError }: { message: string; originalError: Error }): string {
  const reason = originalError.message
  const quoted = message.slice(0, -`; ${reason}`.length)
  const [, name = ''] = /^Variable "(\$\w+)"/.exec(quoted) ?? []
  const [, path] = / at "([\w.[\]]+)"$/.exec(quoted) ?? []
  return `Variable "${name}" got an invalid value${path === undefined ? '' : ` at "${path}"`}; ${withoutValues(reason)}`
}

/** graphql's own message without what it thinks was meant, which it ends on. */
export function withoutSuggestion(message: string): string {
  return message.replace(/ Did you mean [\s\S]+\?$/, '')
}

/**
 * graphql's own message without what it quotes of the document or of a variable, where that is longer than a name:
 * nobody needs a certificate repeated, and logs of clients keep what they are told.
 */
export function withoutValues(message: string): string {
  return message
    .replace(quotedValue, (whole, lead: string, value: string) => (value.length <= longest ? whole : `${lead}…`))
    .replace(/"[^"]*"/g, quoted => (quoted.length <= longest ? quoted : '"…"'))
}

/** Behind these words graphql prints a token or a value, up to the message's end. */
const quotedValue = /(\b(?:cannot represent [^:]*:|found|Unexpected|has invalid value) )([\s\S]+)$/

const longest = 80
