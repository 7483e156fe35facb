import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { badNames, environmentReads, longModules } from './structure/convention.ts'
import { importEffects } from './structure/import-effect.ts'
import { importCycles, layerBreaches } from './structure/layer.ts'
import { parseModule, readModules } from './structure/module.ts'

const project = fileURLToPath(new URL('..', import.meta.url))
const modules = await readModules(join(project, 'src'))

test('src has modules for these rules to hold in', () => {
  expect(modules.map(({ path }) => path)).toContain('config.ts')
})

describe('layers: main → gateway → server → schema → loaders → iam', () => {
  test('hold', () => {
    expect(layerBreaches(modules)).toEqual([])
  })

  test.each([
    ['iam/user.ts', "import { createLoaders } from '../loaders/loaders.ts'"],
    ['loaders/user.ts', "import type { SchemaTypes } from '../schema/builder.ts'"],
    ['schema/user.ts', "export { createServer } from '../server/http.ts'"],
    ['schema/user.ts', "export * from '../gateway.ts'"],
    ['server/http.ts', "import { config } from '../config.ts'"],
    ['server/http.ts', "type Config = import('../config.ts').Config"],
    ['server/http.ts', "const start = () => import('../sandbox/server.ts')"],
    ['context.ts', "import { builder } from './schema/builder.ts'"],
    ['events/change.ts', "import { IamError } from '../iam/errors.ts'"],
    ['gateway-error.ts', "import { IamError } from './iam/errors.ts'"],
    ['sandbox/store.ts', "import { GatewayError } from '../gateway-error.ts'"],
    ['config/flag.ts', "import { GatewayError } from '../gateway-error.ts'"],
    ['main.ts', "import { schema } from './schema/index.ts'"],
    ['schema/user.ts', "import { IAMClient } from '@aws-sdk/client-iam'"],
    ['iam/client.ts', "import { SQSClient } from '@aws-sdk/client-sqs'"],
    ['change-feed/queue.ts', "import { IAMClient } from '@aws-sdk/client-iam'"],
    ['change-feed/queue.ts', "import { getUser } from '../iam/user.ts'"],
    ['schema/change.ts', "import { createChangeFeed } from '../change-feed/change-feed.ts'"],
    ['server/yoga.ts', "import { createClient } from '@redis/client'"],
    ['gateway.ts', "import type { Provider } from '@smithy/types'"],
    ['config.ts', "import manifest from '../package.json'"],
    ['stray/file.ts', 'export const stray = 1'],
  ])('forbid in %s: %s', (path, source) => {
    expect(layerBreaches([parseModule(path, source)])).toHaveLength(1)
  })

  test.each([
    ['main.ts', "import { config } from './config.ts'"],
    ['gateway.ts', "import { startSandbox } from './sandbox/server.ts'"],
    ['server/yoga.ts', "import { createLoaders } from '../loaders/loaders.ts'"],
    ['events/change.ts', "import type { SigningCertificate } from '../iam/model.ts'"],
    ['iam/client.ts', "import { IAMClient } from '@aws-sdk/client-iam'"],
    ['change-feed/queue.ts', "import { SQSClient } from '@aws-sdk/client-sqs'"],
    ['change-feed/queue.ts', "import { NodeHttpHandler } from '@smithy/node-http-handler'"],
    ['change-feed/message.ts', "import { readRecord } from '../events/record.ts'"],
    ['events/redis/store.ts', "import { createClient } from '@redis/client'"],
    ['sandbox/store.ts', "import { sign } from './signature.ts'"],
    ['schema/user.ts', "import DataLoader from 'dataloader'"],
  ])('allow in %s: %s', (path, source) => {
    expect(layerBreaches([parseModule(path, source)])).toEqual([])
  })

  test('refuse an import() that cannot be checked', () => {
    expect(() => parseModule('server/http.ts', 'const load = (path: string) => import(path)')).toThrow(
      'expected import() of a string',
    )
  })
})

