import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'

const project = fileURLToPath(new URL('..', import.meta.url))

export const readme = await readFile(join(project, 'README.md'), 'utf8')

/** What stands between two fences. */
export interface Block {
  /** Of the opening fence in README.md. */
  readonly line: number
  readonly language: string
  /** What follows the language: `file=dashboard.graphql`. It says what a test does with the block. */
  readonly marker: string
  readonly text: string
}

export const blocks = readBlocks(readme)

export function readBlocks(markdown: string): Block[] {
  const fences = /^```(\w*)[ \t]*(.*)\n([\s\S]*?)^```$/gm
  return [...markdown.matchAll(fences)].map(({ index, 1: language = '', 2: marker = '', 3: text = '' }) => ({
    line: markdown.slice(0, index).split('\n').length,
    language,
    marker,
    text,
  }))
}

export function blockOf(marker: string): Block {
  const block = blocks.find(one => one.marker === marker)
  if (!block) throw new Error(`expected a block in README.md with the marker ${marker}, got none`)
  return block
}

/** The rows of the table that begins with this header, cell by cell. */
export function tableOf(...header: string[]): string[][] {
  const lines = readme.split('\n')
  const start = lines.findIndex(line => line.startsWith('|') && cells(line).join('|') === header.join('|'))
  if (start < 0) throw new Error(`expected a table in README.md with the header ${header.join(', ')}, got none`)
  const length = lines.slice(start).findIndex(line => !line.startsWith('|'))
  return lines.slice(start + 2, start + length).map(cells)
}

export interface Snippets extends AsyncDisposable {
  readonly folder: string
  /** The module's exports, as whoever pasted it has them. */
  load<Module>(file: string): Promise<Module>
}

/** Every TypeScript block as a file, with the address of a gateway under test in place of the usual one. */
export async function placeSnippets(gatewayUrl = 'http://127.0.0.1:4000/graphql'): Promise<Snippets> {
  // Browsers have one, and Node from 22; with Node 20 the README says to bring one.
  if (!('WebSocket' in globalThis)) Object.assign(globalThis, { WebSocket })
  // In node_modules the packages are found, and neither git nor the linter looks.
  const parent = join(project, 'node_modules/.readme')
  await mkdir(parent, { recursive: true })
  const folder = await mkdtemp(join(parent, 'snippet-'))
  for (const { language, marker, text } of blocks) {
    if (language === 'ts') {
      await writeFile(join(folder, fileOf(marker)), text.replaceAll('127.0.0.1:4000', new URL(gatewayUrl).host))
    }
  }
  return {
    folder,
    load: file => import(/* @vite-ignore */ join(folder, file)),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

/** `file=watch.ts` is `watch.ts`. */
export function fileOf(marker: string): string {
  const [, file] = /^file=([\w.-]+)$/.exec(marker) ?? []
  if (file === undefined) throw new Error(`expected file=NAME, got ${JSON.stringify(marker)}`)
  return file
}

function cells(line: string): string[] {
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map(cell => cell.trim().replaceAll('\\|', '|'))
}
