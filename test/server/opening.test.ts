import { describe, expect, test } from 'vitest'
import { startIssuer } from '../auth/issuer.ts'
import { post, startTestGateway, type TestGateway } from '../gateway.ts'

/** What whoever comes by sees of it: GraphiQL's page, the schema, an answer. */
async function seenBy({ url }: TestGateway, headers: Record<string, string> = {}) {
  const address = `http://127.0.0.1:${new URL(url).port}/graphql`
  const page = await fetch(address, { headers: { ...headers, accept: 'text/html' } })
  const hasPage = page.headers.get('content-type')?.startsWith('text/html') ?? false
  await page.body?.cancel()
  const codeOf = async (query: string) =>
    (await post(address, { query }, headers)).errors?.map(({ extensions }) => extensions.code).join() ?? 'answered'
  return {
    hasPage,
    schema: await codeOf('{ __schema { queryType { name } } }'),
    state: await codeOf('{ viewer { id } }'),
  }
}

describe('what a gateway shows', () => {
  test('on a loopback address is all there is', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0')
    expect(await seenBy(gateway)).toEqual({ hasPage: true, schema: 'answered', state: 'answered' })
  })

  test('beyond it is neither the page nor the schema, also where nobody is asked for a token', async () => {
    await using gateway = await startTestGateway('--sandbox-users=0', '--host=0.0.0.0', '--insecure-no-auth')
    expect(await seenBy(gateway)).toEqual({ hasPage: false, schema: 'INTROSPECTION_DISABLED', state: 'answered' })
  })

  test('is what its flags say, wherever it is', async () => {
    const open = ['--host=0.0.0.0', '--insecure-no-auth', '--graphiql', '--introspection']
    await using opened = await startTestGateway('--sandbox-users=0', ...open)
    expect(await seenBy(opened)).toEqual({ hasPage: true, schema: 'answered', state: 'answered' })
    await using closed = await startTestGateway('--sandbox-users=0', '--graphiql=false', '--introspection=false')
    expect(await seenBy(closed)).toEqual({ hasPage: false, schema: 'INTROSPECTION_DISABLED', state: 'answered' })
  })

  test('with --oidc-issuer depends on the token', async () => {
    await using issuer = await startIssuer()
    await using gateway = await startTestGateway(
      '--sandbox-users=0',
      '--host=0.0.0.0',
      `--oidc-issuer=${issuer.url}`,
      '--oidc-audience=iam-gateway',
      '--graphiql',
      '--audit-log=none',
    )
    const by = async (...scopes: string[]) =>
      seenBy(gateway, { authorization: `Bearer ${await issuer.token({ scopes })}` })
    expect(await seenBy(gateway)).toEqual({ hasPage: true, schema: 'UNAUTHENTICATED', state: 'UNAUTHENTICATED' })
    expect(await by('read')).toEqual({ hasPage: true, schema: 'INTROSPECTION_DISABLED', state: 'answered' })
    expect(await by('introspect')).toEqual({ hasPage: true, schema: 'answered', state: 'FORBIDDEN' })
  })
})
