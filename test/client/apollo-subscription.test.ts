import { type ApolloClient, type ApolloLink, gql } from '@apollo/client'
import { firstValueFrom, type Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { SigningCertificateChange } from '../../src/events/signing-certificate.ts'
import { type Data, startTestGateway } from '../gateway.ts'
import { disableExample, type ReadmeClient, readmeClient } from './readme-client.ts'
import { subscribed } from './subscribed.ts'

const Changes = gql`
  subscription Changes($after: ID) {
    signingCertificateStatusChanged(after: $after) {
      id
      userName
      previousStatus
      status
    }
  }
`

describe.each([
  ['a WebSocket', async ({ client }: ReadmeClient) => client],
  ['server-sent events', withServerSentEvents],
])('a subscription of Apollo Client over %s', (_transport, connect) => {
  test('tells a change that somebody else makes', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    await using apollo = await readmeClient(gateway)
    const client = await connect(apollo)
    const isSubscribed = subscribed(gateway.gateway.events)
    const change = firstValueFrom(client.subscribe<Data>({ query: Changes }))
    await isSubscribed
    await disableExample(gateway)
    expect((await change).data?.signingCertificateStatusChanged).toMatchObject({
      userName: 'alice',
      previousStatus: 'ACTIVE',
      status: 'INACTIVE',
    })
  })

  test('tells first what changed since the state was read', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    await using apollo = await readmeClient(gateway)
    const client = await connect(apollo)
    const { data } = await client.query<Data>({ query: gql('{ latestChangeId }') })
    await disableExample(gateway)
    const variables = { after: data?.latestChangeId }
    const change = await firstValueFrom(client.subscribe<Data>({ query: Changes, variables }))
    expect(change.data?.signingCertificateStatusChanged).toMatchObject({ userName: 'alice', status: 'INACTIVE' })
  })

  test('says by its code that a change is not remembered', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    await using apollo = await readmeClient(gateway)
    const client = await connect(apollo)
    const { error } = await firstValueFrom(client.subscribe({ query: Changes, variables: { after: 'another.1' } }))
    expect(error).toMatchObject({ errors: [{ extensions: { code: 'CHANGE_NOT_REMEMBERED' } }] })
  })
})

describe('the README’s watch', () => {
  test('tells a change, and Apollo’s cache follows', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    await using apollo = await readmeClient(gateway)
    const isSubscribed = subscribed(gateway.gateway.events)
    const change = firstValueFrom(await watching(apollo))
    await isSubscribed
    await disableExample(gateway)
    expect(await change).toMatchObject({ userName: 'alice', status: 'INACTIVE' })
    const certificates = Object.entries(apollo.client.extract() as object).filter(([key]) =>
      key.startsWith('SigningCertificate:'),
    )
    expect(certificates.map(([, { status }]) => status)).toEqual(['INACTIVE', 'INACTIVE'])
  })

  test('begins again where it was too slow', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2', '--remembered-changes=1')
    await using apollo = await readmeClient(gateway)
    const { events } = gateway.gateway
    const firstTime = subscribed(events)
    const change = firstValueFrom(await watching(apollo))
    await firstTime
    const secondTime = subscribed(events)
    // More at once than are remembered: the subscriber has no time to read the first before it is forgotten.
    await Promise.all(['one', 'two'].map(id => events.publish(changeOf(id))))
    await secondTime
    await disableExample(gateway)
    expect(await change).toMatchObject({ userName: 'alice', status: 'INACTIVE' })
  })

  test('ends with an error that will not pass', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2', '--max-depth=1')
    await using apollo = await readmeClient(gateway)
    await expect(firstValueFrom(await watching(apollo))).rejects.toMatchObject({
      errors: [{ extensions: { code: 'LIMIT_EXCEEDED' } }],
    })
  })
})

async function withServerSentEvents({ client, snippets }: ReadmeClient): Promise<ApolloClient> {
  const { sseLink } = await snippets.load<{ sseLink: ApolloLink }>('sse-link.ts')
  client.setLink(sseLink)
  return client
}

async function watching({ client, snippets }: ReadmeClient): Promise<Observable<Data>> {
  const { watch } = await snippets.load<{ watch: (client: ApolloClient) => Observable<Data> }>('watch.ts')
  return watch(client)
}

function changeOf(credentialId: string): SigningCertificateChange {
  return {
    kind: 'SigningCertificate',
    userName: 'alice',
    credentialId,
    previousStatus: undefined,
    status: 'Inactive',
    changedAt: new Date(),
    changedBy: undefined,
    source: 'GATEWAY',
    call: undefined,
  }
}
