import type { Overlay } from '../events/overlay.ts'
import type { IamClient } from '../iam/client.ts'
import { createServiceSpecificCredentialLoaders } from './service-specific-credential.ts'
import { createSigningCertificateLoaders } from './signing-certificate.ts'
import { createUserLoaders } from './user.ts'

/** One set for each operation: what it asks twice, it asks IAM once. */
export function createLoaders(iam: IamClient, overlay: Overlay) {
  const loaders = {
    ...createUserLoaders(iam),
    ...createSigningCertificateLoaders(iam, overlay),
    ...createServiceSpecificCredentialLoaders(iam, overlay),
  }
  return {
    ...loaders,
    /** After a change nothing read before it may be shown again. */
    clearAll() {
      for (const loader of Object.values(loaders)) loader.clearAll()
    },
  }
}

export type Loaders = ReturnType<typeof createLoaders>
