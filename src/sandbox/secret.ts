import { AwsError } from './error.ts'
import { secretText } from './identifier.ts'
import { type Members, Secret } from './query-protocol.ts'

/** A service that service-specific credentials are for, and what IAM issues for it. */
export interface SupportedService {
  readonly name: string
  /** A user name and password, or an API key: an alias and a secret that starts with this. */
  readonly issues: 'password' | { readonly apiKeyPrefix: string }
}

/** By name without regard to case; its own is lower case (IAM.md, grade B). */
export function supportedService(name: string): SupportedService {
  const service = services.find(service => service.name === name.toLowerCase())
  if (service !== undefined) return service
  // Not the modelled NotSupportedService (IAM.md, grades A and B).
  throw new AwsError('NoSuchEntity', `No such service ${name} is supported for Service Specific Credentials`)
}

/** What a credential is known by: without its secret, as lists show it. */
export function publicPart({ issues }: SupportedService, publicName: string): Members {
  return issues === 'password' ? { ServiceUserName: publicName } : { ServiceCredentialAlias: publicName }
}

/**
 * A new secret: 60 characters for a password (IAM.md, grade B). An API key holds its alias, as those of Bedrock seen in
 * public do; that the others' look alike, without a prefix, is a choice. Nothing here asks for a secret, so none is kept.
 */
export function secretPart({ issues }: SupportedService, publicName: string): Members {
  if (issues === 'password') return { ServicePassword: new Secret(secretText(60)) }
  const secret = Buffer.from(`${publicName}:${secretText(44)}`).toString('base64')
  return { ServiceCredentialSecret: new Secret(`${issues.apiKeyPrefix}${secret}`) }
}

/** IAM.md, Identifiers and values: the first two grade A, the others B. */
const services: readonly SupportedService[] = [
  { name: 'codecommit.amazonaws.com', issues: 'password' },
  { name: 'cassandra.amazonaws.com', issues: 'password' },
  { name: 'bedrock.amazonaws.com', issues: { apiKeyPrefix: 'ABSK' } },
  { name: 'logs.amazonaws.com', issues: { apiKeyPrefix: '' } },
  { name: 'cloudwatch.amazonaws.com', issues: { apiKeyPrefix: '' } },
  { name: 'aws-external-anthropic.amazonaws.com', issues: { apiKeyPrefix: '' } },
]
