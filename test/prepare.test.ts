import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const project = fileURLToPath(new URL('..', import.meta.url))

const INSTALLS = 'prepare: installing what package-lock.json lists (npm ci)\n'
const ASKED = 'npm was asked to ci --include=dev --no-audit --no-fund\n'
const BUILDS = 'prepare: building dist from src (tsc)\n'

describe('a fresh checkout', () => {
  test('is installed and built, with every word of it on stderr', async () => {
    await using checkout = await freshCheckout()
    expect(await checkout.prepare()).toEqual({ exitCode: 0, stdout: '', stderr: `${INSTALLS}${ASKED}${BUILDS}` })
    expect(await checkout.read('dist/main.js')).toContain('answer = 42')
    expect(await readdir(checkout.root)).not.toContainEqual(expect.stringMatching(/^dist\./))
  })

  test('is prepared once where two start at the same time', async () => {
    await using checkout = await freshCheckout()
    const both = await Promise.all([checkout.prepare(), checkout.prepare()])
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0])
    const said = both.map(({ stderr }) => stderr).join('')
    expect(said.split(INSTALLS)).toHaveLength(2)
    expect(said.split(BUILDS)).toHaveLength(2)
  })

  test('is not held up by a preparation that was killed', async () => {
    await using checkout = await freshCheckout()
    const killed = checkout.spawn({ FAKE_NPM: 'hang' })
    const exit = once(killed, 'exit')
    await said(killed.stderr, ASKED)
    // Its process group, so that what it had started goes with it.
    process.kill(-Number(killed.pid), 'SIGKILL')
    await exit
    expect(await checkout.prepare()).toMatchObject({ exitCode: 0, stderr: `${INSTALLS}${ASKED}${BUILDS}` })
  })

  test('ends with npm’s exit code where npm fails, and builds nothing', async () => {
    await using checkout = await freshCheckout()
    expect(await checkout.prepare({ FAKE_NPM: 'fail' })).toEqual({
      exitCode: 7,
      stdout: '',
      stderr: `${INSTALLS}${ASKED}prepare: npm ci failed with exit code 7\n`,
    })
    expect(await readdir(checkout.root)).not.toContain('dist')
    expect(await checkout.prepare()).toMatchObject({ exitCode: 0 })
  })

  test('is refused on a Node that is too old, before anything is done', async () => {
    await using checkout = await freshCheckout()
    await checkout.write('package.json', JSON.stringify({ ...manifest, engines: { node: '>=99.1' } }))
    expect(await checkout.prepare()).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `prepare: expected Node 99.1 or newer, got ${process.versions.node}\n`,
    })
    expect(await readdir(checkout.root)).not.toContain('node_modules')
  })

  test('is installed by the npm on the path where something other than npm started it', async () => {
    await using checkout = await freshCheckout()
    const other = { npm_execpath: '/usr/lib/pnpm.cjs', PATH: `${checkout.root}${delimiter}${process.env['PATH']}` }
    await checkout.write('npm', `#!${process.execPath}\nimport './npm-cli.cjs'\n`)
    await chmod(join(checkout.root, 'npm'), 0o755)
    expect(await checkout.prepare(other)).toMatchObject({ exitCode: 0, stderr: `${INSTALLS}${ASKED}${BUILDS}` })
  })
})

