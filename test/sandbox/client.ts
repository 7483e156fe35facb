import { IAMClient, IAMServiceException } from '@aws-sdk/client-iam'
import { STSClient, STSServiceException } from '@aws-sdk/client-sts'
import type { Sandbox } from '../../src/sandbox/server.ts'

interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** The real client, asking once: what the sandbox answers is what the test sees. */
export function createIamClient(sandbox: Sandbox, credentials: Credentials = sandbox.credentials): IAMClient {
  return new IAMClient({ endpoint: sandbox.url, region: 'us-east-1', credentials: { ...credentials }, maxAttempts: 1 })
}

export function createStsClient(
  sandbox: Sandbox,
  credentials: Credentials = sandbox.credentials,
  region = 'us-east-1',
): STSClient {
  return new STSClient({ endpoint: sandbox.url, region, credentials: { ...credentials }, maxAttempts: 1 })
}

export interface Refusal {
  readonly code: string
  readonly status: number | undefined
  readonly message: string
}

/** How a call was refused: by the code on the wire, not by the SDK's name for it. */
export async function refusal(call: Promise<unknown>): Promise<Refusal> {
  try {
    await call
  } catch (error) {
    if (error instanceof IAMServiceException || error instanceof STSServiceException) {
      const code = 'Code' in error ? String(error.Code) : error.name
      return { code, status: error.$metadata.httpStatusCode, message: error.message }
    }
    throw error
  }
  throw new Error('Expected a refusal, got an answer')
}
