import { readdir, readFile } from 'node:fs/promises'
import { join, posix, sep } from 'node:path'
import { type Program, parseSync, Visitor } from 'oxc-parser'

export interface Module {
  /** Within src, with forward slashes. */
  readonly path: string
  readonly source: string
  readonly program: Program
  /** What it imports or re-exports, types too. */
  readonly imports: readonly Import[]
}

export interface Import {
  readonly specifier: string
  /** The path within src; undefined for a package. Starts with `../` where it leaves src. */
  readonly target: string | undefined
}

export async function readModules(src: string): Promise<Module[]> {
  const names = await readdir(src, { recursive: true })
  const paths = names.filter(name => name.endsWith('.ts')).sort()
  return Promise.all(
    paths.map(async path => parseModule(path.split(sep).join('/'), await readFile(join(src, path), 'utf8'))),
  )
}

export function parseModule(path: string, source: string): Module {
  const { program, errors } = parseSync(path, source)
  if (errors[0] !== undefined) throw new SyntaxError(`${path}: ${errors[0].message}`)
  const imports = importSpecifiers(program).map(specifier => ({
    specifier,
    target: specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined,
  }))
  return { path, source, program, imports }
}

/** Where in a module something stands, for a person to find: `iam/user.ts:12`. */
export function place({ path, source }: Module, offset: number): string {
  return `${path}:${source.slice(0, offset).split('\n').length}`
}

function importSpecifiers(program: Program): string[] {
  const specifiers: string[] = []
  new Visitor({
    ImportDeclaration: ({ source }) => void specifiers.push(source.value),
    ExportAllDeclaration: ({ source }) => void specifiers.push(source.value),
    ExportNamedDeclaration: ({ source }) => void (source === null || specifiers.push(source.value)),
    TSImportType: ({ source }) => void specifiers.push(source.value),
    ImportExpression: ({ source }) => {
      if (source.type !== 'Literal' || typeof source.value !== 'string') {
        throw new SyntaxError('expected import() of a string, since no other can be checked')
      }
      specifiers.push(source.value)
    },
  }).visit(program)
  return specifiers
}
