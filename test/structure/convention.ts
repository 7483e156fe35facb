import { type Expression, Visitor } from 'oxc-parser'
import { type Module, place } from './module.ts'

/** The environment and the command line, wherever a module other than config.ts reads them. */
export function environmentReads(modules: readonly Module[]): string[] {
  return modules
    .filter(({ path }) => path !== 'config.ts')
    .flatMap(module => {
      const starts: number[] = []
      new Visitor({
        MemberExpression: ({ object, property, start }) => {
          const name = property.type === 'Literal' ? property.value : 'name' in property && property.name
          if (isProcess(object) && readable.has(name)) starts.push(start)
        },
        // `const { env } = process` and `const other = process`.
        VariableDeclarator: ({ init, start }) => void (init !== null && isProcess(init) && starts.push(start)),
        ImportDeclaration: ({ source, start }) => void (/^(node:)?process$/.test(source.value) && starts.push(start)),
      }).visit(module.program)
      return starts.map(start => `${place(module, start)} reads the environment or the command line`)
    })
}

export function longModules(modules: readonly Module[]): string[] {
  return modules.flatMap(({ path, source }) => {
    const lines = source.replace(/\n$/, '').split('\n').length
    return lines < 300 ? [] : [`${path} has ${lines} lines`]
  })
}

export function badNames(paths: readonly string[]): string[] {
  return paths.filter(path => {
    const names = path.replace(/\.(ts|mjs)$/, '').split('/')
    // The noun of the thing itself, as IAM calls it.
    const words = names.flatMap(name => name.replace('service-specific-credential', 'credential').split('-'))
    return names.some(name => !kebabCase.test(name)) || words.some(word => vague.test(word))
  })
}

const readable: ReadonlySet<unknown> = new Set(['env', 'argv', 'argv0', 'execArgv'])

const kebabCase = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/

const vague = /^(util|helper|common|manager|service)s?$/

function isProcess(expression: Expression): boolean {
  if (expression.type === 'Identifier') return expression.name === 'process'
  return (
    expression.type === 'MemberExpression' &&
    expression.object.type === 'Identifier' &&
    /^global(This)?$/.test(expression.object.name) &&
    expression.property.type === 'Identifier' &&
    expression.property.name === 'process'
  )
}
