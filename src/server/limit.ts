import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases'
import { maxDepthPlugin } from '@escape.tech/graphql-armor-max-depth'
import { maxDirectivesPlugin } from '@escape.tech/graphql-armor-max-directives'
import { GraphQLError, type ValidationContext } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { GatewayError } from '../gateway-error.ts'

export interface LimitOptions {
  readonly maxDepth: number
  readonly maxAliases: number
  readonly maxDirectives: number
  readonly maxTokens: number
}

/** What a document may look like, on every transport: these run where both HTTP and WebSocket pass. */
export function useLimits({ maxDepth, maxAliases, maxDirectives, maxTokens }: LimitOptions): Plugin[] {
  return [
    useMaxTokens(maxTokens),
    useComparisonLimit(),
    maxDepthPlugin({ n: maxDepth, flattenFragments: true, ...reported }),
    maxAliasesPlugin({ n: maxAliases, ...reported }),
    maxDirectivesPlugin({ n: maxDirectives, ...reported }),
  ]
}

/** graphql's own parser stops there; Yoga passes it no options. */
function useMaxTokens(maxTokens: number): Plugin {
  return {
    onParse({ parseFn, setParseFn }) {
      setParseFn((source, options) => {
        try {
          return parseFn(source, { ...options, maxTokens })
        } catch (error) {
          // The parser descends into what is nested: a thousand brackets are more than the stack holds.
          if (error instanceof RangeError)
            throw new GatewayError('LIMIT_EXCEEDED', 'The document is nested too deeply.')
          if (!(error instanceof GraphQLError && /tokens\. Parsing aborted/.test(error.message))) throw error
          throw new GatewayError('LIMIT_EXCEEDED', `Document token limit of ${maxTokens} exceeded.`)
        }
      })
    },
  }
}

/** graphql stops by itself where a document has too many fields of one name, which must all be alike; it does not say so. */
function useComparisonLimit(): Plugin {
  return {
    onValidate:
      () =>
      ({ result, setResult }) => {
        const isAborted = ({ message }: Error) => message === 'Validation aborted.'
        if (!result.some(isAborted)) return
        const error = new GatewayError('LIMIT_EXCEEDED', 'The document has too many fields of the same name.')
        setResult(result.map(one => (isAborted(one) ? error : one)))
      },
  }
}

/** As validation errors like any other, beside whatever else is wrong with the document. */
const reported = {
  propagateOnRejection: false,
  onReject: [
    (context: ValidationContext | null, error: GraphQLError) =>
      context?.reportError(new GatewayError('LIMIT_EXCEEDED', error.message.replace(/^Syntax Error: /, ''))),
  ],
}
