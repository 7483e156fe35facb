import type { MetadataBearer, MiddlewareStack } from '@smithy/types'

export interface Endpoint {
  readonly url: string
  /** Whether something (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_IAM, the profile) leads elsewhere than to AWS's own. */
  readonly overridden: boolean
}

/**
 * Where a client would send a command. The SDK finds that out only on the way to the wire, so the command takes that
 * way up to the point where the endpoint is known, and no further: nothing is signed or sent.
 */
export async function endpointOf<Input extends object, Output extends MetadataBearer>(
  client: { readonly config: object; send(command: never): Promise<unknown> },
  command: { readonly middlewareStack: MiddlewareStack<Input, Output> },
): Promise<Endpoint> {
  let url: string | undefined
  command.middlewareStack.add(
    (_next, context) => async () => {
      url = context.endpointV2?.url.href
      return { response: undefined, output: { $metadata: {} } as Output }
    },
    { step: 'build', name: 'stopOnceTheEndpointIsKnown' },
  )
  await client.send(command as never)
  if (url === undefined) throw new Error('expected the SDK to resolve an endpoint, got none')
  return {
    url: url.replace(/\/$/, ''),
    overridden: 'isCustomEndpoint' in client.config && client.config.isCustomEndpoint === true,
  }
}
