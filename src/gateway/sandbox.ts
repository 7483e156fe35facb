import { type AccessKey, ConfigError, type SandboxOptions } from '../config.ts'
import { RoleFileError, type Sandbox, startSandbox } from '../sandbox/server.ts'
import { portTaken } from '../start-error.ts'
import { readNamedFile } from './named-file.ts'

/** @param prefix of its flags. Throws ConfigError where its file of roles cannot be used. */
export async function startEmbedded(options: SandboxOptions & Partial<AccessKey>, prefix: string): Promise<Sandbox> {
  const flag = `--${prefix}roles`
  const { roles: path, ...others } = options
  const roles = path === undefined ? undefined : await readNamedFile(flag, path)
  return startSandbox({ ...others, roles }).catch((error: unknown) => {
    if (error instanceof RoleFileError) throw new ConfigError(`${flag}: ${path}: ${error.message}`)
    return portTaken(options.port, `--${prefix}port`)(error)
  })
}
