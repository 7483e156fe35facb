import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { ManifestError, readManifests } from '../../src/server/persisted-manifest.ts'
import { startTestGateway } from '../gateway.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'manifest-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function fileOf(content: unknown, name = 'manifest.json'): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const latest = '{ latestChangeId }'
const apollos = (...operations: unknown[]) => ({ format: 'apollo-persisted-query-manifest', version: 1, operations })
const operation = (id: unknown, body: unknown) => ({ id, name: 'One', type: 'query', body })

test('documents are found by their ids, in either format, in several files', async () => {
  const paths = [
    await fileOf(apollos(operation('a', latest)), 'apollo.json'),
    await fileOf({ b: 'query B { ...F } fragment F on Query { latestChangeId }', c: '{ __typename }' }, 'codegen.json'),
    await fileOf({ a: latest }, 'again.json'),
    await fileOf({}, 'empty.json'),
  ]
  expect([...(await readManifests(paths, schema)).keys()]).toEqual(['a', 'b', 'c'])
})

test('documents may ask for an answer in parts', async () => {
  const path = await fileOf({ a: '{ users { nodes { userName ... @defer { arn } } } }' })
  expect((await readManifests([path], schema)).size).toBe(1)
})

describe('a file that cannot be used is told by its path:', () => {
  test.each([
    ['no JSON', 'query {', 'expected JSON, got "query {"'],
    ['nothing', '', 'expected JSON, got ""'],
    ['a list', [latest], 'expected a JSON object, got a list'],
    ['null', null, 'expected a JSON object, got null'],
    [
      'a format of the future',
      { ...apollos(), version: 2 },
      'expected the format "apollo-persisted-query-manifest", version 1, got "apollo-persisted-query-manifest", version 2',
    ],
    [
      'another format',
      { format: 'x' },
      'expected the format "apollo-persisted-query-manifest", version 1, got "x", version undefined',
    ],
    ['no operations', { ...apollos(), operations: {} }, 'expected a list of operations, got an object'],
    ['an operation that is none', apollos('a'), 'expected each operation to be an object, got a string'],
    ['an operation without id', apollos(operation(undefined, latest)), 'expected each id to be a text, got nothing'],
    ['an id of no letters', { '': latest }, 'expected each id to be a text, got an empty one'],
    ['an operation without body', apollos(operation('a', 5)), '"a": expected a document as text, got a number'],
    ['a document of another kind', { a: { kind: 'Document' } }, '"a": expected a document as text, got an object'],
    ['two documents of one id', apollos(operation('a', latest), operation('a', '{ __typename }')), 'got two of "a"'],
    ['what does not parse', { a: '{' }, 'the operation "a": Syntax Error: Expected Name, found <EOF>.'],
    [
      'what is not in the schema',
      { a: '{ secrets }' },
      'the operation "a": Cannot query field "secrets" on type "Query".',
    ],
    ['no operation', { a: 'type A { a: Int }' }, 'the operation "a": The "A" definition is not executable.'],
  ])('%s', async (_what, content, message) => {
    const path = await fileOf(content)
    const error: unknown = await readManifests([path], schema).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ManifestError)
    expect((error as Error).message).toContain(`--persisted-operations: ${path}: `)
    expect((error as Error).message).toContain(message)
  })

  test('what is not there', async () => {
    const path = join(folder, 'missing.json')
    await expect(readManifests([path], schema)).rejects.toThrow(`${path}: expected a file that can be read, got ENOENT`)
  })
})

test('with one of them nothing starts, and the exit code is that of a wrong flag', async () => {
  const path = await fileOf({ a: '{ secrets }' })
  await expect(startTestGateway(`--persisted-operations=${path}`)).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining('Cannot query field "secrets"'),
  })
})
