import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Expression, Visitor } from 'oxc-parser'
import { expect, test } from 'vitest'
import { tableOf } from '../readme.ts'
import { parseModule } from '../structure/module.ts'
import { attacks, tableHeader, tableRows } from './attack-table.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))

test('the README tells of each attack what is shown here', () => {
  expect(tableOf(...tableHeader)).toEqual(tableRows())
})

test('each attack has the test of its name, and each test is of an attack', async () => {
  const files = (await readdir(folder)).filter(file => file.endsWith('.test.ts') && !others.has(file))
  expect(files.sort()).toEqual(Object.keys(attacks).sort())
  for (const file of files) {
    const names = testNames(file, await readFile(`${folder}${file}`, 'utf8')).filter(name => name !== again)
    expect(names, file).toEqual(attacks[file]?.map(({ name }) => name))
  }
})

/** Of no attack: this one, and what is kept secret from everybody. */
const others: ReadonlySet<string> = new Set(['attack-table.test.ts', 'secret.test.ts'])

/** Of no attack either: network.test.ts runs itself once more, where there are the addresses that it needs. */
const again = 'this file, in a network namespace of its own'

/** `test('…')`, `test.skipIf(…)('…')`, in order. */
function testNames(path: string, source: string): string[] {
  const names: string[] = []
  new Visitor({
    CallExpression({ callee, arguments: [name] }) {
      if (isTest(callee) && name?.type === 'Literal' && typeof name.value === 'string') names.push(name.value)
    },
  }).visit(parseModule(path, source).program)
  return names
}

function isTest(callee: Expression): boolean {
  if (callee.type === 'Identifier') return callee.name === 'test'
  return callee.type === 'CallExpression' && callee.callee.type === 'MemberExpression' && isTest(callee.callee.object)
}
