import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What some suites need beside Node. Without it they skip, so that `npm test` passes on a bare machine. */
export type Part =
  | 'aws'
  | 'cfn-lint'
  | 'chromium'
  | 'curl'
  | 'ip'
  | 'moto_server'
  | 'redis-server'
  | 'script'
  | 'unshare'

const reported = new Set<Part>()

/**
 * The part's path, for `describe.skipIf(!path)`. Where REQUIRE_ALL_PARTS=1 says that nothing may be skipped (CI), a
 * missing part is an error, so a suite cannot vanish unnoticed.
 */
export function part(name: Part): string | undefined {
  const path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter(folder => folder !== '')
    .map(folder => join(folder, name))
    .find(isExecutable)
  if (path !== undefined) return path
  if (process.env['REQUIRE_ALL_PARTS'] === '1') {
    throw new Error(`REQUIRE_ALL_PARTS=1, but there is no '${name}' on PATH`)
  }
  if (!reported.has(name)) {
    reported.add(name)
    process.stderr.write(`skipped: tests that need '${name}', which is not on PATH\n`)
  }
  return undefined
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
