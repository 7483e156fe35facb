import type { Argument, Class, Expression, ObjectExpression, Statement, VariableDeclaration } from 'oxc-parser'
import { type Module, place } from './module.ts'

/** What a module does when it is imported: nothing, but declare itself and, in schema/, register with the builder. */
export function importEffects(modules: readonly Module[]): string[] {
  return modules.flatMap(module => {
    const { body } = module.program
    return body
      .filter(statement => !(module.path === 'main.ts' && statement === body.at(-1)))
      .flatMap(statement => statementEffects(statement, module))
      .map(({ what, start }) => `${place(module, start)} ${what} on import`)
  })
}

interface Effect {
  readonly what: string
  readonly start: number
}

/** May be made on import: they hold, and do nothing. */
const holders: ReadonlySet<string> = new Set([
  'Map',
  'Set',
  'WeakMap',
  'WeakSet',
  'RegExp',
  'GraphQLDirective',
  'GraphQLNonNull',
])

function statementEffects(statement: Statement, module: Module): Effect[] {
  switch (statement.type) {
    case 'TSTypeAliasDeclaration':
    case 'TSInterfaceDeclaration':
    case 'TSDeclareFunction':
    case 'TSModuleDeclaration':
    case 'EmptyStatement':
    case 'FunctionDeclaration':
    case 'ExportAllDeclaration':
      return []
    case 'ImportDeclaration': {
      // A manifest imports for the registering; anywhere else such an import is for something done.
      const bare = statement.specifiers.length === 0 && module.path !== 'schema/index.ts'
      return bare ? [effect(`imports ${statement.source.value} for what it does`, statement)] : []
    }
    case 'ClassDeclaration':
      return classEffects(statement, module)
    case 'VariableDeclaration':
      return variableEffects(statement, module)
    case 'ExportNamedDeclaration':
      return statement.declaration === null ? [] : statementEffects(statement.declaration, module)
    case 'ExportDefaultDeclaration': {
      const { declaration } = statement
      if (declaration.type === 'TSInterfaceDeclaration') return []
      return expressionEffects(declaration, module)
    }
    case 'ExpressionStatement':
      return registers(statement.expression, module)
        ? expressionEffects(statement.expression, module)
        : [effect('runs a statement', statement)]
    default:
      return [effect('runs a statement', statement)]
  }
}

function variableEffects(declaration: VariableDeclaration, module: Module): Effect[] {
  if (declaration.kind !== 'const') return [effect(`keeps a ${declaration.kind} that can change`, declaration)]
  return declaration.declarations.flatMap(({ init }) => (init === null ? [] : expressionEffects(init, module)))
}

function classEffects(declared: Class, module: Module): Effect[] {
  const parts = declared.body.body.flatMap(element => {
    if (element.type === 'StaticBlock') return [effect('runs a static block', element)]
    if (element.type === 'TSIndexSignature') return []
    const key = element.computed && element.key.type !== 'PrivateIdentifier' ? [element.key] : []
    const value = element.type !== 'MethodDefinition' && element.static && element.value !== null ? [element.value] : []
    return [...key, ...value].flatMap(part => expressionEffects(part, module))
  })
  const decorators = declared.decorators.map(decorator => effect('runs a decorator', decorator))
  return [...decorators, ...(declared.superClass ? expressionEffects(declared.superClass, module) : []), ...parts]
}

