import { ConfigError, type GatewayOptions } from '../config.ts'
import { schema } from '../schema/index.ts'
import { ManifestError, readManifests } from '../server/persisted-manifest.ts'
import type { PersistedOptions } from '../server/persisted-operation.ts'

/** Throws ConfigError where a manifest cannot be used. */
export async function readPersisted(config: GatewayOptions): Promise<PersistedOptions> {
  const documents = await readManifests(config.persistedOperations, schema).catch((error: unknown) => {
    throw error instanceof ManifestError ? new ConfigError(error.message) : error
  })
  return { documents, isOnly: config.persistedOperationsOnly }
}
