import { readFile } from 'node:fs/promises'
import { ConfigError } from '../config.ts'

/** The text of a file that a flag names. Throws ConfigError, with the system's code. */
export async function readNamedFile(flag: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error'
    throw new ConfigError(`${flag}: ${path}: expected a file that can be read, got ${code}`)
  }
}