function expressionEffects(expression: Expression, module: Module, within?: 'registration'): Effect[] {
  const all = (parts: readonly Expression[]) => parts.flatMap(part => expressionEffects(part, module, within))
  switch (expression.type) {
    case 'Literal':
    case 'Identifier':
    case 'MetaProperty':
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
    case 'FunctionDeclaration':
      return []
    case 'ClassDeclaration':
    case 'ClassExpression':
      return classEffects(expression, module)
    case 'TemplateLiteral':
      return all(expression.expressions)
    case 'ArrayExpression':
      return all(expression.elements.flatMap(element => (element === null ? [] : operand(element))))
    case 'ObjectExpression':
      return all(objectParts(expression))
    case 'UnaryExpression':
      return expression.operator === 'delete' ? [effect('deletes', expression)] : all([expression.argument])
    case 'BinaryExpression':
    case 'LogicalExpression':
      return all([expression.left, expression.right].filter(side => side.type !== 'PrivateIdentifier'))
    case 'ConditionalExpression':
      return all([expression.test, expression.consequent, expression.alternate])
    case 'MemberExpression':
      return all([expression.object, ...(expression.computed ? [expression.property] : [])])
    case 'ChainExpression':
    case 'ParenthesizedExpression':
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
    case 'TSTypeAssertion':
    case 'TSInstantiationExpression':
      return all([expression.expression])
    case 'NewExpression':
      return makesHolder(expression.callee, module)
        ? all(expression.arguments.map(operand))
        : [effect(`makes a new ${text(expression.callee, module)}`, expression)]
    case 'CallExpression': {
      const parts = [...calledBefore(expression.callee), ...expression.arguments.map(operand)]
      if (registers(expression, module)) return parts.flatMap(part => expressionEffects(part, module, 'registration'))
      const harmless = isHarmless(expression.callee, module) || (within && onlyMakes(expression.callee, module))
      return harmless ? all(parts) : [effect(`calls ${text(expression.callee, module)}`, expression)]
    }
    default:
      return [effect(`evaluates ${text(expression, module)}`, expression)]
  }
}

/** Of a chain of calls, what comes before the last. */
function calledBefore(expression: Expression): Expression[] {
  return expression.type === 'MemberExpression' ? [expression.object] : []
}

function objectParts(object: ObjectExpression): Expression[] {
  return object.properties.flatMap(property => {
    if (property.type === 'SpreadElement') return [property.argument]
    const key = property.computed && property.key.type !== 'PrivateIdentifier' ? [property.key as Expression] : []
    return [...key, property.value]
  })
}

function operand(argument: Argument): Expression {
  return argument.type === 'SpreadElement' ? argument.argument : argument
}

function makesHolder(made: Expression, { path }: Module): boolean {
  if (made.type !== 'Identifier') return false
  return holders.has(made.name) || (made.name === 'SchemaBuilder' && path === 'schema/builder.ts')
}

function isHarmless(called: Expression, module: Module): boolean {
  return ['Object.freeze', 'Symbol'].includes(text(called, module))
}

/** A registration may have its options made by a function of its own module that does nothing but return them. */
function onlyMakes(called: Expression, module: Module): boolean {
  if (called.type !== 'Identifier') return false
  const made = module.program.body.flatMap(statement => returned(statement, called.name))[0]
  return made !== undefined && expressionEffects(made, module).length === 0
}

function returned(statement: Statement, name: string): Expression[] {
  if (statement.type === 'FunctionDeclaration' && statement.id?.name === name) {
    const [only, ...others] = statement.body?.body ?? []
    return only?.type === 'ReturnStatement' && only.argument !== null && others.length === 0 ? [only.argument] : []
  }
  if (statement.type !== 'VariableDeclaration') return []
  return statement.declarations.flatMap(({ id, init }) => {
    const named = id.type === 'Identifier' && id.name === name && init?.type === 'ArrowFunctionExpression'
    return named && init.body.type !== 'BlockStatement' ? [init.body] : []
  })
}

/** A chain of calls that begins at Pothos's builder. */
function registers(expression: Expression, module: Module): boolean {
  if (!module.path.startsWith('schema/')) return false
  if (expression.type === 'CallExpression') return registers(expression.callee, module)
  if (expression.type === 'MemberExpression')
    return isBuilder(expression.object) || registers(expression.object, module)
  return false
}

function isBuilder(expression: Expression): boolean {
  return expression.type === 'Identifier' && expression.name === 'builder'
}

function text({ start, end }: { start: number; end: number }, { source }: Module): string {
  return source.slice(start, end)
}

function effect(what: string, { start }: { start: number }): Effect {
  return { what, start }
}
