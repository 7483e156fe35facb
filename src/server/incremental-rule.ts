import {
  type ASTVisitor,
  type DirectiveNode,
  type DocumentNode,
  GraphQLError,
  Kind,
  OperationTypeNode,
  type ValidationContext,
  visit,
} from 'graphql'
import { GatewayError } from '../gateway-error.ts'

/** Each makes a part of every row, and each part that is still to come takes memory: a thousand rows, ten thousand parts. */
const most = 10

export function isIncremental({ name }: DirectiveNode): boolean {
  return name.value === 'defer' || name.value === 'stream'
}

/** Documents are parsed once and remembered by Yoga: what is found in one is looked for once. */
export function directivesIn(document: DocumentNode): readonly DirectiveNode[] {
  const known = foundIn.get(document)
  if (known) return known
  const found: DirectiveNode[] = []
  visit(document, { Directive: node => void (isIncremental(node) && found.push(node)) })
  foundIn.set(document, found)
  return found
}

const foundIn = new WeakMap<DocumentNode, readonly DirectiveNode[]>()

export function FewPartsRule(context: ValidationContext): ASTVisitor {
  return {
    Document(document) {
      const { length } = directivesIn(document)
      if (length <= most) return
      context.reportError(
        new GatewayError('LIMIT_EXCEEDED', `Limit of ${most} @defer and @stream exceeded, found ${length}.`),
      )
    },
  }
}

/** The draft forbids them in subscriptions: an event is one result, and nothing would tell whose part a part is. */
export function NotInSubscriptionsRule(context: ValidationContext): ASTVisitor {
  const report = (node: DirectiveNode) => {
    const off = node.arguments?.some(
      ({ name, value }) => name.value === 'if' && value.kind === Kind.BOOLEAN && !value.value,
    )
    if (!isIncremental(node) || off) return
    const message = `Directive "@${node.name.value}" is not for subscriptions.`
    context.reportError(new GraphQLError(message, { nodes: node }))
  }
  return {
    OperationDefinition(operation) {
      if (operation.operation !== OperationTypeNode.SUBSCRIPTION) return
      for (const definition of [operation, ...context.getRecursivelyReferencedFragments(operation)]) {
        visit(definition, { Directive: report })
      }
    },
  }
}
