import type { MetadataBearer, MiddlewareStack } from '@smithy/types'

export interface Endpoint {
  readonly url: string
  /** Whether something (an option, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_IAM, the profile) leads elsewhere than AWS would. */
  readonly overridden: boolean
}

/** What is configured is no endpoint. */
export class BadEndpoint extends Error {}

interface Client {
  send(command: never, options: object): Promise<unknown>
}

interface Command<Input extends object, Output extends MetadataBearer> {
  readonly middlewareStack: MiddlewareStack<Input, Output>
}

/**
 * Where a client would send a command. `plain` is its like with `ignoreConfiguredEndpointUrls`: the SDK keeps to itself
 * what it found configured, so the two are compared. Throws BadEndpoint.
 */
export async function endpointOf<Input extends object, Output extends MetadataBearer>(
  client: Client,
  plain: Client,
  command: Command<Input, Output>,
): Promise<Endpoint> {
  const url = await urlOf(client, command)
  return { url, overridden: url !== (await urlOf(plain, command)) }
}

/**
 * The SDK finds the endpoint only on the way to the wire, so the command takes that way up to the point where it is
 * known, and no further: nothing is signed or sent.
 */
async function urlOf<Input extends object, Output extends MetadataBearer>(
  client: Client,
  command: Command<Input, Output>,
): Promise<string> {
  let url: string | undefined
  command.middlewareStack.add(
    (_next, context) => async () => {
      url = context.endpointV2?.url.href
      return { response: undefined, output: { $metadata: {} } as Output }
    },
    { step: 'build', name: 'stopOnceTheEndpointIsKnown', override: true },
  )
  // With options, so that a client that keeps the way of a command does not keep this one.
  await client.send(command as never, {}).catch((error: unknown) => {
    if (!isInvalidUrl(error)) throw error
    throw new BadEndpoint(`expected a URL that starts with http:// or https://, got ${JSON.stringify(error.input)}`)
  })
  if (url === undefined) throw new Error('expected the SDK to resolve an endpoint, got none')
  if (/^https?:/.test(url)) return url.replace(/\/$/, '')
  throw new BadEndpoint(`expected a URL that starts with http:// or https://, got ${JSON.stringify(url)}`)
}

function isInvalidUrl(error: unknown): error is Error & { readonly input: unknown } {
  return error instanceof TypeError && 'code' in error && error.code === 'ERR_INVALID_URL' && 'input' in error
}
