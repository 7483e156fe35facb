import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'

interface Locked {
  readonly integrity?: string
  readonly resolved?: string
  readonly link?: boolean
  readonly inBundle?: boolean
  readonly hasInstallScript?: boolean
  readonly dev?: boolean
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

describe.each(['package-lock.json', 'bench/package-lock.json'])('%s', file => {
  test('holds each package to what the registry had: by a checksum, and from nowhere else', async () => {
    const packages = await read(file)
    expect(packages.size).toBeGreaterThan(100)
    const strays = [...packages].filter(([, { integrity, resolved, link, inBundle }]) => {
      return resolved !== undefined || link || inBundle || (integrity !== undefined && !/^sha512-/.test(integrity))
    })
    expect(strays).toEqual([])
    const unchecked = [...packages].filter(([, { integrity }]) => integrity === undefined)
    expect(unchecked.filter(one => !isOfAnotherPlatform(one))).toEqual([])
  })

  test('asks for versions, never for an address, a repository or a folder', async () => {
    const ranges = [...(await read(file, true)).values()].flatMap(locked =>
      Object.entries({ ...locked.dependencies, ...locked.devDependencies, ...locked.optionalDependencies }),
    )
    expect(ranges.length).toBeGreaterThan(100)
    expect(ranges.filter(([, range]) => !/^[\d\sx*.^~<>=|+\w-]*$/.test(range))).toEqual([])
  })

  test('lets no package run anything when it is installed, but what is known', async () => {
    const running = [...(await read(file))].filter(([, { hasInstallScript }]) => hasInstallScript)
    expect(running.map(([path]) => path).filter(path => !known.has(path))).toEqual([])
  })
})

/** Of one of the servers that the benchmark compares: it says something about versions. */
const known: ReadonlySet<string> = new Set(['node_modules/@apollo/protobufjs'])

/**
 * The programs of Biome and oxc-parser for other systems: npm left their checksums out where it did not fetch them. They
 * are for development, and nothing of them is in the package.
 */
function isOfAnotherPlatform([path, { dev, optional, os }]: readonly [string, Locked]): boolean {
  const isTheirs = /^node_modules\/@(biomejs\/cli|oxc-parser\/binding)-/.test(path)
  return isTheirs && dev === true && optional === true && os !== undefined
}

/** By their paths; the project itself, whose path is empty, only where asked for. */
async function read(file: string, withRoot = false): Promise<Map<string, Locked>> {
  const text = await readFile(new URL(`../${file}`, import.meta.url), 'utf8')
  const { packages } = JSON.parse(text) as { readonly packages: Readonly<Record<string, Locked>> }
  return new Map(Object.entries(packages).filter(([path]) => withRoot || path !== ''))
}
