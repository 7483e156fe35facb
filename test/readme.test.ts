import { execFile } from 'node:child_process'
import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { flagTable } from '../src/config.ts'
import { gatewayCodes } from '../src/gateway-error.ts'
import { startTestGateway, type TestGateway } from './gateway.ts'
import { blockOf, blocks, fileOf, placeSnippets, readBlocks, readme, tableOf } from './readme.ts'

const project = fileURLToPath(new URL('..', import.meta.url))

/** Each is run: `sh`, subscriptions and `text output=` in readme-command.test.ts, the others here. */
const kinds = [
  /^sh$/,
  /^graphql file=[\w-]+\.graphql$/,
  /^json variables=[\w-]+\.graphql$/,
  /^json policy$/,
  /^text calls=[\w-]+\.graphql$/,
  /^json cost=[\w-]+\.graphql$/,
  /^text output=serve$/,
  /^json audit$/,
  /^ts file=[\w-]+\.ts$/,
]

describe('a block of the README', () => {
  test('is of a kind that is run', () => {
    const unknown = blocks.filter(
      ({ language, marker }) => !kinds.some(kind => kind.test(`${language} ${marker}`.trim())),
    )
    expect(unknown).toEqual([])
  })

  test('is found wherever there is a fence', () => {
    const fences = readme.split('\n').filter(line => /^\s*(```|~~~)/.test(line))
    expect(blocks).toHaveLength(fences.length / 2)
    expect(readBlocks('a\n```ts file=a.ts\nb\n```\n\n```sh\nc\n```\n')).toEqual([
      { line: 2, language: 'ts', marker: 'file=a.ts', text: 'b\n' },
      { line: 6, language: 'sh', marker: '', text: 'c\n' },
    ])
  })

  test('with variables or calls has an operation that they belong to', () => {
    const operations = blocks.filter(({ language }) => language === 'graphql').map(({ marker }) => fileOf(marker))
    const belonging = blocks.flatMap(({ marker }) => /^(?:variables|calls)=(.*)$/.exec(marker)?.[1] ?? [])
    expect(operations).toEqual(expect.arrayContaining(belonging))
    expect(belonging.length).toBeGreaterThan(0)
  })
})

describe('an operation of the README', () => {
  test.each(operationFiles())('runs: %s', async file => {
    await using gateway = await startTestGateway('--sandbox-users=20')
    const answer = await gateway.ask(blockOf(`file=${file}`).text, variablesOf(file, gateway))
    expect(answer.errors).toBeUndefined()
    for (const field of Object.values<{ __typename?: string }>(answer.data)) {
      if (field.__typename !== undefined) expect(field.__typename).toMatch(/Payload$/)
    }
  })

  test.each(blocks.filter(({ marker }) => marker.startsWith('calls=')).map(({ marker }) => marker.slice(6)))(
    'costs the IAM calls that the README says: %s',
    async file => {
      await using gateway = await startTestGateway('--sandbox-users=200')
      await gateway.ask(blockOf(`file=${file}`).text, variablesOf(file, gateway))
      const counts = new Map<string, number>()
      for (const { action } of gateway.sandbox.calls) counts.set(action, (counts.get(action) ?? 0) + 1)
      const lines = [...counts].map(([action, count]) => `${count} ${action}\n`)
      expect(lines.sort().join('')).toBe(
        blockOf(`calls=${file}`)
          .text.split(/(?<=\n)/)
          .sort()
          .join(''),
      )
    },
  )
})

test('an answer of the README costs what it says', async () => {
  await using gateway = await startTestGateway('--sandbox-users=200')
  const answer = await gateway.ask(blockOf('file=dashboard.graphql').text)
  const cost = JSON.parse(blockOf('cost=dashboard.graphql').text)
  expect(answer.extensions).toEqual({ cost: { ...cost, waitedMs: expect.any(Number) } })
})

test('a line of the audit log has what the README shows', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'readme-'))
  try {
    const path = join(folder, 'audit.log')
    await using gateway = await startTestGateway('--sandbox-users=2', '--audit-log', path)
    await gateway.ask(blockOf('file=set-status.graphql').text, variablesOf('set-status.graphql', gateway))
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
    const [intent, outcome] = lines.map(line => JSON.parse(line) as Record<string, object>)
    const shown = JSON.parse(blockOf('audit').text) as Record<string, object>
    expect(Object.keys(outcome ?? {})).toEqual(Object.keys(shown))
    expect(Object.keys(outcome?.['target'] ?? {})).toEqual(Object.keys(shown['target'] ?? {}))
    expect(intent).toMatchObject({ event: 'intent', id: outcome?.['id'] })
  } finally {
    await rm(folder, { recursive: true })
  }
})

describe('the snippets of the README', () => {
  test('can be imported', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    await using snippets = await placeSnippets(gateway.url)
    const files = blocks.filter(({ language }) => language === 'ts').map(({ marker }) => fileOf(marker))
    expect((await readdir(snippets.folder)).sort()).toEqual(files.toSorted())
    for (const file of files) expect(Object.keys(await snippets.load<object>(file))).not.toEqual([])
  })

  test('have no error in their types, by this repository’s strictest compiler', async () => {
    await using snippets = await placeSnippets()
    const files = await readdir(snippets.folder)
    const options = { extends: join(project, 'tsconfig.json'), files, include: [] }
    await writeFile(join(snippets.folder, 'tsconfig.json'), JSON.stringify(options))
    const compiler = join(project, 'node_modules/typescript/bin/tsc')
    const { stdout } = await promisify(execFile)(process.execPath, [compiler, '-p', snippets.folder, '--listFilesOnly'])
    expect(stdout).toContain(files[0])
    await promisify(execFile)(process.execPath, [compiler, '-p', snippets.folder]).catch(({ stdout: complaints }) => {
      expect.fail(complaints)
    })
  })

  test('know every type that an interface of the schema stands for', async () => {
    const schema = await readFile(join(project, 'schema.graphql'), 'utf8')
    const written = [...blockOf('file=apollo-client.ts').text.matchAll(/(\w+): \[([^\]]*)\]/g)].map(
      ([, name = '', list = '']) => [name, list.match(/\w+/g)],
    )
    const interfaces = [...schema.matchAll(/^interface (\w+)/gm)].map(([, name = '']) => name)
    const types = interfaces.map(name => [
      name,
      [...schema.matchAll(new RegExp(`^type (\\w+) implements (?:\\w+ & )*${name}\\b`, 'gm'))].map(([, type]) => type),
    ])
    expect(Object.fromEntries(written)).toEqual(Object.fromEntries(types))
  })
})

describe('the README says what the code says', () => {
  test('of each flag', () => {
    expect(tableOf('Flag', 'Default', 'For', '')).toEqual(
      flagTable().map(({ flag, placeholder, initial, commands, help }) => [
        `\`${flag} ${placeholder}\``,
        initial === '' ? '' : `\`${initial}\``,
        commands.join(', '),
        help,
      ]),
    )
  })

  test('of each code of the gateway’s own', () => {
    expect(tableOf('Code', 'Meaning')).toEqual(
      Object.entries(gatewayCodes).map(([code, meaning]) => [`\`${code}\``, meaning]),
    )
  })

  test('of the IAM calls that a policy must allow, and which of them change something', async () => {
    const { Statement } = JSON.parse(blockOf('policy').text) as { Statement: { Sid: string; Action: string[] }[] }
    const allowed = new Map(Statement.map(({ Sid, Action }) => [Sid, Action]))
    const used = await iamCommands()
    expect(allowed.get('Read')).toEqual(used.filter(isReading).map(action => `iam:${action}`))
    expect(allowed.get('Change')).toEqual(used.filter(action => !isReading(action)).map(action => `iam:${action}`))
  })

  test('of files: each link leads to one', async () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = '']) => path)
    expect(links).toContain('docs/graphiql.png')
    for (const path of links) await access(join(project, path))
  })
})

