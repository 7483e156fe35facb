import { BadEndpoint } from './iam/endpoint.ts'
import { NoCredentials } from './iam/identity.ts'

/** What kept it from starting, in one sentence for whoever started it. */
export class StartError extends Error {}

export function portTaken(port: number, flag: string) {
  return (error: unknown): never => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE')
      throw new StartError(`port ${port} is in use: choose another with ${flag}, or 0 for any free one.`)
    if (code === 'EACCES') throw new StartError(`port ${port} is not for this user: choose another with ${flag}.`)
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
      throw new StartError('the address of --host is not one of this machine.')
    }
    throw error
  }
}

export function nobodyAsks(error: unknown): never {
  if (error instanceof BadEndpoint) throw new StartError(`the configured AWS endpoint: ${error.message}.`)
  if (!(error instanceof NoCredentials)) throw error
  const reason = error.cause instanceof Error ? ` (${error.cause.message.replace(/\.$/, '')})` : ''
  throw new StartError(
    `found no AWS credentials${reason}: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or try it ` +
      'without an account by "npm start".',
  )
}
