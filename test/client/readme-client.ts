import type { ApolloClient } from '@apollo/client'
import type { TestGateway } from '../gateway.ts'
import { blockOf, placeSnippets, type Snippets } from '../readme.ts'

export interface ReadmeClient extends AsyncDisposable {
  readonly client: ApolloClient
  readonly snippets: Snippets
}

/** Apollo Client as whoever pasted the README's set-up has it. */
export async function readmeClient({ url }: { readonly url: string }): Promise<ReadmeClient> {
  const snippets = await placeSnippets(url)
  const { client } = await snippets.load<{ client: ApolloClient }>('apollo-client.ts')
  return {
    client,
    snippets,
    async [Symbol.asyncDispose]() {
      client.stop()
      await snippets[Symbol.asyncDispose]()
    },
  }
}

/** alice's certificate, by the README's own mutation. */
export async function disableExample({ ask }: Pick<TestGateway, 'ask'>): Promise<void> {
  const variables = JSON.parse(blockOf('variables=set-status.graphql').text) as object
  const { data } = await ask(blockOf('file=set-status.graphql').text, variables)
  if (data.setSigningCertificateStatus.__typename !== 'SetSigningCertificateStatusPayload') {
    throw new Error(`expected the status to be set, got ${JSON.stringify(data)}`)
  }
}