/** But for subscriptions, which are run with what they tell of. */
function operationFiles(): string[] {
  return blocks
    .filter(({ language, text }) => language === 'graphql' && !text.startsWith('subscription'))
    .map(({ marker }) => fileOf(marker))
}

/** As the README has them; where it cuts a certificate short, a whole one. */
function variablesOf(file: string, { sandbox }: TestGateway): Record<string, unknown> {
  const block = blocks.find(({ marker }) => marker === `variables=${file}`)
  return JSON.parse(block?.text ?? '{}', (_key, value: unknown) =>
    typeof value === 'string' && value.includes('…') ? sandbox.example?.uploadCertificateBody : value,
  )
}

/** What src/iam imports of the SDK to send to IAM. */
async function iamCommands(): Promise<string[]> {
  const folder = join(project, 'src/iam')
  const sources = await Promise.all((await readdir(folder)).map(file => readFile(join(folder, file), 'utf8')))
  const imports = sources.flatMap(source => [...source.matchAll(/import \{([^}]*)\} from '@aws-sdk\/client-iam'/g)])
  const names = imports.flatMap(([, list = '']) => list.match(/\b\w+(?=Command\b)/g) ?? [])
  return [...new Set(names)].sort()
}

function isReading(action: string): boolean {
  return /^(Get|List)/.test(action)
}