describe('import cycles', () => {
  test('there are none', () => {
    expect(importCycles(modules)).toEqual([])
  })

  test('are found at any length, types included', () => {
    const cyclic = [
      parseModule('iam/a.ts', "import { b } from './b.ts'"),
      parseModule('iam/b.ts', "import type { C } from './c.ts'"),
      parseModule('iam/c.ts', "export { a } from './a.ts'"),
      parseModule('iam/d.ts', "import { a } from './a.ts'"),
      parseModule('iam/e.ts', "import { e } from './e.ts'"),
    ]
    expect(importCycles(cyclic)).toEqual(['iam/a.ts → iam/b.ts → iam/c.ts → iam/a.ts', 'iam/e.ts → iam/e.ts'])
  })

  test('are not seen where two ways lead to one module', () => {
    const diamond = [
      parseModule('iam/a.ts', "import './b.ts'; import './c.ts'"),
      parseModule('iam/b.ts', "import './d.ts'"),
      parseModule('iam/c.ts', "import './d.ts'"),
      parseModule('iam/d.ts', 'export {}'),
    ]
    expect(importCycles(diamond)).toEqual([])
  })
})

// prepare.mjs is not asked: it runs before anything is built, and finds npm by npm's own variable.
describe('the environment and the command line', () => {
  test('are read by config.ts alone', () => {
    expect(environmentReads(modules)).toEqual([])
  })

  test.each([
    'const level = () => process.env.LOG_LEVEL',
    "const level = () => process['env']",
    'const words = () => process.argv.slice(2)',
    'const level = () => globalThis.process.env.LOG_LEVEL',
    'const level = () => { const { env } = process; return env.LOG_LEVEL }',
    "import { env } from 'node:process'",
  ])('would be found elsewhere: %s', source => {
    expect(environmentReads([parseModule('main.ts', source)])).toHaveLength(1)
    expect(environmentReads([parseModule('config.ts', source)])).toEqual([])
  })

  test('are not what a signal or a stream is', () => {
    const source = "process.on('SIGTERM', () => process.stdout.write('bye'))"
    expect(environmentReads([parseModule('main.ts', source)])).toEqual([])
  })
})

