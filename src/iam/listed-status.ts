import type { IamClient } from './client.ts'
import { listCredentialsOf } from './listed-credential.ts'

/**
 * A credential's status as IAM lists it now, asked anew, for a change waits for it. Undefined where IAM lists no such
 * credential. Throws IamError, or a time-out.
 */
export async function listedStatus(
  iam: IamClient,
  kind: string,
  userName: string,
  credentialId: string,
): Promise<string | undefined> {
  const options = { signal: AbortSignal.timeout(patience), urgent: true }
  const { credentials } = await listCredentialsOf(iam, kind, userName, options)
  return credentials.find(credential => credential.credentialId === credentialId)?.status
}

/** In milliseconds. */
const patience = 2_000