describe('a prepared checkout', () => {
  test('is left alone without a word', async () => {
    await using checkout = await preparedCheckout()
    const { mtimeMs } = await stat(join(checkout.root, 'dist/main.js'))
    expect(await checkout.prepare()).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    expect((await stat(join(checkout.root, 'dist/main.js'))).mtimeMs).toBe(mtimeMs)
  })

  test('is built again when a source changed', async () => {
    await using checkout = await preparedCheckout()
    await checkout.write('src/room/part.ts', 'export const part = 2\n')
    expect(await checkout.prepare()).toEqual({ exitCode: 0, stdout: '', stderr: BUILDS })
    expect(await checkout.read('dist/room/part.js')).toContain('part = 2')
    expect(await checkout.prepare()).toMatchObject({ stderr: '' })
  })

  test('is built again when a source went, and what was built from it goes too', async () => {
    await using checkout = await preparedCheckout()
    await rm(join(checkout.root, 'src/room/part.ts'))
    expect(await checkout.prepare()).toMatchObject({ exitCode: 0, stderr: BUILDS })
    expect(await readdir(join(checkout.root, 'dist'))).toEqual(['main.js'])
  })

  test.each(['tsconfig.json', 'tsconfig.build.json'])('is built again when %s changed', async path => {
    await using checkout = await preparedCheckout()
    await checkout.write(path, await checkout.read(path))
    expect(await checkout.prepare()).toMatchObject({ exitCode: 0, stderr: BUILDS })
  })

  test('keeps what was built when a source no longer compiles, and says why', async () => {
    await using checkout = await preparedCheckout()
    await checkout.write('src/main.ts', "export const answer: number = 'forty-two'\n")
    const { exitCode, stderr } = await checkout.prepare()
    expect(exitCode).not.toBe(0)
    expect(stderr).toContain('src/main.ts(1,14): error TS2322')
    expect(stderr).toContain(`prepare: tsc failed with exit code ${exitCode}\n`)
    expect(await checkout.read('dist/main.js')).toContain('answer = 42')
  })

  test('is installed again when the lock file changed, and built only where that is needed', async () => {
    await using checkout = await preparedCheckout()
    await checkout.write('package-lock.json', await checkout.read('package-lock.json'))
    expect(await checkout.prepare()).toEqual({ exitCode: 0, stdout: '', stderr: `${INSTALLS}${ASKED}` })
  })

  test('asks npm when package.json wants what the lock file does not list, and not when something else in it changed', async () => {
    await using checkout = await preparedCheckout()
    await checkout.write('package.json', JSON.stringify({ ...manifest, description: 'Another.' }))
    expect(await checkout.prepare()).toMatchObject({ stderr: '' })
    await checkout.write('package.json', JSON.stringify({ ...manifest, dependencies: { graphql: '^17.0.0' } }))
    expect(await checkout.prepare()).toMatchObject({ stderr: `${INSTALLS}${ASKED}` })
  })
})

const manifest = {
  name: 'checkout',
  version: '1.0.0',
  type: 'module',
  engines: { node: '>=20.19' },
  dependencies: { graphql: '^16.0.0' },
}

/** In npm's place: "installs" the real compiler, since all that matters here is when npm is asked and what it answers. */
const FAKE_NPM = `
const { mkdirSync, symlinkSync, rmSync, writeFileSync } = require('node:fs')
console.log('npm was asked to ' + process.argv.slice(2).join(' '))
if (process.env.FAKE_NPM === 'fail') process.exit(7)
if (process.env.FAKE_NPM === 'hang') setInterval(() => {}, 1000)
else {
  rmSync('node_modules', { recursive: true, force: true })
  mkdirSync('node_modules')
  symlinkSync(${JSON.stringify(join(project, 'node_modules/typescript'))}, 'node_modules/typescript', 'junction')
  writeFileSync('node_modules/.package-lock.json', '{}')
}
`

const files = {
  'npm-cli.cjs': FAKE_NPM,
  'package.json': JSON.stringify(manifest),
  'package-lock.json': JSON.stringify({ packages: { '': { dependencies: manifest.dependencies } } }),
  'tsconfig.json': JSON.stringify({ compilerOptions: { module: 'nodenext', strict: true, types: [] } }),
  'tsconfig.build.json': JSON.stringify({
    extends: './tsconfig.json',
    compilerOptions: { outDir: 'dist', rootDir: 'src' },
    include: ['src'],
  }),
  'src/main.ts': 'export const answer = 42\n',
  'src/room/part.ts': 'export const part = 1\n',
}

async function preparedCheckout() {
  const checkout = await freshCheckout()
  expect(await checkout.prepare()).toMatchObject({ exitCode: 0 })
  return checkout
}

async function freshCheckout() {
  const root = await mkdtemp(join(tmpdir(), 'prepare-test-'))
  const write = async (path: string, content: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
  for (const [path, content] of Object.entries(files)) await write(path, content)
  await cp(join(project, 'src/prepare.mjs'), join(root, 'src/prepare.mjs'))
  await mkdir(join(root, 'tmp'))

  const start = (extra: NodeJS.ProcessEnv = {}): ChildProcessByStdio<null, Readable, Readable> =>
    spawn(process.execPath, [join(root, 'src/prepare.mjs')], {
      env: { ...process.env, TMPDIR: join(root, 'tmp'), npm_execpath: join(root, 'npm-cli.cjs'), ...extra },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
  return {
    root,
    write,
    read: (path: string) => readFile(join(root, path), 'utf8'),
    spawn: start,
    async prepare(extra: NodeJS.ProcessEnv = {}) {
      const child = start(extra)
      const [[exitCode], stdout, stderr] = await Promise.all([
        once(child, 'exit'),
        text(child.stdout),
        text(child.stderr),
      ])
      return { exitCode, stdout, stderr }
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  }
}

async function said(stream: Readable, awaited: string): Promise<void> {
  let heard = ''
  for await (const chunk of stream) {
    heard += chunk
    if (heard.includes(awaited)) return
  }
  throw new Error(`expected ${JSON.stringify(awaited)}, heard ${JSON.stringify(heard)}`)
}