describe('importing a module', () => {
  test('does nothing', () => {
    expect(importEffects(modules)).toEqual([])
  })

  test.each([
    ['server/http.ts', 'start()', 'runs a statement'],
    ['server/http.ts', 'await start()', 'runs a statement'],
    ['server/http.ts', 'const server = createServer()', 'calls createServer'],
    ['server/http.ts', 'export const server = { one: [await start()] }', 'evaluates await start()'],
    ['server/http.ts', 'const client = new IAMClient({})', 'makes a new IAMClient'],
    ['server/http.ts', 'const known = new Map([[1, read()]])', 'calls read'],
    ['server/http.ts', 'const all = [...read()]', 'calls read'],
    ['server/http.ts', 'const now = on ? Date.now() : 0', 'calls Date.now'],
    ['server/http.ts', 'const port = listen().port', 'calls listen'],
    ['server/http.ts', 'export default start()', 'calls start'],
    ['server/http.ts', 'let count = 0', 'keeps a let that can change'],
    ['server/http.ts', 'if (on) start()', 'runs a statement'],
    ['server/http.ts', 'for (const one of all) one()', 'runs a statement'],
    ['server/http.ts', 'class Server { static one = start() }', 'calls start'],
    ['server/http.ts', 'class Server { static { start() } }', 'runs a static block'],
    ['server/http.ts', 'class Server extends mixed(Base) {}', 'calls mixed'],
    ['server/http.ts', "import 'dotenv/config'", 'imports dotenv/config for what it does'],
    ['server/http.ts', "builder.queryField('one', one)", 'runs a statement'],
    ['schema/user.ts', "console.log('registered')", 'runs a statement'],
    ['schema/user.ts', 'builder.objectType(await read(), {})', 'evaluates await read()'],
    ['schema/user.ts', 'builder.objectType(read(), {})', 'calls read'],
    ['schema/user.ts', 'const read = () => ({}); const one = read()', 'calls read'],
    ['schema/user.ts', 'const read = () => fetch(url); builder.objectType(User, read())', 'calls read'],
    ['schema/user.ts', 'function read() { start(); return {} } builder.objectType(User, read())', 'calls read'],
    ['schema/user.ts', 'const builder = new SchemaBuilder({})', 'makes a new SchemaBuilder'],
    ['main.ts', 'main()\nexport const last = 1', 'runs a statement'],
  ])('in %s, would be found to do something: %s', (path, source, what) => {
    expect(importEffects([parseModule(path, source)])).toEqual([expect.stringMatching(`^${path}:1 `)])
    expect(importEffects([parseModule(path, source)])[0]).toContain(` ${what} on import`)
  })

  test.each([
    ['iam/user.ts', "import { one } from './one.ts'; export { two } from './two.ts'; export * from './three.ts'"],
    ['iam/user.ts', 'export interface One {}; export type Two = One; export default interface Three {}'],
    ['iam/user.ts', 'export const read = async () => start(); async function start() { await read() }'],
    ['iam/user.ts', "const codes = new Map([['a', A]]); const seen = new WeakMap(); const word = new RegExp(`^a`)"],
    ['iam/user.ts', 'export const all = Object.freeze({ ...one, [key]: -1, two: [a.b, ...c], three: a ?? b ? 1 : 2 })'],
    [
      'iam/user.ts',
      "export const words = ['a', 'b'] as const satisfies readonly string[]; const mark = Symbol('mark')",
    ],
    ['iam/user.ts', 'export class One extends Error { static kind = 1; count = start(); run() { start() } }'],
    ['schema/builder.ts', 'export const builder = new SchemaBuilder<Types>({ plugins: [One] }); builder.queryType({})'],
    ['schema/user.ts', "export const Ref = builder.objectRef<User>('User').implement({ fields: t => start(t) })"],
    ['schema/user.ts', 'builder.objectType(User, options(1)); function options(a) { return { a } }'],
    ['schema/user.ts', 'builder.objectType(User, options(1)); const options = (a) => ({ a })'],
    ['schema/index.ts', "import './user.ts'; export const schema = builder.toSchema()"],
    ['main.ts', 'async function main() {}\nvoid main()'],
  ])('in %s, may declare: %s', (path, source) => {
    expect(importEffects([parseModule(path, source)])).toEqual([])
  })

  test('does nothing in fact: a process that imports everything but main says nothing and ends by itself', async () => {
    const names = await readdir(join(project, 'dist'), { recursive: true })
    const built = names.filter(name => name.endsWith('.js'))
    const sources = modules.map(({ path }) => join(path).replace(/ts$/, 'js'))
    expect(built.sort(), 'dist is as src: npm test builds it').toEqual(sources.sort())
    const imported = built.filter(name => name !== 'main.js')
    const script = imported
      .map(name => `await import(${JSON.stringify(pathToFileURL(join(project, 'dist', name)))})`)
      .join('\n')
    const ended = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      timeout: 20_000,
    })
    expect(ended).toMatchObject({ stdout: '', stderr: '' })
  })
})

describe('modules', () => {
  test('have fewer than 300 lines', () => {
    expect(longModules(modules)).toEqual([])
    expect(longModules([parseModule('iam/user.ts', '\n'.repeat(299))])).toEqual([])
    expect(longModules([parseModule('iam/user.ts', '\n'.repeat(300))])).toEqual(['iam/user.ts has 300 lines'])
  })

  test('are named in kebab-case for what they are', async () => {
    const names = await readdir(join(project, 'src'), { recursive: true, withFileTypes: true })
    expect(badNames(names.map(({ name }) => name))).toEqual([])
  })

  test.each([
    'iam/Client.ts',
    'iam/user_page.ts',
    'utils.ts',
    'iam/cursor-helper.ts',
    'common/one.ts',
    'iam/service.ts',
  ])('may not be named %s', path => {
    expect(badNames([path])).toEqual([path])
  })

  test('may be named for IAM’s own service-specific credentials', () => {
    expect(badNames(['schema/service-specific-credential-change.ts'])).toEqual([])
  })
})
