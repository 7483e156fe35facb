import type { Identity } from './iam/identity.ts'
import type { Sandbox } from './sandbox/server.ts'

/** What to tell whoever started a gateway. */
export function gatewayAnnouncement(url: string, identity: Identity, sandbox: Sandbox | undefined): string {
  const { name, endpoint: iamEndpoint, reason } = identity
  const who = reason === undefined ? name : `${name} (whose it is was not to be had: ${reason})`
  if (!sandbox) return `Open ${url}\n\nIdentity: ${who}\nIAM:      ${iamEndpoint}`
  return `Open ${url}\n\nIt serves an embedded sandbox IAM at ${sandbox.url}; for the AWS CLI or an SDK:\n\n${environmentOf(sandbox)}`
}

/** What to tell whoever started a sandbox alone. */
export function sandboxAnnouncement(sandbox: Sandbox): string {
  const { url, queueUrl } = sandbox
  const queue = `Its changes are events in the queue ${queueUrl}`
  return [`The sandbox IAM listens at ${url}`, environmentOf(sandbox), roleOf(sandbox), queue].join('\n\n')
}

/** The region under both its names: boto3, and with it version 1 of the AWS CLI, knows only the second. */
function environmentOf({ url, credentials }: Sandbox): string {
  return [
    `  export AWS_ENDPOINT_URL_IAM=${url} AWS_ENDPOINT_URL_STS=${url}`,
    '  export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1',
    `  export AWS_ACCESS_KEY_ID=${credentials.accessKeyId} AWS_SECRET_ACCESS_KEY=${credentials.secretAccessKey}`,
  ].join('\n')
}

function roleOf({ roleCredentials: { accessKeyId, secretAccessKey, sessionToken } }: Sandbox): string {
  return [
    'As a role, which has no implicit user:',
    '',
    `  export AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey}`,
    `  export AWS_SESSION_TOKEN=${sessionToken}`,
  ].join('\n')
}
