import { useDeferStream } from '@graphql-yoga/plugin-defer-stream'
import {
  type DirectiveNode,
  type DocumentNode,
  type ExecutionArgs,
  GraphQLError,
  getDirectiveValues,
  getOperationAST,
  getVariableValues,
  OperationTypeNode,
  OverlappingFieldsCanBeMergedRule,
  type ValidationRule,
  visit,
} from 'graphql'
import { isAsyncIterable, type Plugin } from 'graphql-yoga'
import { GatewayError } from '../gateway-error.ts'
import { streamDirective } from '../schema/incremental.ts'
import { paced } from './incremental-pace.ts'
import { directivesIn, FewPartsRule, isIncremental, NotInSubscriptionsRule } from './incremental-rule.ts'

/**
 * @defer and @stream: an answer in parts, as the draft of August 2022 has it (`incremental: [{ data | items, path }]`),
 * over multipart/mixed, SSE and WebSocket. Elsewhere they are what the specification lets them be: a hint.
 */
export function useIncrementalDelivery(): Plugin[] {
  const inOnePiece = remembered(withoutDirectives)
  return [
    useDeferStream(),
    {
      onValidate({ params: { rules = [] }, addValidationRule }) {
        // The plugin brings a copy of graphql's rule that takes a minute over a document of 10 KB; graphql's own counts.
        const copy = rules.findIndex((rule: ValidationRule) => isCopyOf(OverlappingFieldsCanBeMergedRule, rule))
        if (copy >= 0) rules.splice(copy, 1)
        addValidationRule(NotInSubscriptionsRule)
        addValidationRule(FewPartsRule)
      },
      onExecute({ args, executeFn, setExecuteFn }) {
        if (directivesIn(args.document).length === 0) return
        if (!isQuery(args) || !takesParts((args.contextValue as Asked).request)) {
          setExecuteFn(args => executeFn({ ...args, document: inOnePiece(args.document) }))
          return
        }
        const counts = directivesIn(args.document).map(directive => initialCount(directive, args))
        const wrong = counts.find(count => count === null || (count ?? 0) < 0)
        if (wrong !== undefined) {
          const error = new GatewayError('BAD_USER_INPUT', `initialCount: expected 0 or more, got ${wrong}.`)
          return setExecuteFn(() => ({ errors: [error] }))
        }
        return {
          onExecuteDone({ result, setResult }) {
            if (isAsyncIterable(result)) setResult(paced(result))
          },
        }
      },
    },
  ]
}

function isCopyOf(rule: ValidationRule, other: ValidationRule): boolean {
  return other.name === rule.name && other !== rule
}

/** Of a WebSocket there is no request: over it every client takes parts. */
interface Asked {
  readonly request?: Request
}

/** Documents are parsed once and remembered by Yoga: whatever is asked of one is asked again. */
function remembered<Value>(ask: (document: DocumentNode) => Value): (document: DocumentNode) => Value {
  const answers = new WeakMap<DocumentNode, { readonly value: Value }>()
  return document => {
    const known = answers.get(document) ?? { value: ask(document) }
    answers.set(document, known)
    return known.value
  }
}

function withoutDirectives(document: DocumentNode): DocumentNode {
  return visit(document, { Directive: node => (isIncremental(node) ? null : undefined) })
}

/** Mutations go one after the other, and each reads anew: a part that is read beside the next one would see either. */
function isQuery({ document, operationName }: ExecutionArgs): boolean {
  return getOperationAST(document, operationName)?.operation === OperationTypeNode.QUERY
}

/**
 * Whoever names no dialect of multipart/mixed means the one of 2022; another dialect's parts would be misread. Yoga
 * prefers multipart/mixed to SSE and looks at no parameter, so that one foreign dialect is one too many.
 */
function takesParts(request: Request | undefined): boolean {
  if (!request) return true
  const ranges = (request.headers.get('accept') ?? '').toLowerCase().replaceAll(/\s/g, '').split(',')
  const offered = ranges.filter(range => /^(multipart\/mixed|text\/event-stream)(;|$)/.test(range))
  return offered.length > 0 && !offered.some(range => /;(?!deferspec=20220824)\w*spec=/.test(range))
}

/** Undefined where there is none, or where the executor will tell what is wrong with the variables. */
function initialCount(directive: DirectiveNode, args: ExecutionArgs): number | null | undefined {
  if (directive.name.value !== streamDirective.name) return undefined
  const definitions = getOperationAST(args.document, args.operationName)?.variableDefinitions ?? []
  const { coerced } = getVariableValues(args.schema, definitions, args.variableValues ?? {})
  try {
    const values = coerced && getDirectiveValues(streamDirective, { directives: [directive] }, coerced)
    return values?.['initialCount'] as number | null | undefined
  } catch (error) {
    if (error instanceof GraphQLError) return undefined
    throw error
  }
}
